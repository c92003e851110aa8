"""Tables for people: rows of results, a column for each field."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import zip_longest

from optiga.results import cell

_GAP = 2
_LEAST = 3
"""Fewest columns that a cell is broken to."""
_TIME = r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d[0-9:.+Z-]*)?"
_WORD = re.compile(rf"{_TIME}(?!\S)|\S+")
"""A date with its time of day is one word."""
_DATE = re.compile(_TIME)
_PART = re.compile(r".+?(?:[/\\:.,_@=-]+|$)")
"""What a long word may be broken behind: the separators of paths and names."""
_WIDEST = 64
"""Most columns to which the cells of a column are filled up: those of a SHA-256 in hex. A longer cell would fill a log
with blanks."""


def table(
    columns: Sequence[str], rows: Iterable[object], width: int | None = None, *, whole: Collection[str] = ()
) -> str:
    """Lines with a head, columns two spaces apart; ``-`` for what is missing. The last line has no line break.

    :param columns: names of fields.
    :param rows: results or mappings, which have the fields; or tuples of their values, one for each column. A value
        that is a tuple itself stands there with commas between.
    :param width: columns of the terminal, into which long cells are broken; each cell has a line of its own if words
        would be broken. None for as many as are needed: what stands behind a very long cell is not aligned then.
    :param whole: names of columns that are not broken if the others can be broken instead.
    """
    cells = [list(columns), *(list(map(cell, _values(row, columns))) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    if width is None:
        return align(
            cells, [max(len(one) for one in column if len(one) <= _WIDEST) for column in zip(*cells, strict=True)]
        )
    if sum(widths) + _GAP * (len(widths) - 1) <= width:
        return align(cells, widths)
    narrowed = _narrowed(cells, width, [name in whole for name in columns])
    if narrowed is None:
        return "\n\n".join(_one_below_the_other(columns, row, width) for row in cells[1:])
    return align([line for row in cells for line in _broken(row, narrowed)], narrowed)


def whole_table(columns: Sequence[str], rows: Iterable[object], width: int | None = None) -> str:
    """The same, but the first column is never broken, so that its cells can be copied.

    Where the rows are wider than the terminal, each cell of the first column has a line of its own, and the other
    cells are indented below it; rows with the same first cell, one after the other, share that line.
    """
    found = list(rows)
    one_line = table(columns, found)
    if width is None or is_within(one_line, width):
        return one_line
    firsts = [columns[0], *(cell(next(iter(_values(row, columns)))) for row in found)]
    rest = [tuple(columns[1:]), *(tuple(_values(row, columns))[1:] for row in found)]
    room = width - _GAP
    cells = [list(map(cell, row)) for row in rest]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    if sum(widths) + _GAP * (len(widths) - 1) > room:
        narrowed = _narrowed(cells, room, [])
        if narrowed is None:
            indent = "\n" + " " * _GAP
            below = (_one_below_the_other(columns[1:], row, room).replace("\n", indent) for row in cells[1:])
            return "\n".join(f"{first}{indent}{block}" for first, block in zip(firsts[1:], below, strict=True))
        widths = narrowed
    lines: list[str] = []
    for place, (first, row) in enumerate(zip(firsts, rest, strict=True)):
        if place < 2 or first != firsts[place - 1]:
            lines.append(first)
        broken = align(list(_broken(list(map(cell, row)), widths)), widths)
        lines += [" " * _GAP + line for line in broken.split("\n")]
    return "\n".join(lines)


def is_within(text: str, width: int) -> bool:
    """Whether no line of a text is wider than so many columns."""
    return all(len(line) <= width for line in text.split("\n"))


def align(rows: Sequence[Sequence[str]], widths: Sequence[int] | None = None) -> str:
    """Rows of as many cells each, in columns two spaces apart; the last line has no line break.

    :param widths: of the columns; None for as many as their cells need.
    """
    if widths is None:
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join((" " * _GAP).join(map(str.ljust, row, widths)).rstrip() for row in rows)


def _narrowed(cells: Sequence[Sequence[str]], width: int, whole: Sequence[bool]) -> list[int] | None:
    """Widths of columns that fit: those to be whole stay so, if that is possible; no word is broken if all can stay
    whole, else none but at its separators; the widest columns become narrower, all to one width.

    :returns: None if words would have to be broken anywhere.
    """
    columns = list(zip(*cells, strict=True))
    widths = [max(map(len, column)) for column in columns]
    room = width - _GAP * (len(widths) - 1)
    for parts_of, kept in ((_WORD.findall, whole), (_WORD.findall, ()), (_parts, ())):
        least = [max((len(part) for text in column for part in parts_of(text)), default=0) for column in columns]
        least = [wide if keep else low for low, wide, keep in zip_longest(least, widths, kept, fillvalue=0)]
        if sum(least) <= room:
            break
    else:
        return None
    narrowed = _capped(widths, least, room)
    over = room - sum(narrowed)
    for place, one in enumerate(widths):
        if over > 0 and one > narrowed[place]:
            narrowed[place] += 1
            over -= 1
    return narrowed


def _one_below_the_other(heads: Sequence[str], row: Sequence[str], width: int) -> str:
    """The cells of a row for which there is no room side by side, each on a line of its own."""
    label = max(map(len, heads)) + _GAP
    lines = []
    for head, text in zip(heads, row, strict=True):
        parts = _wrapped(text, max(width - label, _LEAST)) or [""]
        lines += [f"{name:<{label}}{part}".rstrip() for name, part in zip_longest([head], parts, fillvalue="")]
    return "\n".join(lines)


def _capped(widths: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """The widths below the highest cap with which they fit, none narrower than its least."""
    for cap in range(room, 0, -1):
        capped = [max(min(one, cap), low) for one, low in zip(widths, least, strict=True)]
        if sum(capped) <= room:
            return capped
    return list(least)


def _parts(text: str) -> list[str]:
    """The parts of a text between blanks and behind separators, as of a path; a date is one part."""
    return [part for word in _WORD.findall(text) for part in _parts_of_word(word)]


def _parts_of_word(word: str) -> list[str]:
    return [word] if _DATE.fullmatch(word) else _PART.findall(word)


def _broken(row: Sequence[str], widths: Sequence[int]) -> Iterable[Sequence[str]]:
    """The lines of a row whose cells are broken."""
    return zip_longest(*map(_wrapped, row, widths), fillvalue="")


def _wrapped(text: str, width: int) -> list[str]:
    """The lines of a cell: broken between words, a longer word at its separators, and what is longer still anywhere."""
    lines: list[str] = []
    for word in _WORD.findall(text):
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
            continue
        lines.append("")
        for part in [word] if len(word) <= width else _parts_of_word(word):
            if len(lines[-1]) + len(part) <= width:
                lines[-1] += part
            else:
                lines += [part[place : place + width] for place in range(0, len(part), width)]
    return [line for line in lines if line]


def _values(row: object, columns: Sequence[str]) -> Iterable[object]:
    if isinstance(row, tuple):
        return row
    if isinstance(row, Mapping):
        return [row[name] for name in columns]
    return [getattr(row, name) for name in columns]
