"""Bytes for people."""

from __future__ import annotations

WIDTH = 16
"""Bytes on a line."""


def hex_dump(data: bytes, offset: int = 0) -> str:
    """Lines of offset, 16 bytes in hex and the same bytes as ASCII, each with a line break; empty for no bytes.

    :param offset: where the data begin, in bytes.
    """
    lines = []
    for start in range(0, len(data), WIDTH):
        part = data[start : start + WIDTH]
        left, right = part[: WIDTH // 2].hex(" "), part[WIDTH // 2 :].hex(" ")
        text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in part)
        lines.append(f"{offset + start:08x}  {left:<23}  {right:<23}  |{text}|\n")
    return "".join(lines)
