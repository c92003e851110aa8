"""Tables for people: rows of results, a column for each field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from optiga.results import cell


def table(columns: Sequence[str], rows: Iterable[object]) -> str:
    """Lines with a head, columns two spaces apart; ``-`` for what is missing. The last line has no line break.

    :param columns: names of fields.
    :param rows: results or mappings, which have the fields; or tuples of their values, one for each column. A value
        that is a tuple itself stands there with commas between.
    """
    return align([columns, *(list(map(_cell, _values(row, columns))) for row in rows)])


def align(rows: Sequence[Sequence[str]]) -> str:
    """Rows of as many cells each, in columns two spaces apart."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def _values(row: object, columns: Sequence[str]) -> Iterable[object]:
    if isinstance(row, tuple):
        return row
    if isinstance(row, Mapping):
        return [row[name] for name in columns]
    return [getattr(row, name) for name in columns]


def _cell(value: object) -> str:
    return cell((", ".join(value) or None) if isinstance(value, tuple) else value)
