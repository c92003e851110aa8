"""Emulated chips as files: made, reset, written down."""

from __future__ import annotations

from pathlib import Path

import click

from optiga.cli.commands.emulator.read_state import read_chip
from optiga.cli.commands.emulator.results import (
    ChipFileResult,
    DumpedChip,
    LoadedChip,
    NewChip,
    RootCertificate,
    chip_result,
    secret_files,
)
from optiga.cli.commands.emulator.secrets import note_secrets, note_written, secret_options, secret_places
from optiga.cli.support.chip_files import CHIP, chip_file
from optiga.cli.support.confirm import confirm, yes_option
from optiga.cli.support.content import check_out, save
from optiga.cli.support.file_names import FileName, out_file_option
from optiga.cli.support.options import in_full
from optiga.cli.support.printing import print_lines
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.emulator import delivery, find_model, state
from optiga.emulator.configurations import provisioning_of
from optiga.emulator.file_names import is_chip_file
from optiga.emulator.identity import factory_chip, root_certificate_pem, uid_of
from optiga.emulator.state import State
from optiga.emulator.store import create_chip, open_chip_file, reset_chip_file
from optiga.errors import BoardError, Reason
from optiga.files.shown import file_in_command, shown


@click.command(name="new", short_help="Make a factory-fresh chip.")
@click.argument("path", type=CHIP)
@click.option(
    "--model",
    metavar="MODEL",
    help="Model: trust-m-v3, trust-m-v1, trust-x, trust-m-express or trust-m-mtr (default: trust-m-v3).",
)
@secret_options
@common_options()
@pass_settings
def new(
    settings: Settings, path: str, model: str | None, secret_out: str | None, authorization_out: str | None
) -> None:
    """Make a chip file with a factory-fresh chip that has its own UID and certificate.

    A trust-m-express and a trust-m-mtr come with two secrets. You need the secrets to change locked objects.
    """
    settings.check_query(NewChip)
    kind, file = find_model(model), Path(path)
    places = secret_places(secret_out, authorization_out)
    if places:
        delivery.require_own_secrets(kind)
        delivery.check_places(file, places)
    content = factory_chip(kind)
    with delivery.written(content, places):
        _create(file, State(kind, content, b""), "To reset the chip in this one, use 'emulator reset {}'")
    settings.note(f"A new chip is in {path}: use it with --port emulator:{path}")
    note_written(settings, places)
    if len(places) < len(provisioning_of(kind).secrets):
        note_secrets(settings, path, kind.name)
    if settings.wants_result:
        settings.print_result(NewChip(chip_result(file, kind.name, content), secret_files(places)))


def _create(file: Path, made: State, otherwise: str) -> None:
    """Make a chip's file.

    :param otherwise: what else to do where there is a chip already; the file is filled in.
    :raises BoardError: if the file is there already, or cannot be made.
    """
    try:
        create_chip(file, made.model, made.objects, made.context)
    except BoardError as error:
        if error.reason is Reason.EXISTS and is_chip_file(file):
            error.advise(otherwise.format(file_in_command(file)))
        raise


@click.command(name="reset", short_help="Reset a chip to its factory state.")
@click.argument("path", type=CHIP, required=False)
@yes_option
@common_options()
@pass_settings
def reset(settings: Settings, path: str | None, yes: bool) -> None:
    """Reset a chip to its factory state. The chip keeps its UID and its first slot; everything else is factory-fresh.

    PATH is the chip file (default: chip of --port emulator:PATH, or your own chip).
    """
    settings.check_query(ChipFileResult)
    file = chip_file(settings, path)
    store = open_chip_file(file)  # nobody is asked about what is no chip
    try:
        result = chip_result(file, store.model.name, store.load())  # both stay as they are
    finally:
        store.close()
    lost = "its keys and everything written to it will be lost"
    confirm(settings, f"Resetting the chip in {file}", [lost], yes=yes, short="Reset this chip")
    reset_chip_file(file)
    settings.note(f"The chip in {file} is in its factory state")
    if settings.wants_result:
        settings.print_result(result)


@click.command(name="dump", short_help="Write the whole state of a chip as JSON.")
@click.argument("path", type=CHIP, required=False)
@out_file_option("Output file that only you can read (default: standard output).", secret=True)
@common_options(forms=("json",))
@pass_settings
def dump(settings: Settings, path: str | None, out: str | None) -> None:
    """Write the whole state of a chip as a JSON document. You can edit the document and turn it into a chip again
    with 'load'.

    The document contains the chip's keys and secrets. PATH is the chip file (default: chip of --port emulator:PATH,
    or your own chip). With --out, --query and --output apply to file, chip, model and uid.
    """
    if out is not None:
        settings.check_query(DumpedChip)
    check_out(out, secret=True)
    file = chip_file(settings, path)
    store = open_chip_file(file)
    try:
        document = state.dump(store, model=store.model)
        uid = uid_of(store.load())
    finally:
        store.close()
    if out is None:
        settings.print_result(document, default="json")
    else:
        save(settings, out, state.encode(document), "The state", secret=True, is_kept=True)
        settings.note(f"Keep {shown(out)} secret: it contains the chip's keys and secrets")
        if settings.wants_result:
            settings.print_result(DumpedChip(out, file, store.model.name, uid))


@click.command(name="load", short_help="Make a chip from a saved state.")
@click.argument("state_path", type=FileName("STATE|-"))
@click.argument("path", type=CHIP)
@click.option(
    "--model", metavar="MODEL", help="With a file of 'export': model of the chip (default: model in the UID)."
)
@common_options()
@pass_settings
def load(settings: Settings, state_path: str, path: str, model: str | None) -> None:
    """Make a chip file from a document of 'dump'. Objects that the document leaves out are factory-fresh.

    A file of 'export' or of Infineon's library optigatrust works, too. The emulated chip then has new keys. Notes
    say what the file does not contain.
    """
    settings.check_query(LoadedChip)
    loaded, remarks = read_chip(state_path, model).make()
    file = Path(path)
    _create(file, loaded, "To replace the chip in this one, delete the file first: its keys are lost then")
    for remark in remarks:
        settings.note(remark)
    settings.note(f"The chip is in {path}: use it with --port emulator:{path}")
    if settings.wants_result:
        told = tuple(map(in_full, remarks))
        settings.print_result(LoadedChip(chip_result(file, loaded.model.name, loaded.objects), told))


@click.command(name="root", short_help="Print the emulated chips' root certificate.")
@common_options()
@pass_settings
def root(settings: Settings) -> None:
    """Print the root certificate, as PEM, of the CA that issues the emulated chips' own certificates (0xE0E0)."""
    result = RootCertificate(root_certificate_pem())
    settings.check_query(result)
    if settings.wants_result:
        settings.print_result(result)
    else:
        print_lines(result.certificate, line_break=False)
