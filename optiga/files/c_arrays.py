"""Arrays of bytes in C, as Infineon's tools and examples write them: ``uint8_t name[] = {0x20, 0x03, …};``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

_COMMENT = re.compile(r"/[*/]")
_BYTE = re.compile(r"0[xX][0-9A-Fa-f]{1,2}")


def without_comments(text: str) -> str:
    """C without its comments; one that is not closed goes to the end. In one pass, whatever the text is."""
    kept, place = [], 0
    while found := _COMMENT.search(text, place):
        kept.append(text[place : found.start()])
        is_long = found[0] == "/*"
        end = text.find("*/" if is_long else "\n", found.end())
        place = len(text) if end < 0 else end + 2 * is_long
    return "".join([*kept, text[place:]])


def find_arrays(text: str) -> Iterator[tuple[str, str]]:
    """Each ``name[] = {body}`` in C: its name and its body. In one pass, whatever the text is."""
    for before, after in pairwise(text.split("{")):
        body, closed, _ = after.partition("}")
        name = _name_of_array(before)
        if closed and name:
            yield name, body


def parse_items(body: str) -> bytes:
    """The bytes between the braces of an array.

    :raises ValueError: if there is something else than bytes as ``0x1F``.
    """
    items = body.replace(",", " ").split()
    if not all(_BYTE.fullmatch(item) for item in items):
        raise ValueError("values other than bytes such as 0x1F")
    return bytes(int(item, 16) for item in items)


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
