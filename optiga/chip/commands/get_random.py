"""GetRandom: random bytes from the chip. SRM, "GetRandom"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from optiga.chip.commands.base import Command
from optiga.protocol.codes import CommandCode

MIN_SIZE = 8
MAX_SIZE = 256

_TRNG = 0x00
_DRNG = 0x01


@dataclass(eq=False, repr=False)
class GetRandom(Command[bytes]):
    """Random bytes, 8 to 256 of them.

    :param deterministic: from the deterministic generator (SP 800-90A) in place of the true one (AIS-31).
    """

    size: int
    deterministic: bool = False

    code: ClassVar[CommandCode] = CommandCode.GET_RANDOM

    @property
    def param(self) -> int:
        return _DRNG if self.deterministic else _TRNG

    @property
    def data(self) -> bytes:
        return self.size.to_bytes(2, "big")

    def parse(self, answer: bytes) -> bytes:
        if len(answer) != self.size:
            raise ValueError(f"{len(answer)} random bytes where {self.size} were asked for")
        return answer
