"""The files of emulated chips, as commands are told them."""

from __future__ import annotations

from pathlib import Path

import click

from optiga.cli.support.file_names import FileName
from optiga.cli.support.settings import Settings
from optiga.transport import resolve_port

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
