"""Folders in which nobody may write: the message names the file that was asked for, and how to choose another place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from optiga.testing import Cloud
from tests.support.cli.runner import Cli
from tests.support.permissions import permissions_count


@pytest.fixture
def sealed(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, in which nobody may write."""
    folder = Path("sealed").resolve()
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.chmod(0o500)
    return folder


@pytest.mark.parametrize(
    ("words", "named", "way"),
    [
        ("export all.json", "all.json", "Name a file, or -"),
        ("--read 0xE0C2 --out z.pem", "z.pem", "--out"),
        ("object read 0xE0C2 --out z.bin", "z.bin", "--out"),
        ("random 4 --out rnd", "rnd", "--out"),
        ("pair --out secret.hex", "secret.hex", "--out"),
        ("config new foo.jsn", "foo.jsn", "Name another file"),
        ("ca init root --no-passphrase", "root", "Name another folder"),
        ("--csr {config}", "", "--out-dir"),
        ("--csr {config} --dry-run", "", "--out-dir"),
        ("--csr {config} --keep-key", "", "--out-dir"),
        ("provision {config}", "", "--out-dir"),
        ("register", "", "--out-dir"),
    ],
)
def test_the_current_folder(cli: Cli, port: str, config: Path, sealed: Path, words: str, named: str, way: str) -> None:
    with permissions_count():
        result = cli("--port", port, *words.format(config=config).split())
    (error,) = result.errors
    assert (result.code, result.out) == (2, "")
    assert re.search(rf"cannot write {re.escape(named)} in the folder " if named else "cannot write to ", error)
    assert f"{sealed}: permission denied" in error
    assert way in error.partition("permission denied")[2]


def test_the_folder_of_a_ca(cli: Cli, cloud: Cloud, port: str, config: Path) -> None:
    """Another current folder is of no use then."""
    assert cli("ca", "init", "root", "--no-passphrase").code == 0
    assert cli("--port", port, "--csr", config).code == 0
    csr = next(Path().glob("*.csr"))
    Path("root").chmod(0o500)
    for words in (("ca", "sign", csr, "--ca", "root"), ("ca", "renew", "root")):
        with permissions_count():
            result = cli(*words)
        assert result.code == 2
        assert re.search("(?i)permission", result.errors[0])
        assert "another folder" not in result.errors[0]
    with permissions_count():
        result = cli("--port", port, "provision", config, "--ca", "root", "--no-cloud", "--yes")
    assert result.code == 2
    assert "cannot write to root: permission denied. A CA keeps its records in its folder" in result.errors[0]
