"""What is printed on standard output, and where."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from optiga.errors import ConfigurationError, Reason, naming

if TYPE_CHECKING:
    from pathlib import Path


def is_new(path: Path) -> bool | None:
    """Whether a chip is going to be made in a file; None where that is no name of a file."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return path.parent.is_dir()
    except (OSError, ValueError):
        return None
    return False


def say(text: str, *, line_break: bool = True, colour: str | None = None) -> None:
    """Say something on standard error, whoever reads it: a disk that is full, or a reader that has left, ends no run.

    What is said is for people. What a run has done, and its exit code, do not hang on it.
    """
    with suppress(OSError, ValueError):
        click.secho(text, err=True, nl=line_break, fg=colour, color=colours())


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


def print_lines(text: str, *, line_break: bool = True) -> None:
    """Print lines of a result; nothing where the process was started with standard output closed.

    :raises ConfigurationError: if standard output does not take it, for example on a full disk.
    """
    try:
        click.echo(text, nl=line_break)
    except BrokenPipeError:
        raise
    except OSError as error:
        from optiga.files.files import cause_of, reason_of

        raise ConfigurationError(
            f"cannot write to standard output: {cause_of(error)}", reason=reason_of(error, Reason.NOT_WRITABLE)
        ) from None


def colours() -> bool | None:
    """False where the user or the terminal wants none (no-color.org); None leaves it to whether there is a terminal."""
    return False if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" else None


def takes_every_letter() -> bool:
    """Whether standard output has an encoding for all of Unicode; JSON goes without where it has not."""
    return sys.stdout is None or (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
