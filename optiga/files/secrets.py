"""Files that hold a secret: read, and looked at for who else may read or write them."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from optiga.errors import ConfigurationError, Reason
from optiga.files.files import refused
from optiga.files.opening import about_its, open_input, too_large
from optiga.files.owners import others_read, others_write
from optiga.files.shown import file_in_command

T = TypeVar("T")

_ROOT = 0


@dataclass(frozen=True, slots=True)
class SecretFile:
    """The content of a file that holds a secret.

    :param warnings: what its owner should know, one sentence each.
    """

    data: bytes = field(repr=False)
    warnings: tuple[str, ...] = ()


@about_its("path")
def read_secret(path: Path, what: str, limit: int, *, room: str = "") -> SecretFile:
    """The content of a file of a secret that the user named.

    Where the system has owners and permissions, the file that is open is looked at, not its name a second time. What
    a shell hands over (a pipe, a terminal) has no others.

    :param what: what the file is to the user, for messages, for example ``passphrase``.
    :param limit: most bytes it may have.
    :param room: as for :func:`.opening.too_large`.
    :raises ConfigurationError: if it cannot be read, is longer, belongs to another user, or others may write it.
    """
    data, warnings = _read(path, what, limit, lambda status: _look_at(path, what, status), room)
    return SecretFile(data, warnings)


@about_its("path")
def read_perhaps_secret(path: Path, what: str, limit: int) -> tuple[bytes, Callable[[str], tuple[str, ...]]]:
    """The content of a file that may hold a secret beside something else, as a certificate's may hold its key.

    :param what: what the file is to the user, for messages.
    :param limit: most bytes it may have.
    :returns: and what judges the file that was read as :func:`read_secret` does, given what the secret is.
    :raises ConfigurationError: if it cannot be read, or is longer.
    """
    data, status = _read(path, what, limit, lambda status: status)
    return data, lambda secret: _look_at(path, secret, status)


def _read(path: Path, what: str, limit: int, look: Callable[[os.stat_result], T], room: str = "") -> tuple[bytes, T]:
    """The content of a file, and what was seen of it, open, before it was read."""
    try:
        with open_input(path) as file:
            seen = look(os.fstat(file.fileno()))
            data = file.read(limit + 1)
    except ValueError:  # a null character in the path
        raise ConfigurationError(f"{str(path)!r} is not the name of a file") from None
    except OSError as error:
        raise refused(f"cannot read the {what} {path}", error, Reason.NOT_READABLE) from None
    if len(data) > limit:
        raise too_large(f"the {what} {path}", limit, room)
    return data, seen


def readers_of(path: Path, what: str) -> tuple[str, ...]:
    """What the owner of a file of a secret should know, one sentence each; nothing of one that reading refuses.

    :param what: what the file is to the user, for messages.
    """
    try:
        return _look_at(path, what, path.stat())
    except (OSError, ValueError, ConfigurationError):
        return ()


def _look_at(path: Path, what: str, status: os.stat_result) -> tuple[str, ...]:
    """Who else may use an open file, as warnings.

    :raises ConfigurationError: if another user can have put it there or changed it.
    """
    if os.name != "posix":
        return ()
    if not stat.S_ISREG(status.st_mode):  # /dev/stdin, /dev/fd/63: what the shell opened
        return ()
    name = path.lstat()
    mine = (_ROOT, os.geteuid())
    if status.st_uid not in mine or name.st_uid not in mine:
        raise ConfigurationError(
            f"the {what} {path} belongs to another user, who can change it",
            hint="Copy it into your own file",
            reason=Reason.UNSAFE,
        )
    if others_write(status):
        raise ConfigurationError(
            f"other users can write the {what} {path}",
            hint=f"Check it, then remove their permission: chmod 600 {file_in_command(path)}",
            reason=Reason.UNSAFE,
        )
    if others_read(status):
        way = "remove their permission with chmod 600"
        if status.st_uid != os.geteuid():
            way = f"it belongs to root, who can make it yours alone with chown {os.geteuid()} and chmod 600"
        return (f"other users can read the {what} {path}: {way}",)
    return ()
