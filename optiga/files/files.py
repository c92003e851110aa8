"""Files that are read within limits, and written whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from optiga.errors import ConfigurationError, Reason, naming
from optiga.files.opening import about_its, open_input, too_large
from optiga.files.placeholders import check_new_name, find_wrong_field
from optiga.files.precious import check_nothing_lost
from optiga.files.shown import shown_path
from optiga.files.temporary import Temporary

_CAUSES = {
    errno.ENOENT: "no such file or folder",
    errno.ENOTDIR: "part of the path is not a folder",
    errno.EISDIR: "it is a folder",
    errno.EACCES: "permission denied",
    errno.EPERM: "not permitted",
    errno.EROFS: "the file system is read-only",
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ELOOP: "its symbolic links form a loop",
    errno.ENXIO: "no process reads the pipe",
}
_REASONS = {
    errno.ENOENT: Reason.NOT_FOUND,
    errno.ENOTDIR: Reason.NOT_FOUND,
    errno.EISDIR: Reason.WRONG_TYPE,
    errno.EEXIST: Reason.EXISTS,
    errno.ENOSPC: Reason.OUT_OF_SPACE,
    errno.EDQUOT: Reason.OUT_OF_SPACE,
    errno.EFBIG: Reason.OUT_OF_SPACE,
}
_PERMISSIONS = "Check the permissions of the file and its folder"
_ANOTHER = "Name another folder"
_OF_THE_SYSTEM = (("/", "dev"), ("/", "proc"))
"""Where links to standard output and to what a shell has opened lie."""
_WAITS, _WAIT_S = 40, 0.1
"""How often, and how long each time, in seconds, somebody is waited for who reads a pipe."""


@about_its("path")
def read_input(path: Path, what: str, limit: int, *, room: str = "") -> bytes:
    """The content of a file that the user named.

    :param what: what the file is to the user, for messages, for example ``configuration``.
    :param limit: most bytes it may have.
    :param room: as for :func:`.opening.too_large`.
    :raises ConfigurationError: if it cannot be read or is longer.
    """
    try:
        with open_input(path) as file:
            data = file.read(limit + 1)
    except ValueError:  # a null character in the path
        raise ConfigurationError(f"{str(path)!r} is not the name of a file") from None
    except OSError as error:
        raise refused(f"cannot read the {what} {path}", error, Reason.NOT_READABLE) from None
    if len(data) > limit:
        raise too_large(f"the {what} {path}", limit, room)
    return data


def is_there(path: Path) -> bool:
    """Whether a file is there, or may be: where the system does not let it be told, reading it will say why.

    :meth:`pathlib.Path.exists` tells the one from the other until Python 3.13 only.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):  # the last for a null character
        return False
    except OSError:
        pass
    return True


@about_its("folder")
def check_folder_writable(
    folder: Path, fields: Collection[str] = (), hint: str = "", *, output: Path | None = None
) -> None:
    """Make sure that files can be made in a folder, by making one.

    :param fields: the placeholders that may stand in its name, for the message.
    :param hint: what to do where they cannot: how the user chooses another place.
    :param output: the file in it that the user named, for the message.
    :raises ConfigurationError: if they cannot.
    """
    check_folder(folder, fields)
    try:
        with Temporary(folder / ".optiga-probe", 0o600):
            pass
    except OSError as error:
        raise not_writable(folder, error, hint, output=output) from None


def not_writable(folder: Path, error: OSError, hint: str = "", *, output: Path | None = None) -> ConfigurationError:
    """The error of a folder in which the system lets no file be made.

    :param hint: what to do: how the user chooses another place.
    :param output: the file in it that the user named.
    """
    cause = cause_of(error)
    if error.errno == errno.ENOENT and not _why_no_folder(folder):
        if _is_gone(folder):
            cause = "the current folder no longer exists"
            return ConfigurationError(cause, hint="Change to another folder", reason=Reason.NOT_FOUND)
        cause = "no file can be created there"
    said = f"cannot write {f'{output} in the folder' if output else 'to'} {shown_path(folder)}: {cause}"
    reason = reason_of(error, Reason.NOT_WRITABLE)
    found = ConfigurationError(said, hint=_hint_of(error, hint or _ANOTHER), reason=reason)
    found.path = str(output or folder)
    return found


def _is_gone(folder: Path) -> bool:
    """Whether a folder is in the current one, and that has been deleted."""
    try:
        return not folder.is_absolute() and not Path.cwd()
    except FileNotFoundError:
        return True


@about_its("folder")
def check_folder(folder: Path, fields: Collection[str] = ()) -> None:
    """Make sure that a folder is there.

    :param fields: the placeholders that may stand in its name, for the message.
    :raises ConfigurationError: if it is not, or is none.
    """
    if why := _why_no_folder(folder):
        cause, reason, hint = why
        if mistake := find_wrong_field(str(folder), fields):
            hint = f"The name {mistake}"
        raise ConfigurationError(f"cannot write to {shown_path(folder)}: {cause}", hint=hint, reason=reason)


def _why_no_folder(path: Path) -> tuple[str, Reason, str] | None:
    """Why something is not a folder, in words and as a reason, and what to do; None if it is one."""
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, ValueError):  # the latter for a null character
        return "the folder does not exist", Reason.NOT_FOUND, "Create it first, or name another"
    except OSError as error:
        hint = "Check the permissions of the folders above it" if isinstance(error, PermissionError) else _ANOTHER
        return cause_of(error), reason_of(error, Reason.NOT_WRITABLE), hint
    return None if is_folder else ("it is not a folder", Reason.WRONG_TYPE, "Name a folder")


@about_its("path")
def check_output_file(path: Path, hint: str = "", *, secret: bool = False, over_keys: bool = False) -> None:
    """Make sure that a file that the user named can be written, before anything is done for its content.

    :param hint: what to do instead, where no parameter ``out`` names the file.
    :param secret: whether its content is a secret.
    :param over_keys: let a file that holds a private key be replaced, for a caller who asks first.
    :raises ConfigurationError: if it is a folder or no name of a file, :func:`write_whole` would refuse it, its folder
        cannot be written to, or it holds what nobody could get back (:mod:`.precious`).
    """
    if "\0" in str(path) or not path.name or path == Path("-"):
        reason = Reason.WRONG_TYPE if not path.name else Reason.BAD_VALUE  # a folder: ., /
        raise ConfigurationError(
            f"{str(path)!r} names no file", hint=hint or naming("Name one with {out}"), reason=reason
        )
    try:
        target = _find_target(path, secret=secret, ours=False)
    except OSError as error:
        raise ConfigurationError(
            f"cannot write {path}: {cause_of(error)}",
            hint=hint or naming("Name another with {out}"),
            reason=reason_of(error, Reason.NOT_WRITABLE),
        ) from None
    if target is None:  # into a terminal or a pipe it is written as it is
        return
    if os.path.isdir(target):  # noqa: PTH112 - what cannot be looked at is none
        raise ConfigurationError(
            f"cannot write {path}: it is a folder",
            hint=hint or naming("Name a file in it with {out}"),
            reason=Reason.WRONG_TYPE,
        )
    check_new_name(path)
    check_nothing_lost(path, hint, keys=over_keys)
    check_folder_writable(target.parent, hint=hint or naming("Name another file with {out}"), output=path)


@about_its("path")
def check_own_output(path: Path, hint: str = "") -> None:
    """Make sure that a file whose name is the tool's own is no link out of its folder, no pipe and no folder.

    :param hint: what to do instead.
    :raises ConfigurationError: if it is.
    """
    with suppress(OSError):  # writing it says why
        target = _find_target(path, secret=False, ours=True)
        if target is not None and os.path.isdir(target):  # noqa: PTH112 - what cannot be looked at is none
            raise ConfigurationError(
                f"cannot write {path}: it is a folder",
                hint=hint or "Remove it, or name another folder",
                reason=Reason.WRONG_TYPE,
            )


@about_its("path")
def write_whole(
    path: Path, data: bytes, mode: int = 0o666, *, ours: bool = False, whatever_umask: bool = False
) -> None:
    """Write a file so that it is there whole or not at all; a file of that name before it is replaced.

    No link is followed out of the folder. What the user named and is no regular file (a terminal, a pipe) is written to
    as it is, but with no secret.

    :param mode: permissions of the file, less those that the process's umask takes away; a file that only its owner
        may read is a secret.
    :param ours: whether the name is this tool's own, so that nobody can mean anything but a regular file by it.
    :param whatever_umask: let the umask take no permissions away.
    :raises ConfigurationError: if it cannot be written; nothing of it is left then.
    """
    try:
        target = _find_target(path, secret=not mode & 0o077, ours=ours)
        if target is None:
            _write_stream(path, data)
        else:
            _replace(target, data, mode, whatever_umask=whatever_umask)
    except ValueError:  # a null character in the path
        raise ConfigurationError(f"{str(path)!r} is not the name of a file") from None
    except OSError as error:
        raise refused(f"cannot write {path}", error, Reason.NOT_WRITABLE) from None


@about_its("path")
def write_new(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write a file that must not be there, whole or not at all.

    :param mode: permissions, less those that the process's umask takes away.
    :raises ConfigurationError: if there is such a file, which is as it was, or it cannot be written.
    """
    try:
        with Temporary(path, mode) as temporary:
            _fill(temporary, data)
            put_new(temporary, path)
        sync_folder(path.parent)
    except ValueError:  # a null character in the path
        raise ConfigurationError(f"{str(path)!r} is not the name of a file") from None
    except OSError as error:
        raise refused(f"cannot write {path}", error, Reason.NOT_WRITABLE) from None


def put_new(temporary: Temporary, path: Path) -> None:
    """Give a file that is written whole a name that is free.

    :raises FileExistsError: if the name is taken.
    :raises OSError: if the system refuses.
    """
    try:
        temporary.take(path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links, FAT for one: there a look before the leap must do
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from None
        temporary.replace(path)


def put_in_place(temporary: Temporary, path: Path) -> None:
    """Give a file that is written whole its name, which is the tool's own; a file of that name before it is replaced.

    :raises ConfigurationError: if the name is a link out of its folder, or no regular file's.
    :raises OSError: if the system refuses.
    """
    target = _find_target(path, secret=False, ours=True)
    temporary.replace(target or path)
    sync_folder(path.parent)


def _find_target(path: Path, *, secret: bool, ours: bool) -> Path | None:
    """The file that is written for a name: itself, or what a link in its folder leads to; None for a stream.

    :raises ConfigurationError: if the name is a link out of its folder, or a stream that is not to be written to.
    :raises OSError: if it cannot be looked at.
    """
    try:
        kind = path.stat().st_mode
    except NotADirectoryError:
        return path
    except FileNotFoundError:  # or a link that leads nowhere yet
        kind = stat.S_IFREG
    is_link = path.is_symlink()
    if stat.S_ISREG(kind) and is_link and path.absolute().parts[:2] not in _OF_THE_SYSTEM:
        target = Path(os.path.realpath(path))
        if target.parent != Path(os.path.realpath(path.parent)):
            raise ConfigurationError(
                f"cannot write {path}: it is a symbolic link to {target}, outside its folder",
                hint=f"Remove it{'' if ours else ', or name the file that the link points to'}",
                reason=Reason.UNSAFE,
            )
        return target
    if stat.S_ISDIR(kind) or (stat.S_ISREG(kind) and not is_link):
        return path
    if secret or ours:
        what = "it is not a regular file" + (": a secret must not be written to it" if secret else "")
        raise ConfigurationError(
            f"cannot write {path}: {what}", hint="Remove it" if ours else "Name a file", reason=Reason.WRONG_TYPE
        )
    return None


def _write_stream(path: Path, data: bytes) -> None:
    """Write to a terminal or a pipe; a pipe that nobody reads is waited for a little.

    ``/dev/stdout`` may be a file that a shell has opened: what it holds already stays.
    """
    flags = os.O_WRONLY | os.O_APPEND
    for name in ("O_NONBLOCK", "O_BINARY", "O_CLOEXEC"):
        flags |= getattr(os, name, 0)
    for attempt in range(_WAITS + 1):
        try:
            descriptor = os.open(path, flags)
            break
        except OSError as error:
            if error.errno != errno.ENXIO or attempt == _WAITS:
                raise
            time.sleep(_WAIT_S)
    if hasattr(os, "set_blocking"):
        os.set_blocking(descriptor, True)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)


def _replace(target: Path, data: bytes, mode: int, *, whatever_umask: bool) -> None:
    with Temporary(target, mode) as temporary:
        if whatever_umask:
            with suppress(OSError, AttributeError):  # Windows has none
                os.fchmod(temporary.descriptor, mode)
        _fill(temporary, data)
        temporary.replace(target)
    sync_folder(target.parent)


def _fill(temporary: Temporary, data: bytes) -> None:
    with os.fdopen(temporary.descriptor, "wb", closefd=False) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Have the names in a folder, too, survive a power cut, where the system can promise that."""
    if hasattr(os, "O_DIRECTORY"):
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def reason_of(error: OSError, otherwise: Reason) -> Reason:
    """What kind of fault it is that the system refused something.

    :param otherwise: where its error number says nothing more.
    """
    return _REASONS.get(error.errno or 0, otherwise)


def _hint_of(error: OSError, hint: str) -> str:
    """What to do where the system lets nothing be written in a folder.

    :param hint: how the user chooses another place.
    """
    if reason_of(error, Reason.NOT_WRITABLE) is Reason.OUT_OF_SPACE:
        return naming("Delete files that you do not need. {hint}", hint=hint)
    return hint


def refused(said: str, error: OSError, otherwise: Reason) -> ConfigurationError:
    """The error of a file or folder that the system has refused.

    :param said: what could not be done, and with which file.
    :param otherwise: the reason where the error number says nothing more.
    """
    hint = _PERMISSIONS if isinstance(error, PermissionError) else ""
    return ConfigurationError(f"{said}: {cause_of(error)}", hint=hint, reason=reason_of(error, otherwise))


def cause_of(error: OSError) -> str:
    """Why the system refused something, in words of this tool."""
    return _CAUSES.get(error.errno or 0) or (error.strerror or str(error)).lower()
