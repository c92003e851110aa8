"""CalcHash: SHA-256 on the chip, of data given or of objects it holds. SRM, "CalcHash"."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from optiga.chip.commands.base import Command
from optiga.protocol import tlv
from optiga.protocol.codes import HASH_SHA256, CommandCode

_TAG_DIGEST = 0x01
_OBJECT_INPUT = 0x10


class HashStep(IntEnum):
    """Place of a command in a sequence."""

    START = 0x00
    START_AND_FINAL = 0x01
    CONTINUE = 0x02
    FINAL = 0x03


@dataclass(eq=False, repr=False)
class ObjectPart:
    """A part of an object's data as input.

    :param length: bytes; offset and length together must lie within the object's used size.
    """

    oid: int
    offset: int
    length: int


@dataclass(eq=False, repr=False)
class CalcHash(Command[bytes]):
    """One step of a SHA-256. The result is the digest (32 bytes) of a final step, nothing of any other."""

    content: bytes | ObjectPart
    step: HashStep = HashStep.START_AND_FINAL

    code: ClassVar[CommandCode] = CommandCode.CALC_HASH

    @property
    def param(self) -> int:
        return HASH_SHA256

    @property
    def data(self) -> bytes:
        if isinstance(self.content, bytes):
            return tlv.encode(self.step, self.content)
        part = self.content
        where = b"".join(number.to_bytes(2, "big") for number in (part.oid, part.offset, part.length))
        return tlv.encode(_OBJECT_INPUT | self.step, where)

    def parse(self, answer: bytes) -> bytes:
        if self.step in (HashStep.START, HashStep.CONTINUE):
            if answer:
                raise ValueError("a digest before the final step")
            return b""
        digests = [value for tag, value in tlv.decode(answer) if tag == _TAG_DIGEST]
        if len(digests) != 1 or len(digests[0]) != 32:
            raise ValueError("no digest of 32 bytes in it")
        return digests[0]
