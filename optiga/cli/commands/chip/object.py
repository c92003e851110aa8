"""``object``: the objects of a chip, their data and their metadata."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from optiga.chip.unusable import find_unusable
from optiga.cli.commands.identity.read import read_object
from optiga.cli.commands.identity.write import carry_out
from optiga.cli.render.access import access_table
from optiga.cli.support.authorization import authorize_option
from optiga.cli.support.chip_files import refuse_a_blank_chip
from optiga.cli.support.choices import WholeNumber
from optiga.cli.support.confirm import confirm, yes_option
from optiga.cli.support.containers import open_container, pkcs12_option, warn_of_key
from optiga.cli.support.content import MAX_FOR_CHIP, read_metadata_file, read_whole
from optiga.cli.support.file_names import FILE_OR_INPUT, out_file_option
from optiga.cli.support.guesses import GuidedGroup
from optiga.cli.support.options import show_commands
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.cli.support.unusable import warn_of_unusable
from optiga.cli.support.wide import wide_option, width_for
from optiga.errors import ConfigurationError, Reason, counted
from optiga.files.hex_text import parse_hex
from optiga.files.shown import shown
from optiga.identity.forms import Form, form_of, may_be_certificates, may_have_type
from optiga.identity.write import plan_content, plan_typed
from optiga.objects.addressing import ADMINISTERED, WRITABLE, Target, resolve
from optiga.objects.listing import ObjectDescription, list_objects
from optiga.objects.metadata_files import read_metadata
from optiga.objects.objects import (
    MetadataDescription,
    check_data,
    describe_metadata,
    execute_data,
    execute_metadata,
    plan_data,
    plan_lock,
    plan_metadata,
    takes_certificates,
)
from optiga.results import MERGED, lines
from optiga.transfer.form import parse_metadata

if TYPE_CHECKING:
    from optiga.objects.objects import DataChange, MetadataChange

_HEX_DIGITS = re.compile(rb"\s*(?:[0-9a-fA-F]{2}\s*){4,}")
"""A file that may have been meant to be read with ``--hex``."""
_COLUMNS = ("oid", "what", "content", "life_cycle", "change", "read", "execute")


@dataclass(frozen=True, slots=True)
class ObjectList:
    """The result of ``object list``."""

    objects: tuple[ObjectDescription, ...]


@dataclass(frozen=True, slots=True)
class ObjectWriteResult:
    """The result of ``object write``.

    :param size: bytes that were to be written, from ``offset`` on.
    :param written: False if they were there already.
    """

    oid: str
    size: int
    offset: int
    written: bool


@dataclass(frozen=True, slots=True)
class ObjectMetadata:
    """The result of ``object metadata`` that only shows."""

    oid: str
    metadata: MetadataDescription = field(metadata=MERGED)


@dataclass(frozen=True, slots=True)
class MetadataChangeResult:
    """The result of ``object metadata`` that sets some, and of ``object lock``.

    :param changed: False if they were so already.
    """

    oid: str
    changed: bool
    before: MetadataDescription
    after: MetadataDescription


@click.group(cls=GuidedGroup, name="object", invoke_without_command=True)
@common_options()
@click.pass_context
def command(ctx: click.Context) -> None:
    """Read, write and lock the objects of the chip: data, and metadata with access conditions.

    \b
    optiga.py object list                                  list all objects
    optiga.py object write 0xF1D0 data.bin                 write to an object
    optiga.py object metadata 0xF1D0 "read: conf 0xE140"   set who may read it
    optiga.py object lock 0xF1D0                           lock it for ever

    A slot's name means the slot's certificate object. For the slot's key object, give the OID.
    """
    if ctx.invoked_subcommand is None:
        show_commands(ctx)


@command.command(name="list", short_help="List every object: size, state, access.")
@wide_option
@common_options()
@pass_settings
def list_all(settings: Settings) -> None:
    """List every object of the chip: name, content, life cycle state, access conditions.

    The content is the used and the maximum size in bytes, the algorithm of a key, or empty: no key, no certificate.

    If a terminal is too narrow, names are cut off, states and conditions are abbreviated (lcso<op is lcso <
    operational), and execute is left out. To see everything, use --wide.
    """
    with settings.open_chip() as chip:
        objects = list_objects(chip)
    warn_of_unusable(settings, objects)
    rows = list(map(_row, objects))
    text, is_short = access_table(_COLUMNS, rows, width_for(settings), spare=("execute",), name="what")
    settings.print_result(ObjectList(tuple(objects)), text=text)
    if is_short and settings.is_read_by_a_person:
        settings.note("To see execute and whole names, too, use --wide")


def _row(one: ObjectDescription) -> tuple[str | None, ...]:
    """The columns of ``object list``."""
    size = None if one.max is None else f"{one.used}/{one.max}"
    content = "empty" if one.empty else one.algorithm or size
    return one.oid, one.name, content, one.life_cycle, one.change, one.read, one.execute


@command.command(name="read", short_help="Read an object's data.")
@click.argument("oid", metavar="OID|SLOT")
@click.option("--offset", type=WholeNumber(0, 0xFFFF), metavar="N", help="Offset of the first byte (default: 0).")
@click.option("--length", type=WholeNumber(1, 0xFFFF), metavar="N", help="Number of bytes (default: all the rest).")
@out_file_option("Output file, PEM or raw bytes; - for standard output.")
@authorize_option
@common_options()
@pass_settings
def read(settings: Settings, oid: str, out: str | None, offset: int | None, length: int | None) -> None:
    """Read an object's data: a certificate as PEM, anything else as a hex dump. This is the same as --read.

    With --offset or --length, the result is bytes for certificates, too.
    """
    read_object(settings, oid, out=out, offset=offset, length=length)


@command.command(name="write", short_help="Write a file to an object.")
@click.argument("oid", metavar="OID|SLOT")
@click.argument("path", type=FILE_OR_INPUT)
@click.option("--hex", "is_hex", is_flag=True, help="The file holds hex digits: write the bytes unchanged.")
@click.option(
    "--offset", type=WholeNumber(0, 0xFFFF), metavar="N", help="Offset of the first byte to write (default: 0)."
)
@click.option("--no-erase", is_flag=True, help="Keep the bytes before and after the written bytes.")
@pkcs12_option
@yes_option
@authorize_option
@common_options()
@pass_settings
def write(
    settings: Settings,
    oid: str,
    path: str,
    is_hex: bool,
    offset: int | None,
    no_erase: bool,
    pkcs12_passphrase_file: str | None,
    yes: bool,
) -> None:
    """Write a file, or standard input (-), to an object.

    For a certificate or trust anchor object, the file is a certificate, PEM or DER. The slot's key must prove that the
    certificate belongs to it, as with --write. The same holds for an object whose metadata say "type: trust_anchor".
    With --hex, --offset or --no-erase, the file is bytes for these objects, too.
    """
    info = resolve(oid, ADMINISTERED).info
    name = "standard input" if path == "-" else path
    is_whole_file = not (is_hex or offset is not None or no_erase)
    if takes_certificates(info) and is_whole_file:
        _write_certificate(settings, oid, path, name, pkcs12_passphrase_file)
        return
    content = read_whole(path, limit=MAX_FOR_CHIP, room=info.room)
    if not content:
        raise ConfigurationError(
            f"{name} is empty: there are no data for {info.label}",
            hint="Give at least one byte",
            parameter="path",
            reason=Reason.BAD_VALUE,
        )
    if is_whole_file:
        content = open_container(settings, content, name, pkcs12_passphrase_file)
    data = parse_hex(content, name) if is_hex else content
    if is_whole_file and _HEX_DIGITS.fullmatch(content):
        settings.note(f"{shown(name)} has only hex digits. They are written as text; to write their bytes, use --hex")
    may_be_typed = is_whole_file and may_have_type(info)
    if not (may_be_typed and may_be_certificates(content, info)):
        check_data(info, data, offset or 0)
    settings.check_query(ObjectWriteResult)
    with settings.open_chip(info.oid) as chip:
        held = chip.objects.metadata(info.oid)
        form = form_of(info, held) if may_be_typed else Form.DATA
        if form is Form.DATA:
            check_data(info, data, offset or 0)
        else:
            plan = plan_typed(content, Target(info, None), name, form)
            data = plan.data
            warn_of_key(settings, name, plan.warnings)
            for warning in plan.warnings:
                settings.warn(warning)
        change: DataChange = plan_data(chip, info, data, held, offset=offset or 0, erase=not no_erase)
        confirm(settings, f"Writing {info.label}", change.stays if change.is_needed else (), yes=yes)
        execute_data(chip, change)
    if change.is_needed:
        settings.note(f"{counted(len(data), 'byte', 'have')} been written to {info.label}")
    else:
        settings.note(f"{info.label} already holds these bytes: nothing was written")
    if settings.wants_result:
        result = ObjectWriteResult(info.label, len(data), offset or 0, change.is_needed)
        settings.print_result(result, default="repr")


@command.command(name="metadata", short_help="Show or set an object's metadata, in words.")
@click.argument("oid", metavar="OID|SLOT")
@click.argument("words", metavar="[TAG: VALUE]…|HEX|FILE", nargs=-1)
@yes_option
@authorize_option
@common_options()
@pass_settings
def metadata(settings: Settings, oid: str, words: tuple[str, ...], yes: bool) -> None:
    """Show an object's metadata, or set some of it: "change: lcso < operational || int 0xE0E8" "read: always".

    Instead of words, give hex as the chip shows it, 2003d001ff or d001ff, or a file with words, hex or JSON, or -
    for standard input.

    \b
    change, read, execute, metadata_update
                 who may: always (ALW), never (NEV), lcso < operational,
                 conf 0xE140, int 0xE0E8, auto 0xF1D0, luc 0xE120, sec_sta_g 0x20;
                 && binds stronger than ||
    lcso         creation, initialization, operational, termination
    type         byte_string, up_counter, trust_anchor, pre_shared_secret …
    key_usage    authentication, encryption, signature, key_agreement
    version      a number
    reset_type   a state, flush or random
    """
    info = resolve(oid, ADMINISTERED).info
    if not words:
        settings.check_query(ObjectMetadata)
        with settings.open_chip(info.oid) as chip:
            held = chip.objects.metadata(info.oid)
        shown = describe_metadata(held)
        if unusable := find_unusable(info.oid, held):
            settings.warn(unusable.text)
        text = f"{info.label}  {shown.hex.hex()}\n{lines(shown.words)}"
        settings.print_result(ObjectMetadata(info.label, shown), text=text)
        return
    wanted = read_metadata(info, words, read_metadata_file, parse_metadata)
    settings.check_query(MetadataChangeResult)
    with settings.open_chip(info.oid) as chip:
        change = plan_metadata(chip, info, wanted)
        for warning in change.warnings:
            settings.warn(warning)
        confirm(settings, f"Changing the metadata of {info.label}", change.stays, yes=yes)
        after = describe_metadata(execute_metadata(chip, change))
    _print_change(settings, change, after)


@command.command(name="lock", short_help="Lock an object's metadata for ever.")
@click.argument("oid", metavar="OID|SLOT")
@yes_option
@authorize_option
@common_options()
@pass_settings
def lock(settings: Settings, oid: str, yes: bool) -> None:
    """Set an object's life cycle state to operational. Its metadata can then never change. Its data can change only
    as its access conditions allow.

    The command shows what can never be undone and asks for confirmation. An object that is already locked does not
    change.
    """
    info = resolve(oid, ADMINISTERED).info
    settings.check_query(MetadataChangeResult)
    refuse_a_blank_chip(settings, info.oid, "nothing to lock")
    with settings.open_chip(info.oid) as chip:
        change = plan_lock(chip, info)
        for warning in change.warnings:
            settings.warn(warning)
        confirm(settings, f"Locking {info.label}", change.stays, yes=yes)
        after = describe_metadata(execute_metadata(chip, change))
    if not change.is_needed:
        settings.note(f"{info.label} is already locked")
    _print_change(settings, change, after, quiet=not change.is_needed)


def _print_change(
    settings: Settings, change: MetadataChange, after: MetadataDescription, *, quiet: bool = False
) -> None:
    """Metadata before and after."""
    label = change.info.label
    before = describe_metadata(change.before)
    if not change.is_needed and not quiet:
        settings.note(f"{label} already has these metadata: nothing was written")
    result = MetadataChangeResult(label, change.is_needed, before, after)
    settings.print_result(result, text=compare_sides(label, before, after))


def compare_sides(label: str, before: MetadataDescription, after: MetadataDescription) -> str:
    """Metadata before and after, for people."""
    sides = [f"{label} before {before.hex.hex()}", f"{label} after  {after.hex.hex()}"]
    for name in {**before.words, **after.words}:
        old, new = before.words.get(name, "absent"), after.words.get(name, "absent")
        sides.append(f"{name}: {new}" if old == new else f"{name}: {old} -> {new}")
    return "\n".join(sides)


def _write_certificate(settings: Settings, oid: str, path: str, name: str, passphrase_file: str | None) -> None:
    """As ``--write`` does it."""
    target = resolve(oid, WRITABLE)
    content = read_whole(path, "certificate", limit=MAX_FOR_CHIP, room=target.info.room)
    content = open_container(settings, content, name, passphrase_file)
    plan = plan_content(content, target, name)
    warn_of_key(settings, name, plan.warnings)
    carry_out(settings, plan)
