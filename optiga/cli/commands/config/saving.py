"""Writing a configuration into a file without losing one that is there."""

from __future__ import annotations

import os
from pathlib import Path

from optiga.cli.support.content import check_out
from optiga.errors import ConfigurationError, Reason
from optiga.files.files import write_new, write_whole


def check_new(out: str, *, hint: str) -> None:
    """Make sure that a file can be written, before anything is done for it, and is not there yet.

    :param hint: what to do where it is.
    :raises ConfigurationError: if it cannot, or is.
    """
    check_out(out)
    path = Path(out)
    if os.path.lexists(path) and not _is_stream(path):
        raise ConfigurationError(f"{out} is there already, and stays as it is", hint=hint, reason=Reason.EXISTS)


def save_new(out: str, text: str, *, force: bool = False) -> None:
    """Write a file whole or not at all; one that has come to be there meanwhile stays as it is.

    :param force: replace a file that is there.
    :raises ConfigurationError: if it cannot be written, or is there.
    """
    path = Path(out)
    (write_whole if force or _is_stream(path) else write_new)(path, text.encode())


def _is_stream(path: Path) -> bool:
    """Whether it is a terminal or a pipe, in which nothing can be lost."""
    return path.exists() and not path.is_file() and not path.is_dir()
