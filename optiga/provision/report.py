"""What a journal has, as a report for others: JSON or CSV."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING, Any

from optiga.files.opening import open_input
from optiga.files.shown import shown
from optiga.provision.earlier import lives

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from optiga.provision.entry import Entry
    from optiga.provision.journal import Journal

_PEM = re.compile(r"(-----BEGIN [A-Z ]+-----\n[A-Za-z0-9+/=\n]+-----END [A-Z ]+-----\n)+")
_MOST_BYTES = 1 << 26
"""Of an earlier report, which is read whole: those of some ten thousand devices."""
_BEGIN_OF_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(slots: Sequence[Mapping[str, Any]]) -> str:
    """One line for each slot below a line of names (RFC 4180, but with line feeds)."""
    text = io.StringIO()
    if slots:
        writer = csv.DictWriter(text, list(slots[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in slot.items()} for slot in slots)
    return text.getvalue()


def as_json(slots: Sequence[Mapping[str, Any]]) -> str:
    """An object with all slots."""
    return json.dumps({"slots": slots}, indent=4) + "\n"


def is_report_of(journal: Journal, path: Path) -> bool:
    """Whether a file is an earlier report of a journal: the journal still has each of its identities.

    :raises ConfigurationError: if the journal is damaged.
    """
    try:
        with open_input(path) as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            return False
        text = content.decode("utf-8-sig")
        slots = json.loads(text)["slots"] if text.startswith("{") else list(csv.DictReader(io.StringIO(text)))
        told = {(one["uid"], one["slot"], one["started_at"] or None, one["serial"] or None) for one in slots}
    except (OSError, ValueError, TypeError, KeyError, RecursionError, csv.Error):
        return False
    present = journal.all()
    slots_now = {(one.uid, one.slot) for one in present}
    later = {one[:2] for one in told - _begun(present)}
    return later <= slots_now and told <= _begun(present).union(*(_begun(lives(journal, *one)) for one in later))


def _begun(entries: list[Entry]) -> set[tuple[str | None, ...]]:
    """Chip and slot of each entry, when it was begun, and its certificate, with and without that, as in a report."""
    told = [one.summary() for one in entries]
    return {(one.uid, one.slot, one.started_at, serial) for one in told for serial in (one.serial, None)}


def _cell(value: object) -> object:
    """A value that no spreadsheet takes for a formula (OWASP, "CSV Injection"); PEM is none, and stays as it is."""
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, list):
        value = " ".join(map(str, value))
    if not isinstance(value, str) or _PEM.fullmatch(value):
        return value
    return shown(f"'{value}" if value.startswith(_BEGIN_OF_FORMULA) else value)
