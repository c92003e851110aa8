"""SetDataObject: write data or metadata of an object. SRM, "SetDataObject"."""

from __future__ import annotations

from typing import ClassVar

from optiga.chip.commands.base import DENIES, Command, expect_no_data
from optiga.errors import counted, naming
from optiga.protocol.apdu import HEADER_SIZE
from optiga.protocol.codes import CommandCode, ErrorCode
from optiga.protocol.commands.set_data_object import (
    COUNTS,
    HEAD_SIZE,
    PARAM_COUNT,
    PARAM_ERASE_AND_WRITE,
    PARAM_METADATA,
    PARAM_WRITE,
    typical_ms,
)
from optiga.protocol.metadata import Metadata
from optiga.protocol.objects import INFINEON_CERTIFICATE, PLATFORM_BINDING_SECRET, key_title_of, may_be_secret
from optiga.protocol.request import Returns, Traits, longest_ms
from optiga.values import frozen


@frozen
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
    def condition(self) -> str:
        return "" if self.oid == INFINEON_CERTIFICATE or key_title_of(self.oid) else "change"

    @property
    def param(self) -> int:
        return PARAM_ERASE_AND_WRITE if self.erase else PARAM_WRITE

    @property
    def data(self) -> bytes:
        return self.oid.to_bytes(2, "big") + self.offset.to_bytes(2, "big") + self.content

    @property
    def secrets(self) -> tuple[str, ...]:
        return ("content",) if may_be_secret(self.oid) else ()

    @property
    def traits(self) -> Traits:
        return _traits(self.oid, len(self.content), hides_command=may_be_secret(self.oid))

    def parse(self, answer: bytes) -> None:
        expect_no_data(answer)

    def hint(self, error: ErrorCode) -> str:
        if error == ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED and self.oid == INFINEON_CERTIFICATE:
            return "0xE0E0 has Infineon's own certificate and is locked: use another slot, for example second (0xE0E1)"
        if error == ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED and (key := key_title_of(self.oid)):
            return f"The object is for a {key}, which only the chip generates: no data can be written to it"
        if error == ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED:
            return f"The object's change {DENIES} it"
        if error == ErrorCode.DATA_OBJECT_BOUNDARY_EXCEEDED:
            size = self.offset + len(self.content)
            return f"{counted(size, 'byte', 'do')} not fit in the object"
        return ""


@frozen
class SetMetadata(Command[None]):
    """Write metadata of an object: only the tags given are changed."""

    oid: int
    changes: Metadata

    code: ClassVar[CommandCode] = CommandCode.SET_DATA_OBJECT
    param: ClassVar[int] = PARAM_METADATA
    condition: ClassVar[str] = ""

    @property
    def data(self) -> bytes:
        return self.oid.to_bytes(2, "big") + b"\x00\x00" + self.changes.encode()

    @property
    def traits(self) -> Traits:
        return _traits(self.oid, len(self.changes.encode()))

    def parse(self, answer: bytes) -> None:
        expect_no_data(answer)

    def hint(self, error: ErrorCode) -> str:
        if error == ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED:
            return "An object's metadata can be changed only before its life cycle state is operational"
        return ""


@frozen
class Count(Command[None]):
    """Advance a counter by 1 to 255; one that passes its threshold stays at it."""

    oid: int
    step: int = 1

    code: ClassVar[CommandCode] = CommandCode.SET_DATA_OBJECT
    param: ClassVar[int] = PARAM_COUNT

    @property
    def traits(self) -> Traits:
        return _traits(self.oid, 1, is_repeatable=False)  # which would count twice

    @property
    def data(self) -> bytes:
        if self.step not in COUNTS:
            raise ValueError(f"a counter can be advanced by 1 to {COUNTS[-1]}, not by {self.step}")
        return self.oid.to_bytes(2, "big") + b"\x00\x00" + bytes([self.step])

    def parse(self, answer: bytes) -> None:
        expect_no_data(answer)

    def hint(self, error: ErrorCode) -> str:
        if error == ErrorCode.COUNTER_THRESHOLD_EXCEEDED:
            return naming(
                "The counter has reached its threshold. To count again, use {counters.write_counter} to set a smaller "
                "value or a greater threshold, if its change access condition allows it"
            )
        if error == ErrorCode.INVALID_OID:
            return "Use a counter: 0xE120 to 0xE123, or a data object of the type up_counter"
        if error == ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED:
            return f"The counter's execute {DENIES} counting"
        return ""


def _traits(oid: int, size: int, *, is_repeatable: bool = True, hides_command: bool = False) -> Traits:
    """Traits of a command that writes.

    :param size: bytes behind identifier and offset.
    """
    typical = typical_ms(HEADER_SIZE + HEAD_SIZE + size)
    return Traits(
        Returns.NOTHING,
        typical,
        longest_ms(typical),
        is_repeatable=is_repeatable,
        hides_command=hides_command or oid == PLATFORM_BINDING_SECRET,
    )
