"""Results as people read them: tables, and lines of a name and its value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from optiga.files.shown import shown


def table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Lines with a head, columns two spaces apart; ``-`` for what is missing. The last line has no line break."""
    return align([columns, *([_shown(row[name]) for name in columns] for row in rows)])


def align(rows: Sequence[Sequence[str]]) -> str:
    """Rows of as many cells each, in columns two spaces apart."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def lines(fields: Mapping[str, Any]) -> str:
    """A line for each field; ``-`` for what is missing."""
    return "\n".join(f"{name}: {_shown(value)}" for name, value in fields.items())


def _shown(value: object) -> str:
    return "-" if value is None else shown(str(value))
