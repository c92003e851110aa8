"""What is printed on standard output, and where."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from optiga.cli.support.lazy import load
from optiga.errors import ConfigurationError, Reason, naming

if TYPE_CHECKING:
    from pathlib import Path

_ALIKE = 0.75


def is_new(path: Path) -> bool | None:
    """Whether a chip is going to be made in a file; None where that is no name of a file."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return path.parent.is_dir()
    except (OSError, ValueError):
        return None
    return False


def chip_like(path: Path) -> str:
    """The name of another emulated chip beside a file, which is written like it; empty if there is none.

    Names that differ in digits alone are those of a series.
    """
    word = _without_digits(path.name)
    try:
        beside = [
            one.name for one in path.parent.iterdir() if one.name != path.name and _without_digits(one.name) != word
        ]
        is_chip = load("optiga.emulator.file_names:is_chip_file", "optiga")
        chips = [name for name in beside if is_chip(path.with_name(name))]
    except OSError:
        return ""
    if not chips:
        return ""
    import difflib

    return next(iter(difflib.get_close_matches(path.name, chips, n=1, cutoff=_ALIKE)), "")


def _without_digits(name: str) -> str:
    return "".join(one for one in name if not one.isdigit())


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
