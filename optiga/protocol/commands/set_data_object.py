"""SetDataObject. SRM, section of the same name."""

from __future__ import annotations

from optiga.protocol.apdu import MAX_DATA

PARAM_WRITE = 0x00
PARAM_METADATA = 0x01
PARAM_COUNT = 0x02
PARAM_ERASE_AND_WRITE = 0x40
HEAD_SIZE = 4
"""Bytes of identifier and offset, in front of what is written."""
MAX_FRAGMENT = MAX_DATA - HEAD_SIZE
"""Most bytes that one write carries: 1549."""
COUNTS = range(1, 256)
"""What one command can add to a counter."""

_MS_FOR_256_BYTES = 55


def typical_ms(command_size: int) -> float:
    """How long the chip works on it.

    :param command_size: bytes of the command APDU.
    """
    return _MS_FOR_256_BYTES * max(1.0, command_size / 256)
