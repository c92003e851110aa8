"""What is printed on standard output, and where."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from optiga.cli.support.lazy import load
from optiga.errors import ConfigurationError, Reason, naming

if TYPE_CHECKING:
    from pathlib import Path


_IS_DONE = "What the command did is done: only its output is lost"
HELP_COLUMNS = 100
"""Most columns of a help text."""
_COLUMNS = 80
"""Where there is no terminal."""
_SMALLEST = 512
"""Bytes of the smallest chip's file, as :mod:`optiga.files.sqlite_guard` has it."""
_MARGIN, _LEAST_HELP_COLUMNS = 2, 30
"""Columns of a terminal that stay free, as click has them, and the fewest of a help text."""


def is_new(path: Path) -> bool | None:
    """Whether a chip is going to be made in a file; None where opening it will be refused, as far as shows."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        if path.parent.is_dir():
            return True if _may(path.parent, os.W_OK) else None
        return load("optiga.emulator.file_names:gets_folder", "optiga")(path) or None
    except (OSError, ValueError):
        return None
    is_usable = stat.S_ISREG(status.st_mode) and status.st_size >= _SMALLEST and _may(path, os.R_OK)
    return False if is_usable else None


def is_other_file(path: Path) -> bool:
    """Whether a file is there that is no chip's: opening it as a chip will be refused.

    Only for a file that this process does not have open: to close it gives up the locks on it (POSIX, fcntl).
    """
    return is_new(path) is False and not load("optiga.emulator.file_names:is_chip_file", "optiga")(path)


def _may(path: Path, mode: int) -> bool:
    return bool(load("optiga.files.opening:may", "optiga")(path, mode))


def terminal_columns() -> int:
    """Columns of the terminal: the variable COLUMNS, else the size of standard output, else 80.

    The same as :func:`shutil.get_terminal_size`, whose module loads every kind of archive for it.
    """
    with suppress(KeyError, ValueError):
        if (columns := int(os.environ["COLUMNS"])) > 0:
            return columns
    with suppress(AttributeError, OSError, ValueError):  # closed, or not a terminal
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or _COLUMNS  # type: ignore[union-attr]
    return _COLUMNS


def help_columns() -> int:
    """Columns of a help text on this terminal."""
    return max(min(terminal_columns(), HELP_COLUMNS) - _MARGIN, _LEAST_HELP_COLUMNS)


def say(text: str, *, line_break: bool = True, colour: str | None = None) -> None:
    """Say something on standard error, whoever reads it: a disk that is full, or a reader that has left, ends no run.

    What is said is for people. What a run has done, and its exit code, do not hang on it.
    """
    with suppress(OSError, ValueError):
        styled = text if colour is None else click.style(text, fg=colour)  # without a colour it would end with a reset
        click.echo(styled, err=True, nl=line_break, color=colours())


def check_standard_output(what: str) -> None:
    """Refuse what is printed alone, and cannot be had again, where standard output is closed.

    :param what: what would be lost, for example ``the public key``.
    :raises ConfigurationError: if it would be.
    """
    if sys.stdout is None:
        raise ConfigurationError(
            f"{what} cannot be printed: standard output is closed",
            hint=naming("Write it to a file with {out}"),
            reason=Reason.NOT_WRITABLE,
        )


def require_standard_output() -> None:
    """Refuse to lose what is about to be printed, where the process was started with standard output closed.

    :raises ConfigurationError: if it was.
    """
    if sys.stdout is None:
        raise ConfigurationError("cannot write to standard output: it is closed", reason=Reason.NOT_WRITABLE)


def print_lines(text: str, *, line_break: bool = True) -> None:
    """Print lines of a result.

    :raises ConfigurationError: if standard output does not take it, for example on a full disk, or is closed.
    """
    try:
        require_standard_output()
        click.echo(text, nl=line_break)
    except BrokenPipeError:
        raise
    except ConfigurationError as error:
        error.hint = _IS_DONE
        raise
    except OSError as error:
        from optiga.files.files import cause_of, reason_of

        raise ConfigurationError(
            f"cannot write to standard output: {cause_of(error)}",
            hint=_IS_DONE,
            reason=reason_of(error, Reason.NOT_WRITABLE),
        ) from None


def colours() -> bool | None:
    """False where the user or the terminal wants none (no-color.org); None leaves it to whether there is a terminal."""
    return False if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" else None


def takes_every_letter() -> bool:
    """Whether standard output has an encoding for all of Unicode; JSON goes without where it has not."""
    return sys.stdout is None or (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
