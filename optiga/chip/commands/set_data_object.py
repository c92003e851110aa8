"""SetDataObject: write data or metadata of an object. SRM, "SetDataObject"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from optiga.chip.commands.base import Command, expect_no_data
from optiga.protocol.apdu import MAX_DATA
from optiga.protocol.codes import CommandCode, ErrorCode
from optiga.protocol.metadata import Metadata

MAX_FRAGMENT = MAX_DATA - 4
"""Most bytes that one write carries beside identifier and offset."""

_WRITE = 0x00
_WRITE_METADATA = 0x01
_COUNT = 0x02
_ERASE_AND_WRITE = 0x40
_INFINEON_CERTIFICATE = 0xE0E0


@dataclass(eq=False, repr=False)
class SetData(Command[None]):
    """Write data of an object from an offset, at most 1549 bytes.

    :param erase: whether the object is emptied first; otherwise bytes before and behind stay.
    """

    oid: int
    offset: int
    content: bytes
    erase: bool = False

    code: ClassVar[CommandCode] = CommandCode.SET_DATA_OBJECT

    @property
    def param(self) -> int:
        return _ERASE_AND_WRITE if self.erase else _WRITE

    @property
    def data(self) -> bytes:
        return self.oid.to_bytes(2, "big") + self.offset.to_bytes(2, "big") + self.content

    def parse(self, answer: bytes) -> None:
        expect_no_data(answer)

    def hint(self, error: ErrorCode) -> str:
        if error == ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED and self.oid == _INFINEON_CERTIFICATE:
            return (
                "0xE0E0 holds Infineon's own certificate and is locked; use another slot, for example second (0xE0E1)"
            )
        if error == ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED:
            return "The object is locked: its change access condition does not allow it"
        if error == ErrorCode.DATA_OBJECT_BOUNDARY_EXCEEDED:
            return f"{self.offset + len(self.content)} bytes do not fit the object"
        return ""


@dataclass(eq=False, repr=False)
class SetMetadata(Command[None]):
    """Write metadata of an object: only the tags given are changed."""

    oid: int
    changes: Metadata

    code: ClassVar[CommandCode] = CommandCode.SET_DATA_OBJECT

    @property
    def param(self) -> int:
        return _WRITE_METADATA

    @property
    def data(self) -> bytes:
        return self.oid.to_bytes(2, "big") + b"\x00\x00" + self.changes.encode()

    def parse(self, answer: bytes) -> None:
        expect_no_data(answer)

    def hint(self, error: ErrorCode) -> str:
        if error == ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED:
            return "An object's metadata can be changed only before its life cycle state is operational"
        return ""


@dataclass(eq=False, repr=False)
class Count(Command[None]):
    """Advance a counter by 1 to 255; one that passes its threshold stays at it."""

    oid: int
    step: int = 1

    code: ClassVar[CommandCode] = CommandCode.SET_DATA_OBJECT

    @property
    def param(self) -> int:
        return _COUNT

    @property
    def data(self) -> bytes:
        if not 1 <= self.step <= 255:
            raise ValueError(f"a counter is advanced by 1 to 255, not by {self.step}")
        return self.oid.to_bytes(2, "big") + b"\x00\x00" + bytes([self.step])

    def parse(self, answer: bytes) -> None:
        expect_no_data(answer)

    def hint(self, error: ErrorCode) -> str:
        if error == ErrorCode.COUNTER_THRESHOLD_EXCEEDED:
            return "The counter is at its threshold; it counts again once it is written anew, if that is allowed"
        if error == ErrorCode.INVALID_OID:
            return "Counters are 0xE120 to 0xE123, and data objects whose type is up counter"
        if error == ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED:
            return "The counter's execute access condition does not allow counting"
        return ""
