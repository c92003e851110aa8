"""A journal in a folder that may not be looked into, and a journal that may only be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from optiga.files.files import is_there
from tests.support.cli.provisioned import CONFIGURATION_EXIT
from tests.support.cli.runner import Cli
from tests.support.permissions import permissions_count

NO_CLOUD = ("--ca", "root", "--no-cloud", "--journal", "kept/journal.db")


@pytest.fixture(autouse=True)
def kept(cli: Cli) -> Path:
    assert cli("ca", "init", "root", "--no-passphrase").code == 0
    folder = Path("kept")
    folder.mkdir()
    return folder


@pytest.mark.parametrize("option", [(), ("--dry-run",), ("--renew",)])
def test_a_folder_without_search(run: Cli, kept: Path, option: tuple[str, ...]) -> None:
    kept.chmod(0)
    with permissions_count():
        result = run(*NO_CLOUD, *option)
    kept.chmod(0o700)
    assert (result.code, result.out, len(result.errors)) == (CONFIGURATION_EXIT, "", 1)
    assert "permission" in result.errors[0]
    assert str(kept) in result.errors[0]
    assert list(kept.iterdir()) == []


def test_a_chip_in_such_a_folder(cli: Cli, kept: Path) -> None:
    kept.chmod(0)
    words = ("--port", "emulator:kept/chip", "provision", "second.jsn", "--ca", "root", "--no-cloud", "--dry-run")
    cli("config", "sample", "nistp256_ecdsa_secondslot", "--out", "second.jsn")
    with permissions_count():
        result = cli(*words)
    kept.chmod(0o700)
    assert (result.code, result.errors) == (0, [])
    assert "permission" in result.err


@pytest.mark.long
@pytest.mark.parametrize(("mode", "of"), [(0o400, "kept/journal.db"), (0o500, "kept")])
def test_a_journal_that_may_only_be_read(cli: Cli, run: Cli, mode: int, of: str) -> None:
    """A finished chip is told, a new key is not begun, and the journal can be shown."""
    serial = run(*NO_CLOUD, "--query", "serial").out
    before = Path("kept/journal.db").read_bytes()
    Path(of).chmod(mode)
    with permissions_count():
        assert run(*NO_CLOUD, "--query", "serial").out == serial
        refused = run(*NO_CLOUD, "--renew")
        shown = cli("journal", "show", "--history", "--journal", "kept/journal.db", "--query", "history[-1].event")
    Path("kept").chmod(0o700)
    assert (refused.code, len(refused.errors)) == (CONFIGURATION_EXIT, 1)
    assert "permission" in refused.errors[0]
    assert shown.out == "finished\n"
    assert Path("kept/journal.db").read_bytes() == before
    assert is_there(Path("kept/journal.db.seal"))
