"""Tables for people: rows of results, a column for each field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from optiga.results import cell


def table(columns: Sequence[str], rows: Iterable[object]) -> str:
    """Lines with a head, columns two spaces apart; ``-`` for what is missing. The last line has no line break.

    :param columns: names of fields.
    :param rows: results, or mappings by the names; a tuple's values stand side by side with commas between.
    """
    return align([columns, *([_cell(row, name) for name in columns] for row in rows)])


def align(rows: Sequence[Sequence[str]]) -> str:
    """Rows of as many cells each, in columns two spaces apart."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def _cell(row: Any, name: str) -> str:
    value = row[name] if isinstance(row, Mapping) else getattr(row, name)
    return cell((", ".join(value) or None) if isinstance(value, tuple) else value)
