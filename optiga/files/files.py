"""Files that are read within limits, and written whole or not at all."""

from __future__ import annotations

import codecs
import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

from optiga.errors import ConfigurationError
from optiga.files.precious import check_nothing_lost
from optiga.files.temporary import Temporary

_CAUSES = {
    errno.ENOENT: "there is no such file or folder",
    errno.ENOTDIR: "a part of the path is not a folder",
    errno.EISDIR: "it is a folder",
    errno.EACCES: "permission denied",
    errno.EPERM: "not permitted",
    errno.EROFS: "the file system is read-only",
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ELOOP: "its symbolic links run in a circle",
}


def read_input(path: Path, what: str, limit: int) -> bytes:
    """The content of a file that the user named.

    :param what: what the file is to the user, for messages, for example ``configuration``.
    :param limit: most bytes it may have.
    :raises ConfigurationError: if it cannot be read or is longer.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except ValueError:  # a null character in the path
        raise ConfigurationError(f"{str(path)!r} is not the name of a file") from None
    except OSError as error:
        raise ConfigurationError(f"cannot read the {what} {path}: {cause_of(error)}") from None
    if len(data) > limit:
        raise ConfigurationError(f"the {what} {path} is larger than {limit} bytes", hint="Is it the right file?")
    return data


def is_utf16(data: bytes) -> bool:
    """Whether data are text in UTF-16, as Windows PowerShell writes it, by the mark that it begins with."""
    return data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


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


def check_folder_writable(folder: Path) -> None:
    """Make sure that files can be made in a folder, by making one.

    :raises ConfigurationError: if they cannot.
    """
    check_folder(folder)
    try:
        with Temporary(folder / ".optiga-probe", 0o600):
            pass
    except OSError as error:
        raise ConfigurationError(
            f"cannot write into {folder}: {cause_of(error)}",
            hint="Run the command in a folder of your own, or name one",
        ) from None


def check_folder(folder: Path) -> None:
    """Make sure that a folder is there.

    :raises ConfigurationError: if it is not, or is none.
    """
    if cause := _why_no_folder(folder):
        raise ConfigurationError(f"cannot write into {folder}: {cause}", hint="Make it first, or name another")


def _why_no_folder(path: Path) -> str:
    """Why something is not a folder; empty if it is one."""
    try:
        return "" if stat.S_ISDIR(path.stat().st_mode) else "it is not a folder"
    except (FileNotFoundError, ValueError):  # the latter for a null character
        return "there is no such folder"
    except OSError as error:
        return cause_of(error)


def check_output_file(path: Path, hint: str = "", *, over_keys: bool = False) -> None:
    """Make sure that a file that the user named can be written, before anything is done for its content.

    :param hint: what to do instead, where no option --out names the file.
    :param over_keys: let a file that holds a private key be replaced, for a caller who asks first.
    :raises ConfigurationError: if it is a folder or no name of a file, its folder cannot be written to, or it holds
        what nobody could get back (:mod:`.precious`).
    """
    if "\0" in str(path) or not path.name or path == Path("-"):
        raise ConfigurationError(f"{str(path)!r} names no file", hint=hint or "Name one with --out")
    try:
        kind = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        kind = stat.S_IFREG
    except OSError as error:
        raise ConfigurationError(
            f"cannot write {path}: {cause_of(error)}", hint=hint or "Name another with --out"
        ) from None
    if stat.S_ISDIR(kind):
        raise ConfigurationError(f"cannot write {path}: it is a folder", hint=hint or "Name a file in it with --out")
    check_nothing_lost(path, hint, keys=over_keys)
    if stat.S_ISREG(kind):  # into a terminal or a pipe it is written as it is
        check_folder_writable(Path(os.path.realpath(path)).parent)


def write_whole(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write a file so that it is there whole or not at all; a file of that name before it is replaced.

    What is no regular file (a terminal, a pipe) is written to as it is.

    :param mode: permissions of the file, less those that the process's umask takes away.
    :raises ConfigurationError: if it cannot be written; nothing of it is left then.
    """
    try:
        if _is_stream(path):
            with path.open("wb") as stream:
                stream.write(data)
            return
        _replace(Path(os.path.realpath(path)), data, mode)
    except ValueError:  # a null character in the path
        raise ConfigurationError(f"{str(path)!r} is not the name of a file") from None
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {cause_of(error)}") from None


def _is_stream(path: Path) -> bool:
    """Whether it is there and neither a regular file nor a folder."""
    try:
        kind = path.stat().st_mode
    except FileNotFoundError:
        return False
    return not stat.S_ISREG(kind) and not stat.S_ISDIR(kind)


def _replace(target: Path, data: bytes, mode: int) -> None:
    with Temporary(target, mode) as temporary:
        with os.fdopen(temporary.descriptor, "wb", closefd=False) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder, too, survive a power cut, where the system can promise that."""
    if hasattr(os, "O_DIRECTORY"):
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def cause_of(error: OSError) -> str:
    """Why the system refused something, in words of this tool."""
    return _CAUSES.get(error.errno or 0) or (error.strerror or str(error)).lower()
