"""Objects of which a part may be enough.

A new chip's objects are full of zeros: to see that they hold nothing, or something else, the line need not carry
kilobytes of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optiga.chip import Chip

HEAD = 64
"""Bytes of an object that are read first."""


def read_to_compare(chip: Chip, oid: int, expected: bytes) -> bytes | None:
    """Data of an object if they are those expected, otherwise a part of them that differs; None if it cannot be read.

    One exchange, or two.

    :raises ChipError: if the chip refuses for another reason than an access condition.
    """
    head = chip.read_if_allowed(oid, length=HEAD)
    if head is None or len(head) < HEAD or head != expected[:HEAD]:
        return head
    # From the last byte of the head on: nothing may be read from behind the last byte that there is.
    return head[:-1] + chip.read(oid, HEAD - 1, len(expected) - HEAD + 2)
