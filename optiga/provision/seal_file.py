"""The newest seal of a journal, in a small file beside it: an older copy of the journal is known by it."""

from __future__ import annotations

import json
from pathlib import Path

from optiga.errors import ConfigurationError, Reason
from optiga.files.files import is_there, read_input, write_whole
from optiga.files.opening import about
from optiga.files.sqlite_guard import check_file
from optiga.provision.chain import Seal
from optiga.provision.store import KIND

SUFFIX = ".seal"
_VERSION = 1
_LIMIT = 4096
_MODE = 0o644
"""Nobody else writes it, whatever the umask. Of a group that shares a journal, whoever may write the folder puts a file
of his own in its place, and the others must be able to read it."""


def seal_path(journal: Path) -> Path:
    """Where the seal of a journal lies."""
    return journal.parent / f"{journal.name}{SUFFIX}"  # also of what has no name, which nobody can open


def read_seal(journal: Path, *, shared: bool = False) -> tuple[int, str] | None:
    """Number and hash of the seal beside a journal; None if there is none.

    :param shared: take one of another user, as of a journal that a group may write.
    :raises ConfigurationError: if it cannot be read, is no seal, or others can have put it there.
    """
    path = seal_path(journal)
    if not shared:
        check_file(path, "the journal's seal", hint=KIND.shared, group_writes=False)
    if not is_there(path):
        return None
    try:
        value = json.loads(read_input(path, "journal's seal", _LIMIT))
        number, digest = value["number"], value["hash"]
        is_good = value["version"] == _VERSION and type(number) is int and isinstance(digest, str)
    except (ValueError, TypeError, KeyError, RecursionError):
        is_good = False
    if not is_good:
        hint = "Restore it from a backup, or delete it"
        with about(path):
            raise ConfigurationError(f"{path} is not a seal of a journal", hint=hint, reason=Reason.DAMAGED)
    return number, digest


def write_seal(journal: Path, seal: Seal, *, shared: bool = False) -> None:
    """Put a seal beside a journal, whole or not at all, in place of the one before.

    :param shared: whether a group may write the journal.
    :raises ConfigurationError: if it cannot be written.
    """
    value = {"version": _VERSION, "number": seal.number, "sealed_at": seal.sealed_at, "hash": seal.hash}
    data = (json.dumps(value) + "\n").encode("ascii")
    write_whole(seal_path(journal), data, _MODE, ours=True, whatever_umask=shared)
