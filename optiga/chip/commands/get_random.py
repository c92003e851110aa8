"""GetRandom: random bytes from the chip, or a secret drawn into a session. SRM, "GetRandom"."""

from __future__ import annotations

from typing import ClassVar

from optiga.chip.commands.base import Command, expect_no_data
from optiga.protocol import tlv
from optiga.protocol.codes import CommandCode, ErrorCode
from optiga.protocol.commands.get_random import (
    PARAM_DRNG,
    PARAM_PRE_MASTER_SECRET,
    PARAM_TRNG,
    RANDOM_SIZES,
    TAG_PREPENDED,
    TYPICAL_MS,
)
from optiga.protocol.request import Returns, Traits, longest_ms
from optiga.values import frozen

_SIZE_HINT = f"One command generates {RANDOM_SIZES[0]} to {RANDOM_SIZES[-1]} bytes"
_SESSION_HINT = "A session stores at most 66 bytes, and at least 8 of them must be random"


@frozen
class GetRandom(Command[bytes]):
    """Random bytes, 8 to 256 of them.

    :param deterministic: from the deterministic generator (SP 800-90A) in place of the true one (AIS-31).
    :param session: identifier of a session that keeps ``prepended`` and the random bytes behind it, at most 66 bytes
        together; None for none. The random bytes alone are returned in either case.
    """

    size: int
    deterministic: bool = False
    session: int | None = None
    prepended: bytes = b""

    code: ClassVar[CommandCode] = CommandCode.GET_RANDOM
    traits: ClassVar[Traits] = Traits(Returns.DATA, TYPICAL_MS, longest_ms(TYPICAL_MS), hides_answer=True)
    """What becomes of random bytes nobody knows: somebody may make a key of them."""

    @property
    def param(self) -> int:
        return PARAM_DRNG if self.deterministic else PARAM_TRNG

    @property
    def data(self) -> bytes:
        size = self.size.to_bytes(2, "big")
        return size if self.session is None else size + _encode_session(self.session, self.prepended)

    def parse(self, answer: bytes) -> bytes:
        if len(answer) != self.size:
            raise ValueError(f"{len(answer)} random bytes instead of {self.size}")
        return answer

    def hint(self, error: ErrorCode) -> str:
        if error != ErrorCode.INVALID_DATA:
            return ""
        return _SIZE_HINT if self.session is None else _SESSION_HINT


@frozen
class DrawPreMasterSecret(Command[None]):
    """Draw a pre-master secret that stays in a session, to be encrypted for a server and derived from.

    :param oid: of the session.
    :param size: random bytes, at least 8.
    :param prepended: what the secret begins with, for example a protocol version; at most 66 bytes together.
    """

    oid: int
    size: int
    prepended: bytes = b""

    code: ClassVar[CommandCode] = CommandCode.GET_RANDOM
    param: ClassVar[int] = PARAM_PRE_MASTER_SECRET
    traits: ClassVar[Traits] = Traits(Returns.NOTHING, TYPICAL_MS, longest_ms(TYPICAL_MS), hides_answer=True)

    @property
    def data(self) -> bytes:
        return self.size.to_bytes(2, "big") + _encode_session(self.oid, self.prepended)

    def parse(self, answer: bytes) -> None:
        expect_no_data(answer)

    def hint(self, error: ErrorCode) -> str:
        return _SESSION_HINT if error == ErrorCode.INVALID_DATA else ""


def _encode_session(oid: int, prepended: bytes) -> bytes:
    return oid.to_bytes(2, "big") + tlv.encode(TAG_PREPENDED, prepended)
