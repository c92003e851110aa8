"""The files of emulated chips, as commands are told them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from optiga.cli.support.file_names import FileName
from optiga.cli.support.lazy import load
from optiga.cli.support.settings import Settings
from optiga.errors import ConfigurationError, Reason, naming
from optiga.files.files import is_there
from optiga.files.shown import file_in_command, shown
from optiga.objects.addressing import missing_on_new_chip
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


def refuse_a_blank_chip(settings: Settings, oid: int | None, missing: str = "") -> None:
    """Make no emulated chip where a new one can only end in an error: it has no key or certificate in the object.

    :param oid: of a key, a certificate or a trust anchor; any other object is not looked at. Those of the first slot
        are the factory's, and models that are named in the port may come with others.
    :param missing: what else is needed that a new chip never has, for example ``no secret``.
    :raises ConfigurationError: if the chip at the port would be a new one.
    """
    lack = missing_on_new_chip(oid, missing)
    if not lack or not is_still_to_be_made(settings):
        return
    port = settings.find_port()
    if getattr(port, "model", None) is not None:
        return
    file: Path = port.chip_file or Path()
    meant: str = load("optiga.emulator.file_names:chip_like", "optiga")(file)
    raise ConfigurationError(
        f"there is no emulated chip {file}, and a new one has {lack}",
        hint=naming(
            "{meant}Name the chip's file with {port}. To make a chip, use 'python -m optiga emulator new {file}'",
            meant=f"Did you mean {shown(meant)}? " if meant else "",
            file=file_in_command(file),
        ),
        oid=oid,
        reason=Reason.NOT_FOUND,
    )


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
