"""Text in UTF-16 or UTF-32, told by what it begins with."""

from __future__ import annotations

import codecs

_FIRST_CHARACTERS = 8
"""Characters of a text by which it is told what it is encoded in."""


def wide_encoding(data: bytes) -> str:
    """What text is encoded in, UTF-16 (as Windows PowerShell writes it) or UTF-32, by the mark that it begins with;
    empty for any other data.
    """
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):  # of which one begins as that of UTF-16 does
        return "UTF-32"
    return "UTF-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else ""


def likely_encoding(data: bytes) -> str:
    """As :func:`wide_encoding`, also of text without a mark, by the zeros in its first characters, for messages."""
    widths = (("UTF-32", 4), ("UTF-16", 2))
    return wide_encoding(data) or next((name for name, width in widths if _begins_with_ascii(data, width)), "")


def _begins_with_ascii(data: bytes, width: int) -> bool:
    """Whether data begin with some ASCII characters, each in as many bytes, in either order of the bytes."""
    head = data[: _FIRST_CHARACTERS * width]
    for place in (0, width - 1):
        text = head[place::width]
        others = bytes(octet for index, octet in enumerate(head) if index % width != place)
        is_ascii = all(0x20 <= octet < 0x7F or octet in b"\t\r\n" for octet in text)
        if len(text) == _FIRST_CHARACTERS and is_ascii and not any(others):
            return True
    return False
