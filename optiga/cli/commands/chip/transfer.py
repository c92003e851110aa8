"""``export`` and ``import``: the whole chip into a file, and a file into a chip."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from optiga.cli.render.tables import table
from optiga.cli.support.authorization import authorize_option
from optiga.cli.support.chip_files import open_for_dry_run
from optiga.cli.support.confirm import confirm, yes_option
from optiga.cli.support.content import MAX_FOR_CHIP, check_not_chip, check_not_lost_to_new_chip, read_whole
from optiga.cli.support.file_names import FILE_OR_INPUT, force_option, refuse_force
from optiga.cli.support.options import in_full, of_option
from optiga.cli.support.replacing import write_output
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.cli.support.wide import wide_option, width_for
from optiga.errors import ConfigurationError, Reason, counted
from optiga.files.files import check_output_file
from optiga.files.opening import about
from optiga.results import MERGED
from optiga.transfer.execute import ImportResult, execute_import, import_result
from optiga.transfer.export import ExportSummary, choose, read_chip
from optiga.transfer.form import encode_entries, format_entries, parse_entries
from optiga.transfer.plan import plan_import
from optiga.transfer.strangers import find_strangers

if TYPE_CHECKING:
    from collections.abc import Callable

    from optiga.transfer.export import Export
    from optiga.transfer.form import Entry
    from optiga.transfer.plan import Failure

F = TypeVar("F", bound="Callable[..., Any]")
_COLUMNS = ("oid", "name", "result", "bytes", "metadata")


def _objects_option(verb: str) -> Callable[[F], F]:
    """The option that names objects.

    :param verb: what is done with these alone, for its help.
    """
    told = f"{verb} only this object. May be given several times."
    return click.option("--object", "oids", multiple=True, metavar="OID|SLOT", help=told)


@dataclass(frozen=True, slots=True)
class ExportResult:
    """The result of ``export`` into a file."""

    file: str
    summary: ExportSummary = field(metadata=MERGED)


@click.command(name="export")
@click.argument("path", type=FILE_OR_INPUT)
@_objects_option("Export")
@force_option
@authorize_option
@common_options()
@pass_settings
def export(settings: Settings, path: str, oids: tuple[str, ...]) -> None:
    """Write all objects of the chip and their metadata into a JSON file, or to standard output (-).

    The file has the format of Infineon's library optigatrust (port.to_json). It contains no keys, but every secret
    that the chip lets you read. Only you can read the file.
    """
    with of_option("--object"):
        chosen = choose(oids)
    if path != "-":
        check_output_file(Path(path), "Name another file, or - for standard output", secret=True)
        check_not_chip(Path(path))
        check_not_lost_to_new_chip(settings, path, is_kept=True, another="Name another file")
    else:
        refuse_force("a file")
    with settings.open_chip() as chip:
        exported = read_chip(chip, chosen)
    for unusable in exported.unusable:
        settings.warn(unusable.text)
    if path == "-":
        text = encode_entries(exported.entries).decode("ascii").rstrip("\n")
        settings.print_result(format_entries(exported.entries), default="json", text=text)
        return
    result = ExportResult(path, exported.summary)
    settings.check_query(result)
    content = encode_entries(exported.entries)
    write_output(settings, path, content, secret=True, is_kept=True, another="Name another file")
    _note_export(settings, path, exported)
    if settings.wants_result:
        settings.print_result(result, default="repr")


@click.command(name="import")
@click.argument("path", type=FILE_OR_INPUT)
@_objects_option("Import")
@click.option("--dry-run", is_flag=True, help="Only show what would be written.")
@click.option("--keep-going", is_flag=True, help="Skip objects that cannot be imported and list them at the end.")
@click.option("--life-cycle", is_flag=True, help="Advance the life cycle states 0xE0C0 and 0xF1C0, too.")
@wide_option
@yes_option
@authorize_option
@common_options()
@pass_settings
def import_(
    settings: Settings,
    path: str,
    oids: tuple[str, ...],
    dry_run: bool,
    keep_going: bool,
    life_cycle: bool,
    yes: bool,
) -> None:
    """Write the objects in a file of 'export' or of Infineon's library optigatrust to the chip.

    The command checks everything before it writes, and asks before changes that can never be undone. It skips
    objects that already have the right content, so you can repeat it after an interruption.
    """
    name = "standard input" if path == "-" else path
    with of_option("--object"):
        chosen = [info.oid for info in choose(oids)]
    entries = _only(parse_entries(read_whole(path, limit=MAX_FOR_CHIP), name), chosen, name)
    with open_for_dry_run(settings, "import") if dry_run else settings.open_chip() as chip:
        plan = plan_import(chip, entries, life_cycle=life_cycle, is_shielded=chip.is_shielded)
        if not keep_going:
            with about(path):
                plan.check()
        failures = list(plan.failures)
        settings.check_query(import_result(plan, failures))
        for warning in plan.warnings:
            settings.warn(warning)
        for stranger in find_strangers(chip, plan, dry=dry_run):
            settings.warn(stranger)
        if not dry_run:
            confirm(settings, f"Importing {name}", plan.stays, yes=yes, short="Import this file")
            failures = execute_import(chip, plan, keep_going=keep_going)
    result = _in_options(import_result(plan, failures))
    settings.print_result(result, text=_planned_text(result) if dry_run else _done_text(result, width_for(settings)))
    _raise_failures(failures)


def _in_options(result: ImportResult) -> ImportResult:
    """The result with options in the reasons that name parameters."""
    objects = (replace(one, reason=one.reason and in_full(one.reason)) for one in result.objects)
    return replace(result, objects=tuple(objects))


def _only(entries: list[Entry], chosen: list[int], name: str) -> list[Entry]:
    """The entries of some objects; all of them if none are named.

    :raises ConfigurationError: if the file has nothing of one.
    """
    found = [entry for entry in entries if not chosen or entry.info.oid in chosen]
    missing = set(chosen) - {entry.info.oid for entry in found}
    if missing:
        raise ConfigurationError(
            f"{name} has nothing of {', '.join(f'0x{oid:04X}' for oid in sorted(missing))}", reason=Reason.NOT_FOUND
        )
    return found


def _note_export(settings: Settings, path: str, exported: Export) -> None:
    settings.note(f"{counted(len(exported.entries), 'object', 'have')} been written to {path}")
    for infos, what in (
        (exported.unread, "Exported without data, which cannot be read"),
        (exported.secrets, "The file contains secrets, so keep it safe"),
    ):
        if infos:
            settings.note(f"{what}: {', '.join(info.label for info in infos)}")


def _planned_text(result: ImportResult) -> str:
    steps = [f"{number}. {step}" for number, step in enumerate(result.steps, 1)]
    never = [f"Can never be undone: {sentence}" for sentence in result.never_undone]
    return "\n".join([*steps, *never, *_remarks(result), _counts(result)])


def _done_text(result: ImportResult, width: int | None) -> str:
    rows = [
        (row.oid, row.name, row.result, row.bytes or None, row.metadata)
        for row in result.objects
        if row.result in ("written", "metadata")
    ]
    lines = [table(_COLUMNS, rows, width)] if rows else []
    return "\n".join([*lines, *_remarks(result), _counts(result)])


def _remarks(result: ImportResult) -> list[str]:
    """What stays out, and why; what has failed is reported as an error."""
    return [f"{row.oid} left out: {row.reason}" for row in result.objects if row.reason and row.result != "failed"]


def _counts(result: ImportResult) -> str:
    said = (
        f"{result.written} written, {result.metadata} with new metadata, {result.unchanged} unchanged, "
        f"{result.left} with something left out"
    )
    return said + (f", {result.failed} failed" if result.failed else "")


def _raise_failures(failures: list[Failure]) -> None:
    """Report the objects that could not be imported; the exit code is the last one's: the chip's refusals are last."""
    if failures:
        *others, last = failures
        last.error.problems = tuple(str(failure.error) for failure in others)
        raise last.error
