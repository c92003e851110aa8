"""Writing a configuration into a file without losing one that is there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from optiga.cli.support.content import check_out, write_bytes
from optiga.cli.support.settings import Settings
from optiga.errors import ConfigurationError, Reason, naming
from optiga.files.files import write_new, write_whole


def check_new(out: str, *, hint: str, force: bool = False) -> None:
    """Make sure that a file can be written, before anything is done for it, and is not there yet.

    :param hint: what to do where it is.
    :param force: whether a file that is there may be replaced.
    :raises ConfigurationError: if it cannot, or is.
    """
    check_out(out)
    path = Path(out)
    if not force and os.path.lexists(path) and not _is_stream(path):
        raise ConfigurationError(f"{out} is there already, and stays as it is", hint=hint, reason=Reason.EXISTS)


def save_new(out: str, text: str, *, force: bool = False) -> None:
    """Write a file whole or not at all; one that has come to be there meanwhile stays as it is.

    :param force: replace a file that is there.
    :raises ConfigurationError: if it cannot be written, or is there.
    """
    path = Path(out)
    (write_whole if force or _is_stream(path) else write_new)(path, text.encode())


def give_document(
    settings: Settings, document: Mapping[str, Any], text: str, what: str, *, out: str | None, force: bool = False
) -> None:
    """Print a document or write it into a new file; --query and --output are for what stands in it.

    :param text: the document as it is printed.
    :param what: what it is, for the note.
    :param force: replace a file that is there.
    :raises ConfigurationError: if the query finds nothing, or the file cannot be written or is there.
    """
    settings.check_query(document)
    if out is not None:
        check_new(out, hint=naming("Name another with {out}"), force=force)
        save_new(out, text, force=force)
        settings.note(f"{what} has been written to {out}")
    if settings.wants_result:
        settings.print_result(document)
    elif out is None:
        write_bytes(text.encode())


def _is_stream(path: Path) -> bool:
    """Whether it is a terminal or a pipe, in which nothing can be lost."""
    return path.exists() and not path.is_file() and not path.is_dir()
