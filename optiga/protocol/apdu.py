"""Command and answer APDUs. SRM, table "APDU Fields"."""

from __future__ import annotations

from optiga.protocol.codes import CLEAR_LAST_ERROR, CommandCode
from optiga.values import Value, frozen

HEADER_SIZE = 4
BUFFER_SIZE = 0x0615
"""Bytes of the chip's APDU buffer (object 0xE0C6)."""
MAX_DATA = BUFFER_SIZE - HEADER_SIZE
"""Most bytes of data in a command or answer: 1553. SRM, "Memory Constraints"."""

STATUS_OK = 0x00
STATUS_ERROR = 0xFF
_OK, _ERROR = bytes([STATUS_OK, 0]), bytes([STATUS_ERROR, 0])


@frozen
class Command(Value):
    """A command APDU in its parts: code as sent (with or without 0x80), param, data."""

    code: int
    param: int
    data: bytes


@frozen
class Answer(Value):
    """An answer APDU in its parts. The undefined second byte is not kept."""

    ok: bool
    data: bytes


def encode_command(code: CommandCode, param: int, data: bytes = b"", *, clear_last_error: bool = True) -> bytes:
    """A command APDU. With ``clear_last_error`` the chip forgets its last error code first."""
    if len(data) > MAX_DATA:
        raise ValueError(f"{code.title}: {len(data)} bytes of data exceed the chip's {MAX_DATA}")
    first = code | CLEAR_LAST_ERROR if clear_last_error else code
    return bytes([first, param]) + len(data).to_bytes(2, "big") + data


def command_code(command: bytes) -> int:
    """Code of a command APDU without the bit that clears the last error."""
    return command[0] & ~CLEAR_LAST_ERROR if command else 0


def decode_command(apdu: bytes) -> Command:
    """The parts of a command APDU.

    :raises ValueError: if its length field and its length do not agree.
    """
    _check_length(apdu)
    return Command(apdu[0], apdu[1], apdu[HEADER_SIZE:])


def encode_answer(data: bytes = b"", *, ok: bool = True) -> bytes:
    """An answer APDU; its undefined byte is 0."""
    return (_OK if ok else _ERROR) + len(data).to_bytes(2, "big") + data


def decode_answer(apdu: bytes) -> Answer:
    """The parts of an answer APDU.

    :raises ValueError: if its length field and its length do not agree, or its status is none of the manual's.
    """
    _check_length(apdu)
    if apdu[0] not in (STATUS_OK, STATUS_ERROR):
        raise ValueError(f"answer with unknown status 0x{apdu[0]:02x}")
    return Answer(apdu[0] == STATUS_OK, apdu[HEADER_SIZE:])


def _check_length(apdu: bytes) -> None:
    if len(apdu) < HEADER_SIZE:
        raise ValueError(f"an APDU of {len(apdu)} bytes has no complete header")
    announced = int.from_bytes(apdu[2:HEADER_SIZE], "big")
    if announced != len(apdu) - HEADER_SIZE:
        raise ValueError(f"an APDU announces {announced} bytes of data but has {len(apdu) - HEADER_SIZE}")
