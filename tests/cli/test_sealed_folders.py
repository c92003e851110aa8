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
        ("export all.json", "all.json", "Name another file, or -"),
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


CHECK = "Check the permissions of the file and its folder"
OF_CA = "A CA keeps its records in its folder: get permission to read and write there"


@pytest.mark.parametrize(
    ("file", "mode", "words", "way"),
    [
        ("root/issued.db", 0, "ca list --ca root", OF_CA),
        ("root/issued.db", 0o400, "ca crl --ca root", OF_CA),
        ("root/ca.key", 0, "ca crl --ca root", CHECK),
        ("root/ca.pem", 0, "ca list --ca root", CHECK),
        ("root/records.sig", 0, "ca crl --ca root", f"cannot read .*records.sig: permission denied. {CHECK}"),
        ("personalization.db", 0, "journal show", "use another journal with --journal"),
        ("config", 0, "--csr config", CHECK),
        ("config", 0, "config check config", CHECK),
        ("config", 0, "--write config", CHECK),
        ("config", 0, "object write 0xF1D0 config", CHECK),
        ("config", 0, "ca sign config --ca root", CHECK),
        ("config", 0, "ca crl --ca root --passphrase-file config", CHECK),
        ("config", 0, "--port emulator:config info", "use a file in your own folder"),
    ],
)
def test_what_to_do_fits_the_kind_of_file(
    cli: Cli, port: str, config: Path, file: str, mode: int, words: str, way: str
) -> None:
    Path("config").write_bytes(config.read_bytes())
    assert cli("ca", "init", "root", "--no-passphrase").code == 0
    assert cli("--port", port, "provision", "config", "--ca", "root", "--no-cloud").code == 0
    before = Path(file).stat().st_mode
    Path(file).chmod(mode)
    with permissions_count():
        result = cli(*([] if "--port" in words else ["--port", port]), *words.split())
    Path(file).chmod(before)
    assert result.code in (2, 3)
    assert re.search(way, result.errors[0])
    if "own folder" not in way:
        assert "own folder" not in result.err


def test_a_crl_that_may_not_be_read_is_not_called_missing(cli: Cli) -> None:
    assert cli("ca", "init", "root", "--no-passphrase").code == 0
    Path("root/crl.pem").chmod(0)
    with permissions_count():
        result = cli("ca", "list", "--ca", "root")
    assert result.code == 0
    assert "you have no permission to read the CRL" in result.err
    assert "there is no CRL" not in result.err
