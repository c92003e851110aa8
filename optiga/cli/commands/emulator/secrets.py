"""``emulator secrets``, and the options for secrets of ``emulator new``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from optiga.cli.commands.emulator.results import DeliveredSecrets, secret_files
from optiga.cli.support.chip_files import chip_file
from optiga.cli.support.file_names import FileName
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.emulator import delivery, find_model
from optiga.emulator.configurations import provisioning_of
from optiga.emulator.store import open_chip_file
from optiga.files.shown import file_in_command

if TYPE_CHECKING:
    from pathlib import Path

F = TypeVar("F", bound=Callable[..., Any])
_FILE = FileName("FILE", dash=False)
_WORDS = {0xE140: "platform binding secret", 0xF1D0: "authorization reference"}


def secret_options(function: F) -> F:
    """``--secret-out`` and ``--authorization-out``: new files, for nobody else to read."""
    function = click.option(
        "--authorization-out",
        type=_FILE,
        help="New file for the authorization reference (0xF1D0), for --authorize 0xF1D0=FILE.",
    )(function)
    return click.option(
        "--secret-out", type=_FILE, help="New file for the platform binding secret (0xE140), for ?shielded=FILE."
    )(function)


def secret_places(secret_out: str | None, authorization_out: str | None) -> dict[int, Path]:
    """The files that were asked for, by the object whose secret goes into them."""
    from pathlib import Path

    given = {0xE140: secret_out, 0xF1D0: authorization_out}
    return {oid: Path(name) for oid, name in given.items() if name is not None}


def note_written(settings: Settings, places: dict[int, Path]) -> None:
    for oid, path in places.items():
        settings.note(f"The {_WORDS[oid]} has been written to {path}")


def note_secrets(settings: Settings, path: str | Path, model: str | None) -> None:
    """Say where the secrets are of a chip whose model, if it is one that comes with any, was named."""
    if provisioning_of(find_model(model)).secrets:
        settings.note(
            f"The chip has its own secrets: 'emulator secrets {file_in_command(path)}' writes them into files"
        )


@click.command(name="secrets", short_help="Write the secrets that Infineon delivers separately.")
@click.argument("path", metavar="[PATH]", type=_FILE, required=False)
@secret_options
@common_options()
@pass_settings
def secrets(settings: Settings, path: str | None, secret_out: str | None, authorization_out: str | None) -> None:
    """Write the secrets that Infineon delivers separately from a chip, as raw bytes in files that only you can read.

    PATH is the chip file (default: chip of --port emulator:PATH, or your own chip).
    """
    places = secret_places(secret_out, authorization_out)
    if not places:
        raise click.UsageError("secrets requires --secret-out FILE, --authorization-out FILE or both.")
    settings.check_query(DeliveredSecrets)
    file = chip_file(settings, path)
    delivery.check_places(file, places)
    store = open_chip_file(file)
    try:
        with delivery.written(store.load(), places):
            pass
    finally:
        store.close()
    note_written(settings, places)
    if settings.wants_result:
        settings.print_result(DeliveredSecrets(file, secret_files(places)))
