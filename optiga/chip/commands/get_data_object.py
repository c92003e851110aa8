"""GetDataObject: data or metadata of an object. SRM, "GetDataObject"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from optiga.chip.commands.base import Command
from optiga.protocol.apdu import MAX_DATA
from optiga.protocol.codes import CommandCode, ErrorCode
from optiga.protocol.metadata import Metadata
from optiga.protocol.objects import OBJECTS

_READ_DATA = 0x00
_READ_METADATA = 0x01


@dataclass(eq=False, repr=False)
class GetData(Command[bytes]):
    """Read data of an object from an offset.

    :param length: bytes wanted; the chip gives fewer where the object ends. At most 1553.
    """

    oid: int
    offset: int = 0
    length: int = MAX_DATA

    code: ClassVar[CommandCode] = CommandCode.GET_DATA_OBJECT

    @property
    def param(self) -> int:
        return _READ_DATA

    @property
    def data(self) -> bytes:
        return b"".join(number.to_bytes(2, "big") for number in (self.oid, self.offset, self.length))

    def parse(self, answer: bytes) -> bytes:
        if len(answer) > self.length:
            raise ValueError(f"{len(answer)} bytes where {self.length} were asked for")
        return answer

    def hint(self, error: ErrorCode) -> str:
        if error != ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED:
            return ""
        info = OBJECTS.get(self.oid)
        if info and info.kind.is_key:
            return "A private key never leaves the chip"
        return "The object's read access condition does not allow it"


@dataclass(eq=False, repr=False)
class GetMetadata(Command[Metadata]):
    """Read the metadata of an object."""

    oid: int

    code: ClassVar[CommandCode] = CommandCode.GET_DATA_OBJECT

    @property
    def param(self) -> int:
        return _READ_METADATA

    @property
    def data(self) -> bytes:
        return self.oid.to_bytes(2, "big")

    def parse(self, answer: bytes) -> Metadata:
        return Metadata.parse(answer)
