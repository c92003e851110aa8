"""Frames of the board's bridge firmware: start sequence, length, APDU, CRC.

Source: ``provisioning_sm.c`` of Infineon's ``mtb-example-optiga-data-management``.
"""

from __future__ import annotations

from binascii import crc_hqx

START = bytes.fromhex("beefdead")
HEAD_SIZE = 6
"""Bytes of start sequence and length: what the firmware reads before anything else."""
CRC_SIZE = 2
OVERHEAD = HEAD_SIZE + CRC_SIZE
ERROR = START + b"\xff\xff"
"""The firmware's answer to a wrong start sequence, a wrong CRC, or a chip that does not answer. It has no CRC."""
BUFFER_SIZE = 1998
"""The firmware's buffer in bytes; no frame of either direction is longer."""
MAX_APDU = BUFFER_SIZE - OVERHEAD
LINE_BYTES_PER_MS = 11.52
"""What the board's UART carries: 115200 baud, ten bits a byte."""

_REFLECTED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def crc16(data: bytes) -> int:
    """CRC-16/KERMIT of data (polynomial 0x1021 reflected, start value 0).

    The standard library has the same polynomial unreflected, so bits are turned round on the way in and out.
    """
    crc = crc_hqx(data.translate(_REFLECTED), 0)
    return _REFLECTED[crc & 0xFF] << 8 | _REFLECTED[crc >> 8]


def encode(apdu: bytes) -> bytes:
    """The frame that carries an APDU.

    :raises ValueError: if the frame would not fit the firmware's buffer.
    """
    if not 0 < len(apdu) <= MAX_APDU:
        raise ValueError(f"an APDU of {len(apdu)} bytes does not fit a frame (1 to {MAX_APDU})")
    head_and_apdu = START + len(apdu).to_bytes(2, "big") + apdu
    return head_and_apdu + crc16(head_and_apdu).to_bytes(CRC_SIZE, "big")


def body_length(head: bytes) -> int | None:
    """Length of the APDU that a head of six bytes announces; None if its start sequence is wrong."""
    return int.from_bytes(head[4:HEAD_SIZE], "big") if head.startswith(START) else None


def is_intact(frame: bytes) -> bool:
    """Whether the CRC at the end of a whole frame is right."""
    return crc16(frame[:-CRC_SIZE]) == int.from_bytes(frame[-CRC_SIZE:], "big")


def longest_wait(sent: bytes) -> int:
    """Most bytes that the firmware can still be waiting for if any one byte of a frame was lost on its way.

    A lost byte of the length makes it read the first byte of the APDU as part of the length.
    """
    longest = 0
    for lost in range(len(START), HEAD_SIZE):
        arrived = sent[:lost] + sent[lost + 1 :]
        announced = body_length(arrived[:HEAD_SIZE]) or 0
        longest = max(longest, OVERHEAD + announced - len(arrived))
    return max(longest, 1)
