"""``journal``: how far each chip has come."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click

from optiga.cli.render.tables import align, is_within, table, whole_table
from optiga.cli.support.content import check_out, take_uid
from optiga.cli.support.file_names import FILE, out_file_option
from optiga.cli.support.guesses import GuidedGroup
from optiga.cli.support.journals import open_named_journal, shared_journal_option, whole_uid
from optiga.cli.support.options import show_commands
from optiga.cli.support.printing import print_lines
from optiga.cli.support.replacing import write_output
from optiga.cli.support.settings import Settings, common_options, pass_settings, together
from optiga.cli.support.wide import wide_option, width_for
from optiga.errors import ConfigurationError, Reason, counted, naming
from optiga.files.kept import JOURNAL, what_is_kept
from optiga.files.shown import shown_lines
from optiga.provision.history import HistoryEvent
from optiga.provision.journal import FILE_NAME, Journal
from optiga.provision.report import as_csv, as_json, is_report_of
from optiga.provision.results import JournalCheck, SlotSummary
from optiga.results import cell, to_json

_journal_options = together(
    click.option("--journal", "path", type=FILE, default=FILE_NAME, help=f"Journal file (default: {FILE_NAME})."),
    shared_journal_option,
)
_NOTHING = "The journal has no entries yet"
_FORMS = ("json", "csv")
"""Formats of an export, also as the ending of a file's name; the first is the usual one."""
_COLUMNS = ("uid", "slot", "step", "thing", "certificate_id", "serial", "updated_at")
_FEW_COLUMNS = ("uid", "slot", "step", "thing", "updated_at")
"""Those that tell the chips apart."""
_EVENT_COLUMNS = ("uid", "time", "slot", "event", "detail", "key", "serial", "certificate_id", "issuer", "issuer_name")
_FEW_EVENT_COLUMNS = ("uid", "time", "slot", "event", "detail")
_SHORT_HEADS = {"time": "time (UTC)", "updated_at": "updated (UTC)"}
"""Columns of times, and what their heads are where the times are shortened."""
_UTC = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d(?:\.\d+)?(?:\+00:00|Z)")
"""A time in UTC: its date, its hour and minute."""


@dataclass(frozen=True, slots=True)
class JournalSlots:
    """The result of ``journal show``."""

    slots: tuple[SlotSummary, ...]


@dataclass(frozen=True, slots=True)
class JournalHistory:
    """The result of ``journal show --history``."""

    history: tuple[HistoryEvent, ...]


@dataclass(frozen=True, slots=True)
class JournalExport:
    """The result of ``journal export`` into a file.

    :param slots: number of slots in it.
    :param format: of the file, ``json`` or ``csv``.
    """

    file: str
    slots: int
    format: str


def _take_seal(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Callback of an option: a seal, which is a SHA-256 in hex."""
    seal = value and value.strip().lower()
    if seal is not None and not re.fullmatch(r"[0-9a-f]{64}", seal):
        raise click.BadParameter(
            f"{value!r} is no seal: one has 64 hex digits, as journal_seal in the result of a run", ctx, param
        )
    return seal


@click.group(cls=GuidedGroup, name="journal", invoke_without_command=True)
@common_options(board=False)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Show, check and export the journal of 'provision', which records each step for every slot of every chip."""
    if ctx.invoked_subcommand is None:
        show_commands(ctx)


@command.command(name="show", short_help="Show the last step done for each slot.")
@_journal_options
@click.option(
    "--uid",
    callback=take_uid,
    metavar="HEX",
    help="Show everything about the chip with this UID, or with this part of it.",
)
@click.option("--history", is_flag=True, help="Show every step done, also for earlier keys and certificates.")
@wide_option
@common_options(board=False, forms=("repr", "json", "text", "csv"))
@pass_settings
def show(settings: Settings, path: str, shared_journal: bool, uid: str | None, history: bool) -> None:
    """Show every slot: chip, slot, last step done, thing, certificate and its serial number.

    With --history, show every step done, the oldest first: time, chip, slot, step, key, certificate and issuer.

    If a terminal is too narrow, certificate and serial number are left out. To see them, use --wide or --uid.
    """
    if settings.output == "csv" and settings.query is not None:
        raise click.UsageError("--query does not go together with CSV. For a part of the result, use --output json.")
    found: JournalHistory | JournalSlots
    with open_named_journal(settings, Path(path), shared=shared_journal) as journal:
        uid = uid and whole_uid(settings, journal, uid)
        if history:
            found = JournalHistory(tuple(journal.history(uid)))
        else:
            entries = journal.all() if uid is None else journal.of_chip(uid)
            found = JournalSlots(tuple(entry.summary() for entry in entries))
    rows = to_json(found)["history" if history else "slots"]
    if uid is not None and not rows:
        raise ConfigurationError(
            f"the journal {path} has no entry for chip {uid}",
            hint=naming("To list its chips, use 'journal show'. For another journal, use {journal}"),
            reason=Reason.NOT_FOUND,
        )
    if settings.output == "csv":
        print_lines(as_csv(rows), line_break=False)
        return
    width = width_for(settings)
    if history:
        text, is_short = _history_shown(rows, width, one_chip=uid is not None)
        note = "To see keys, certificates and issuers, too, use --wide, or --output json"
    else:
        text, is_short = _shown(rows, width, one_chip=uid is not None)
        note = "To see certificates and serial numbers, too, use --wide, or --uid for one chip"
    settings.print_result(found, text=text)
    if is_short and settings.is_read_by_a_person:
        settings.note(note)


def _history_shown(events: Sequence[Mapping[str, Any]], width: int | None, *, one_chip: bool) -> tuple[str, bool]:
    """A history for people, and whether columns are left out.

    :param width: columns of the terminal; None for as many as are needed.
    :param one_chip: leave out the UID.
    """
    if not events:
        return _NOTHING, False
    return _fitted(_EVENT_COLUMNS[one_chip:], _FEW_EVENT_COLUMNS[one_chip:], events, width)


def _shown(slots: Sequence[Mapping[str, Any]], width: int | None, *, one_chip: bool) -> tuple[str, bool]:
    """Slots for people, and whether columns are left out.

    :param width: columns of the terminal; None for as many as are needed.
    :param one_chip: show every field, one below the other.
    """
    if not slots:
        return _NOTHING, False
    if one_chip:
        return "\n\n".join(align([[name, cell(value)] for name, value in slot.items()]) for slot in slots), False
    return _fitted(_COLUMNS, _FEW_COLUMNS, slots, width)


def _fitted(
    columns: Sequence[str], few: Sequence[str], rows: Sequence[Mapping[str, Any]], width: int | None
) -> tuple[str, bool]:
    """A table as wide as the terminal, and whether columns are left out: times are shortened before that.

    :param few: the columns that stay where the terminal is too narrow for all of them.
    """
    text = table(columns, rows)
    if width is None or is_within(text, width):
        return text, False
    if is_within(text := table(*_with_short_times(columns, rows)), width):
        return text, False
    heads, short = _with_short_times(few, rows)
    shown_in = whole_table if few[0] == "uid" else table
    return shown_in(heads, short, width), True


def _with_short_times(
    columns: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Columns and rows for a table whose times have minutes, and the time zone stands in their head."""
    heads = [_SHORT_HEADS.get(name, name) for name in columns]
    return heads, [
        tuple(_short_time(row[name]) if name in _SHORT_HEADS else row[name] for name in columns) for row in rows
    ]


def _short_time(value: str | None) -> str | None:
    return None if value is None else _UTC.sub(r"\1 \2", value)


@command.command(name="export")
@_journal_options
@out_file_option("Output file (default: standard output).", is_printed=True)
@common_options(board=False, forms=_FORMS)
@pass_settings
def export(settings: Settings, path: str, shared_journal: bool, out: str | None) -> None:
    """Export the journal as JSON or CSV.

    If the name of the output file ends in .json or .csv, the file has this format; otherwise it is JSON. To choose
    the format, use --output. With --out, --query applies to file, slots and format.
    """
    if out is None:
        if settings.query is not None:
            raise click.UsageError("--query requires --out. For a part of the journal, use 'journal show'.")
    else:
        settings.check_query(JournalExport)
    form = _form_of(settings.output, out)
    check_out(out)
    with open_named_journal(settings, Path(path), shared=shared_journal) as journal:
        slots = to_json([entry.export() for entry in journal.all()])
        text = (as_csv if form == "csv" else as_json)(slots)
        if out is None:
            print_lines(shown_lines(text), line_break=False)
            return
        # What was given out before still stands in the journal: a report is made again every day.
        is_earlier = partial(_is_report, journal, Path(out))
        write_output(settings, out, text.encode(), is_kept=True, is_elsewhere=is_earlier)
    settings.note(f"{counted(len(slots), 'slot', 'have')} been written to {out}")
    ending = Path(out).suffix.lower()
    if form == "json" and ending in _OTHER_TABLES:
        settings.warn(f"{out} is JSON, although its name ends in {ending}: for a spreadsheet, use --output csv")
    if settings.output == "json" or settings.query is not None:
        settings.print_result(JournalExport(out, len(slots), form))


_OTHER_TABLES = (".xlsx", ".xls", ".ods", ".tsv", ".numbers")
"""Endings of files of spreadsheets, none of which this writes."""


def _form_of(asked: str | None, out: str | None) -> str:
    """The format of an export, by the option or by the name of the file.

    :raises click.UsageError: if they contradict each other.
    """
    ending = "" if out is None else Path(out).suffix.lower().removeprefix(".")
    named = ending if ending in _FORMS else None
    if asked is not None and named not in (None, asked):
        raise click.UsageError(f"--output {asked} and --out {out} contradict each other: use --output {named}.")
    return asked or named or _FORMS[0]


def _is_report(journal: Journal, path: Path, held: bytes) -> bool:
    return what_is_kept(held) == JOURNAL and is_report_of(journal, path)


@command.command(name="check", short_help="Check that nobody has changed the journal.")
@_journal_options
@click.option(
    "--seal",
    metavar="HEX",
    callback=_take_seal,
    help="Seal that the journal must contain: the journal_seal of an earlier run.",
)
@common_options(board=False)
@pass_settings
def check(settings: Settings, path: str, shared_journal: bool, seal: str | None) -> None:
    """Check every entry against its chip's hash chain, every hash chain against the seals, and the seals against
    the seal file beside the journal.

    If something does not match, the exit code is 2 and one line says where.
    """
    settings.check_query(JournalCheck)
    with open_named_journal(settings, Path(path), shared=shared_journal) as journal:
        found = journal.check(seal)
    for warning in found.warnings:
        settings.warn(warning)
    settings.print_result(found)
