"""Tables of objects with their access conditions, one line for each object where the terminal has 80 columns."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from optiga.cli.render.tables import is_within, table

_CONDITIONS = frozenset({"change", "read", "execute"})
_LEAST_NAME = 25
"""Fewest columns to which a name is cut off: ``arbitrary data type 3, 10`` stays whole."""
_STATES: Mapping[str | None, str] = {
    "creation": "cr",
    "initialization": "in",
    "operational": "op",
    "termination": "te",
}
"""The manual's abbreviations of life cycle states, which ``object metadata`` takes, too."""
_STATE = re.compile(r" ([<>]|==) (\w+)")
_JOINT = re.compile(r" ?([|&])\1 ?")
_OID = re.compile(r"\b(conf|int|auto|luc) 0x")


def access_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str | None]],
    width: int | None,
    *,
    spare: Collection[str] = (),
    name: str = "",
) -> tuple[str, bool]:
    """A table, and whether columns are left out.

    Where it is too wide, the conditions are abbreviated; where that is not enough, columns are left out, life cycle
    states are abbreviated and names are cut off. If some rows are still wider, their cells take several lines.

    :param columns: names of the columns; those with access conditions are ``change``, ``read`` and ``execute``.
    :param width: columns of the terminal; None for as many as are needed.
    :param spare: columns that may be left out.
    :param name: the column whose cells may be cut off; empty for none.
    """
    whole = table(columns, rows)
    if width is None or is_within(whole, width):
        return whole, False
    short = [_abbreviated(columns, row, "||") for row in rows]
    if is_within(text := table(columns, short), width):
        return text, False
    kept = [place for place, column in enumerate(columns) if column not in spare]
    heads = ["lcso" if columns[place] == "life_cycle" else columns[place] for place in kept]
    few = [[_state(row[place]) if columns[place] == "life_cycle" else row[place] for place in kept] for row in short]
    if name:
        place, room = heads.index(name), max(width - _others(heads, few, name), _LEAST_NAME)
        few = [[*row[:place], _cut(row[place], room), *row[place + 1 :]] for row in few]
    text = table(heads, list(map(tuple, few)))
    if is_within(text, width):
        return text, bool(spare)
    spaced = [_abbreviated(heads, row, " || ") for row in few]  # so that a long condition breaks between its parts
    return table(heads, spaced, width, whole=(name,)), bool(spare)


def _abbreviated(columns: Sequence[str], row: Sequence[str | None], joint: str) -> tuple[str | None, ...]:
    """A row with short conditions: ``lcso < operational || conf 0xE140`` becomes ``lcso<op||conf E140``."""
    return tuple(
        _short(one, joint) if one and column in _CONDITIONS else one for column, one in zip(columns, row, strict=True)
    )


def _short(condition: str, joint: str) -> str:
    states = _STATE.sub(lambda match: match[1] + _STATES.get(match[2], match[2]), condition)
    return _JOINT.sub(lambda match: joint.replace("|", match[1]), _OID.sub(r"\1 ", states))


def _state(word: str | None) -> str | None:
    return _STATES.get(word, word)


def _others(heads: Sequence[str], rows: Sequence[Sequence[str | None]], name: str) -> int:
    """Columns that everything but the names takes."""
    without = [place for place, head in enumerate(heads) if head != name]
    cells = [tuple(row[place] for place in without) for row in rows]
    return max(map(len, table([heads[place] for place in without], cells).split("\n"))) + 2


def _cut(text: str | None, room: int) -> str | None:
    return text if text is None or len(text) <= room else f"{text[: room - 1].rstrip(' ,')}…"
