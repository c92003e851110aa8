"""GetDataObject: data or metadata of an object. SRM, "GetDataObject"."""

from __future__ import annotations

from typing import ClassVar

from optiga.chip.commands.base import DENIES, Command
from optiga.errors import counted
from optiga.protocol.apdu import BUFFER_SIZE, MAX_DATA
from optiga.protocol.codes import CommandCode, ErrorCode
from optiga.protocol.commands.get_data_object import PARAM_DATA, PARAM_METADATA, typical_ms
from optiga.protocol.metadata import Metadata
from optiga.protocol.objects import LAST_ERROR_CODE, key_title_of, may_be_secret
from optiga.protocol.request import Returns, Traits, longest_ms
from optiga.values import frozen

_TYPICAL_MS = typical_ms(BUFFER_SIZE)
"""Of the largest answer: how much of it there is, only the chip knows."""
_LEAST_MS = typical_ms(0)
_TRAITS = Traits(Returns.MOSTLY_DATA, _TYPICAL_MS, longest_ms(_TYPICAL_MS), least_ms=_LEAST_MS)
_SECRET = Traits(Returns.MOSTLY_DATA, _TYPICAL_MS, longest_ms(_TYPICAL_MS), hides_answer=True, least_ms=_LEAST_MS)


@frozen
class GetData(Command[bytes]):
    """Read data of an object from an offset.

    :param length: bytes wanted; the chip gives fewer where the object ends. At most 1553.
    """

    oid: int
    offset: int = 0
    length: int = MAX_DATA

    code: ClassVar[CommandCode] = CommandCode.GET_DATA_OBJECT
    param: ClassVar[int] = PARAM_DATA

    @property
    def condition(self) -> str:
        return "" if key_title_of(self.oid) else "read"

    @property
    def data(self) -> bytes:
        return b"".join(number.to_bytes(2, "big") for number in (self.oid, self.offset, self.length))

    @property
    def traits(self) -> Traits:
        return _SECRET if may_be_secret(self.oid) else _TRAITS

    def parse(self, answer: bytes) -> bytes:
        if len(answer) > self.length:
            raise ValueError(f"{counted(len(answer), 'byte')} instead of {self.length}")
        return answer

    def hint(self, error: ErrorCode) -> str:
        if error != ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED:
            return ""
        if key := key_title_of(self.oid):
            return f"A {key} never leaves the chip"
        return f"The object's read {DENIES} it"


@frozen
class GetMetadata(Command[Metadata]):
    """Read the metadata of an object."""

    oid: int

    code: ClassVar[CommandCode] = CommandCode.GET_DATA_OBJECT
    param: ClassVar[int] = PARAM_METADATA
    condition: ClassVar[str] = ""
    traits: ClassVar[Traits] = _TRAITS

    @property
    def data(self) -> bytes:
        return self.oid.to_bytes(2, "big")

    def parse(self, answer: bytes) -> Metadata:
        return Metadata.parse(answer)


@frozen
class GetLastError(Command[int]):
    """Read why the chip refused the command before, which clears it. The result is 0 if nothing was refused."""

    code: ClassVar[CommandCode] = CommandCode.GET_DATA_OBJECT
    param: ClassVar[int] = PARAM_DATA
    traits: ClassVar[Traits] = _TRAITS
    clears_last_error: ClassVar[bool] = False

    @property
    def data(self) -> bytes:
        return LAST_ERROR_CODE.to_bytes(2, "big") + b"\x00\x00\x00\x01"

    def parse(self, answer: bytes) -> int:
        return answer[0] if answer else 0
