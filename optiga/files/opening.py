"""The door through which files that a user named are opened to be read; and errors that tell what they are about."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, BinaryIO, ParamSpec, TypeVar

from optiga.errors import ConfigurationError, OptigaError, Reason

if TYPE_CHECKING:
    from pathlib import Path

P = ParamSpec("P")
R = TypeVar("R")

_NO_WAIT: int = getattr(os, "O_NONBLOCK", 0)
_FLAGS: int = os.O_RDONLY | _NO_WAIT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_FLAGS |= getattr(os, "O_NOCTTY", 0)
_HANDED_OVER = r"/dev/(stdin|fd/\d+|tty|null|zero|full|u?random)|/proc/(self|thread-self|\d+)(/task/\d+)?/fd/\d+"
"""What a shell has opened, the terminal, and the devices of memory, which have nobody to wait for."""
_NO_DASH = "'-' (standard input) is not supported here; " + (
    "use /dev/stdin or a file" if os.name == "posix" else "use a file"
)
_MOST_LINKS = 40
_LONGEST_NAME = 255
"""Most characters of a name of a file, on every system."""
_JSON = r"[\[{]\s*[\"\[{\]}]"
"""How an object or a list begins in JSON."""
_KINDS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def too_large(called: str, limit: int, room: str = "") -> ConfigurationError:
    """The error for a file that is too large to be read.

    :param called: what the file is to the user, with its name.
    :param limit: most bytes that are read.
    :param room: what counts where fewer bytes would be too many already, for example ``0xF1D0 has room for 140 bytes``.
    """
    said = f"{called} is too large: {room}" if room else f"{called} is larger than {limit} bytes"
    return ConfigurationError(said, hint="Check that it is the right file", reason=Reason.TOO_LARGE)


@contextmanager
def about(path: Path | str, *, is_name: bool = False) -> Iterator[None]:
    """Have errors of the block tell the path of the file that they are about, unless they tell one.

    :param is_name: whether it is what to call a content in messages, which is a path only if something is there.
    """
    try:
        yield
    except OptigaError as error:
        text = os.fspath(path)
        if not error.path and text != "-" and (not is_name or os.path.lexists(text)):
            error.path = text
        raise


@contextmanager
def at_fault(parameter: str) -> Iterator[None]:
    """Have errors of the block, or of a function that it decorates, tell the parameter at fault, unless they tell one.

    :param parameter: of the function that the user calls.
    """
    try:
        yield
    except OptigaError as error:
        error.parameter = error.parameter or parameter
        raise


def about_its(parameter: str, *, is_name: bool = False) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a decorator: errors of the function are about the file that it is given, as with :func:`about`.

    :param parameter: the function's parameter for the file.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        code = function.__code__
        place = code.co_varnames.index(parameter)

        @wraps(function)
        def called(*args: P.args, **kwargs: P.kwargs) -> R:
            path: Path | str = args[place] if place < len(args) else kwargs[parameter]  # type: ignore[assignment]
            with about(path, is_name=is_name):
                return function(*args, **kwargs)

        return called

    return decorate


def check_path(text: str, what: str, instead: str) -> None:
    """Refuse a text in place of a path that is what a file should hold: JSON, lines, more than a name can have.

    What is there by this name is a path, whatever it looks like.

    :param what: what the file holds, for messages.
    :param instead: what else can be given.
    :raises ConfigurationError: if it is no path.
    """
    is_long = any(len(part) > _LONGEST_NAME for part in re.split(r"[/\\]", text))
    if (
        (is_long or "\n" in text or (text.lstrip()[:1] in ("[", "{") and re.match(_JSON, text.lstrip())))
        and "\0" not in text
        and not os.path.lexists(text)
    ):
        raise ConfigurationError(
            f"the {what} is given as a text of {len(text)} characters, which is not a path",
            hint=f"Give {instead} or the path of a file",
            reason=Reason.WRONG_TYPE,
        )


def open_input(path: Path) -> BinaryIO:
    """Open a file to read it, without waiting for anybody to write it.

    A pipe that a shell hands over (``/dev/stdin``, ``/dev/fd/63``) is read to its end. A named pipe, a socket or
    another device than the terminal and those of memory is refused: to read it could take for ever.

    :raises OSError: if it cannot be opened, or is such; :func:`optiga.files.files.cause_of` has the words.
    :raises ValueError: if the path holds a null character.
    """
    try:
        descriptor = os.open(path, _FLAGS)
    except FileNotFoundError:
        if os.fspath(path) == "-":
            raise OSError(errno.EINVAL, _NO_DASH) from None
        raise
    try:
        _check_kind(os.fstat(descriptor).st_mode, path)
        if _NO_WAIT:
            os.set_blocking(descriptor, True)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def _check_kind(mode: int, path: Path) -> None:
    """Refuse what is neither a regular file nor handed over; a folder is refused by whoever reads it."""
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode) or _is_handed_over(path):
        return
    title = next((title for is_such, title in _KINDS if is_such(mode)), "something else")
    raise OSError(errno.EINVAL, f"it is {title}, not a file; to read from a pipe, use /dev/stdin")


def _is_handed_over(path: Path) -> bool:
    """Whether a path, or a symbolic link that it is, names what a shell has opened."""
    name = os.path.abspath(path)  # noqa: PTH100 - it follows no links
    for _ in range(_MOST_LINKS):
        if re.fullmatch(_HANDED_OVER, name):
            return True
        try:
            target = os.readlink(name)  # noqa: PTH115
        except OSError:
            return False
        name = os.path.normpath(os.path.join(os.path.dirname(name), target))  # noqa: PTH118, PTH120
    return False


def may(path: Path, mode: int) -> bool:
    """Whether this process may read, write or look into what is there, as :func:`os.access` names it."""
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)
