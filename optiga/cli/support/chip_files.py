"""The files of emulated chips, as commands are told them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from optiga.cli.support.file_names import FileName
from optiga.cli.support.lazy import load
from optiga.cli.support.settings import Settings
from optiga.files.files import is_there
from optiga.transport import resolve_port

if TYPE_CHECKING:
    from optiga.chip import Chip

CHIP = FileName("PATH", dash=False)
"""The type of an option or argument that names a chip's file."""


def chip_file(settings: Settings, path: str | None) -> Path:
    """The chip that a path names; without one that of the port, without either the user's own."""
    if path is not None:
        return Path(path)
    file = resolve_port(settings.port or "emulator").chip_file
    if file is None:
        raise click.UsageError(f"the port {settings.port} is not an emulated chip: name a chip's file.")
    return file


def is_still_to_be_made(settings: Settings) -> bool:
    """Whether the port is an emulated chip without a file, which opening it would make."""
    file = settings.find_port().chip_file
    return file is not None and not is_there(file)


def open_for_dry_run(settings: Settings, what: str) -> Chip:
    """The chip at the port; or, if opening it would make one, a chip like that in memory: a dry run makes no file.

    :param what: what would make the chip, for a note.
    """
    if not is_still_to_be_made(settings):
        return settings.open_chip()
    port = settings.find_port()
    settings.note(f"The emulated chip does not exist yet: {what} would create it, factory-fresh")
    transport = load("optiga.transport.emulated:open_in_memory", "optiga")(getattr(port, "model", None))
    return cast("Chip", load("optiga.chip:Chip", "optiga")(transport, port=port.name))
