"""Why SQLite could not use a file. Its own words say neither which file or folder it is, nor what is forbidden."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from optiga.errors import Reason
from optiga.files.opening import may
from optiga.files.shown import shown_path
from optiga.files.sqlite_guard import reason_of

if TYPE_CHECKING:
    from pathlib import Path

_OWN_COPY = "Change the permissions, or use a file in your own folder"
_ROOM = "Delete files that you do not need, or use another disk"


class Refusal(NamedTuple):
    """Why a file cannot be used, and what to do about it."""

    cause: str
    hint: str
    reason: Reason


def refusal_of(
    path: Path, error: sqlite3.Error | OSError, otherwise: Reason = Reason.NOT_WRITABLE, *, forbidden: str = ""
) -> Refusal:
    """What is wrong with a file that SQLite or the system has refused to open, make or write.

    :param path: the file, which may not exist.
    :param otherwise: the reason where nothing is found out.
    :param forbidden: what to do where a permission is missing, for a hint; empty where another file will do.
    """
    said = reason_of(error) if isinstance(error, sqlite3.Error) else (error.strerror or str(error)).lower()
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.ENOSPC or "disk is full" in said:
        return Refusal("the disk is full", _ROOM, Reason.OUT_OF_SPACE)
    if "locked" in said:
        hint = "Wait until no other process is using it, and try again"
        return Refusal("another process is using it (database is locked)", hint, Reason.BUSY)
    if cause := _forbidden(path):
        return Refusal(
            cause, forbidden or _OWN_COPY, Reason.NOT_READABLE if "read it" in cause else Reason.NOT_WRITABLE
        )
    return Refusal(said, "Check the disk and the permissions of the file", otherwise)


def _forbidden(path: Path) -> str:
    """Which permission is missing for which file or folder; empty if none is."""
    folder = path.absolute().parent
    if os.path.lexists(path):
        if not may(path, os.R_OK):
            return "you have no permission to read it"
        if not may(path, os.W_OK):
            return _is_read_only(path) or "you have no permission to write it"
    if folder.is_dir() and not may(folder, os.W_OK | os.X_OK):
        return _is_read_only(folder) or f"you have no permission to write in the folder {shown_path(path.parent)}"
    return ""


def _is_read_only(path: Path) -> str:
    """That a file system is read-only, whatever the permissions; empty if it is not."""
    with suppress(OSError, AttributeError):  # Windows has no statvfs
        if os.statvfs(path).f_flag & os.ST_RDONLY:
            return f"the file system of {path} is read-only"
    return ""
