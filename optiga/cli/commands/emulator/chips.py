"""Emulated chips as files: made, reset, written down."""

from __future__ import annotations

import click

from optiga.cli.commands.emulator.read_state import read_chip
from optiga.cli.commands.emulator.secrets import note_secrets, note_written, secret_options, secret_places
from optiga.cli.support.chip_files import CHIP, chip_file
from optiga.cli.support.confirm import confirm, yes_option
from optiga.cli.support.content import check_out, save
from optiga.cli.support.file_names import FileName, out_file_option
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.emulator import delivery, find_model, state
from optiga.emulator.configurations import provisioning_of
from optiga.emulator.identity import factory_chip, root_certificate_pem
from optiga.emulator.store import create_chip, open_chip_file, reset_chip_file


@click.command(name="new", short_help="Make a factory-fresh chip.")
@click.argument("path", type=CHIP)
@click.option(
    "--model",
    metavar="MODEL",
    help="Model: trust-m-v3, trust-m-v1, trust-x, trust-m-express or trust-m-mtr (default: trust-m-v3).",
)
@secret_options
@common_options(forms=())
@pass_settings
def new(
    settings: Settings, path: str, model: str | None, secret_out: str | None, authorization_out: str | None
) -> None:
    """Make a chip file with a factory-fresh chip that has its own UID and certificate.

    A trust-m-express and a trust-m-mtr come with two secrets. You need the secrets to change locked objects.
    """
    from pathlib import Path

    kind, file = find_model(model), Path(path)
    places = secret_places(secret_out, authorization_out)
    if places:
        delivery.require_own_secrets(kind)
        delivery.check_places(file, places)
    content = factory_chip(kind)
    with delivery.written(content, places):
        create_chip(file, kind, content)
    settings.note(f"A new chip is in {path}: use it with --port emulator:{path}")
    note_written(settings, places)
    if len(places) < len(provisioning_of(kind).secrets):
        note_secrets(settings, path, kind.name)


@click.command(name="reset", short_help="Reset a chip to its factory state.")
@click.argument("path", type=CHIP, required=False)
@yes_option
@common_options(forms=())
@pass_settings
def reset(settings: Settings, path: str | None, yes: bool) -> None:
    """Reset a chip to its factory state. The chip keeps its UID and its first slot; everything else is factory-fresh.

    PATH is the chip file (default: chip of --port emulator:PATH, or your own chip).
    """
    file = chip_file(settings, path)
    open_chip_file(file).close()  # nobody is asked about what is no chip
    confirm(settings, f"Resetting the chip in {file}", ["its keys and everything written to it will be lost"], yes=yes)
    reset_chip_file(file)
    settings.note(f"The chip in {file} is in its factory state")


@click.command(name="dump", short_help="Write the whole state of a chip as JSON.")
@click.argument("path", type=CHIP, required=False)
@out_file_option("Output file that only you can read (default: standard output).", secret=True)
@common_options(forms=("json",))
@pass_settings
def dump(settings: Settings, path: str | None, out: str | None) -> None:
    """Write the whole state of a chip as a JSON document. You can edit the document and turn it into a chip again
    with 'load'.

    The document contains the chip's keys and secrets. PATH is the chip file (default: chip of --port emulator:PATH,
    or your own chip).
    """
    if out is not None and settings.query is not None:
        raise click.UsageError("--query and --out do not go together: --query is for standard output.")
    check_out(out, secret=True)
    store = open_chip_file(chip_file(settings, path))
    try:
        document = state.dump(store, model=store.model)
    finally:
        store.close()
    if out is None:
        settings.print_result(document, default="json")
    else:
        save(settings, out, state.encode(document), "The state", secret=True, is_kept=True)


@click.command(name="load", short_help="Make a chip from a saved state.")
@click.argument("state_path", type=FileName("STATE|-"))
@click.argument("path", type=CHIP)
@click.option(
    "--model", metavar="MODEL", help="With a file of 'export': model of the chip (default: model in the UID)."
)
@common_options(forms=())
@pass_settings
def load(settings: Settings, state_path: str, path: str, model: str | None) -> None:
    """Make a chip file from a document of 'dump'. Objects that the document leaves out are factory-fresh.

    A file of 'export' or of Infineon's library optigatrust works, too. The emulated chip then has new keys. Notes
    say what the file does not contain.
    """
    from pathlib import Path

    loaded, remarks = read_chip(state_path, model).make()
    create_chip(Path(path), loaded.model, loaded.objects, loaded.context)
    for remark in remarks:
        settings.note(remark)
    settings.note(f"The chip is in {path}: use it with --port emulator:{path}")


@click.command(name="root", short_help="Print the emulated chips' root certificate.")
@common_options(forms=())
def root() -> None:
    """Print the root certificate, as PEM, of the CA that issues the emulated chips' own certificates (0xE0E0)."""
    click.echo(root_certificate_pem(), nl=False)
