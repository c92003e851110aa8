"""What the tests of the commands for AWS share: a command that is refused, and that has touched nothing."""

from __future__ import annotations

from pathlib import Path

from optiga.errors import ConfigurationError
from optiga.provision.entry import Entry
from optiga.provision.journal import FILE_NAME, open_journal
from optiga.testing import Cloud
from tests.support.cli.runner import NOT_AWS, Cli
from tests.support.places import CONFIG

RSA_CONFIG = CONFIG.with_name("config_2k_rsa_secondslot.jsn")
USAGE, CERTIFICATE, CLOUD = 2, 5, 6
CHIP = "emulator:chip"
"""The port of every command here: a chip in the folder of the test."""
IDENTITY_LINE = "Emulated chip: chip. Its keys are in that file and protect nothing."

_READS = ("Get", "Describe", "List", "AssumeRole")


def refused(cli: Cli, cloud: Cloud, code: int, *words: object) -> str:
    """Run a quiet command on the emulated chip that must be refused, before anything is done to chip, journal or AWS.

    :returns: its one line, without ``Error:``.
    """
    files, entries, calls = _files(), journal_entries(), len(cloud.calls)
    result = cli("--port", CHIP, "-q", *words)
    assert (result.code, result.out) == (code, ""), result
    (error,) = result.errors
    # An empty line ends a prompt.
    told = [line for line in result.err.splitlines() if line not in (error, "")]
    others = [line for line in told if not line.startswith(NOT_AWS)]
    assert all(line.startswith(IDENTITY_LINE) for line in others), result.err
    assert len(others) <= 1
    assert "Traceback" not in result.err
    assert changes(cloud, calls) == []
    assert _files() == files
    assert journal_entries() == entries
    return error.removeprefix("Error: ")


def changes(cloud: Cloud, since: int = 0) -> list[str]:
    """The calls that do more than ask."""
    return [call for call in cloud.calls[since:] if not call.startswith(_READS)]


def journal_entries(path: str = FILE_NAME) -> list[Entry]:
    """What the journal knows; nothing if there is none."""
    if not Path(path).exists():
        return []
    try:
        with open_journal(Path(path)) as journal:
            return journal.all()
    except ConfigurationError:  # damaged on purpose
        return []


def _files() -> dict[str, bytes]:
    """Every file below the folder of the test, except an empty journal."""
    found = {str(path): path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    if FILE_NAME in found and not journal_entries():
        del found[FILE_NAME]
    return found
