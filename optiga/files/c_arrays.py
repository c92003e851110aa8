"""Arrays of bytes in C, as Infineon's tools and examples write them: ``uint8_t name[] = {0x20, 0x03, …};``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from optiga.errors import counted

_COMMENT = re.compile(r"/[*/]")
_CAST = r"(?:\(\s{0,9}[A-Za-z_][\w\s]{0,60}\)\s{0,9})?"
_INTEGER = re.compile(rf"{_CAST}(0[xX][0-9A-Fa-f]{{1,16}}|0[bB][01]{{1,64}}|[0-9]{{1,20}})[uUlL]{{0,3}}")
"""An integer of C, of bounded length, so that a long text that is none is found out in time."""
_COUNT = re.compile(r"\[\s*(0[xX][0-9A-Fa-f]{1,8}|[1-9][0-9]{0,8})?[uUlL]{0,3}\s*\]")
_MOST_ZEROS = 1 << 16
_LONGEST_SHOWN = 20


def without_comments(text: str) -> str:
    """C without its comments; one that is not closed goes to the end. In one pass, whatever the text is."""
    kept, place = [], 0
    while found := _COMMENT.search(text, place):
        kept.append(text[place : found.start()])
        is_long = found[0] == "/*"
        end = text.find("*/" if is_long else "\n", found.end())
        place = len(text) if end < 0 else end + 2 * is_long
    return "".join([*kept, text[place:]])


def find_arrays(text: str) -> Iterator[tuple[str, str, int | None]]:
    """Each ``name[] = {body}`` in C: its name, its body, and its size where that is said. In one pass."""
    for before, after in pairwise(text.split("{")):
        body, closed, _ = after.partition("}")
        name = _name_of_array(before)
        if closed and name:
            yield name, body, count_of(before)


def parse_items(body: str, count: int | None = None) -> bytes:
    """The bytes between the braces of an array, as a C compiler reads them: ``0x1F``, ``31``, ``(uint8_t)31u``.

    :param count: how many the array has: those that are not given are 0. None if that is not said.
    :raises ValueError: if there is something else than bytes, or there are more of them.
    """
    values = body.split(",") if "," in body else body.split()
    if values and not values[-1].strip():  # behind the last comma, or the whole of an empty array
        del values[-1]
    content = bytes(_parse_byte(value.strip()) for value in values)
    if count is not None and (len(content) > count or count > max(len(content), _MOST_ZEROS)):
        raise ValueError(f"{counted(len(content), 'value')}, but its size is {count}")
    return content.ljust(count or 0, b"\0")


def count_of(before: str) -> int | None:
    """How many bytes an array has, as the text before its brace says: ``uint8_t x[4] =``; None if it does not."""
    declared = before.rpartition(";")[2]
    found = _COUNT.search(declared, declared.find("[")) if declared.count("[") == 1 else None
    return int(found[1], 0) if found and found[1] else None


def _parse_byte(item: str) -> int:
    shown = f"{item[:_LONGEST_SHOWN]} …" if len(item) > _LONGEST_SHOWN else item
    found = _INTEGER.fullmatch(item)
    if not item:
        raise ValueError("an empty value: there is a comma too many")
    if found is None:
        is_two = len(item.split()) > 1 and all(map(_INTEGER.fullmatch, item.split()))
        why = "in which a comma is missing" if is_two else "which is not a byte such as 0x1F"
        raise ValueError(f"{shown!r}, {why}")
    digits = found[1]
    if len(digits) > 1 and digits.isdecimal() and digits.startswith("0"):
        raise ValueError(f"{shown!r}, which C reads as an octal number: write it in hex, such as 0x1F")
    if (value := int(digits, 0)) > 0xFF:
        raise ValueError(f"{shown!r}, which is not a byte such as 0x1F")
    return value


def _name_of_array(before: str) -> str:
    """The name of the array that text before a brace ends with; empty if it ends otherwise."""
    head, equals, rest = before.rpartition("=")
    head = head.rstrip()
    if not equals or rest.strip() or not head.endswith("]"):
        return ""
    head, bracket, count = head[:-1].rpartition("[")
    if not bracket or not (count.strip() or "0").isdecimal():
        return ""
    end = len(head := head.rstrip())
    start = end
    while start and (head[start - 1].isalnum() or head[start - 1] == "_"):
        start -= 1
    return head[start:]
