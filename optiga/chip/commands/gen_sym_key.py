"""GenSymKey: an AES key, made and kept on the chip or given out. SRM, "GenSymKey"."""

from __future__ import annotations

from typing import ClassVar

from optiga.chip.commands.base import Command, expect_no_data
from optiga.protocol import tlv
from optiga.protocol.algorithms import AES_KEY_SIZES, KeyAlgorithm
from optiga.protocol.codes import CommandCode, ErrorCode, KeyUsage
from optiga.protocol.commands import TAG_EXPORT
from optiga.protocol.commands.gen_sym_key import ANSWER_KEY, TAG_OID, TAG_USAGE, TYPICAL_MS
from optiga.protocol.objects import SYMMETRIC_KEY
from optiga.protocol.request import Returns, Traits, longest_ms
from optiga.values import frozen


@frozen
class GenSymKey(Command[bytes]):
    """Make an AES key. The result is the key, 16, 24 or 32 bytes, if it is given out; nothing if it stays.

    :param oid: of the object that keeps it, in place of what is there; None to have it given out.
    :param usage: what it may be used for; nothing to one that is given out.
    """

    algorithm: KeyAlgorithm
    oid: int | None = SYMMETRIC_KEY
    usage: KeyUsage = KeyUsage.ENCRYPTION

    code: ClassVar[CommandCode] = CommandCode.GEN_SYM_KEY
    condition: ClassVar[str] = "change"

    @property
    def param(self) -> int:
        if self.algorithm not in AES_KEY_SIZES:
            raise ValueError(f"{self.algorithm.title} is not an algorithm for secret keys")
        return self.algorithm

    @property
    def data(self) -> bytes:
        if self.oid is None:
            return tlv.encode(TAG_EXPORT, b"")
        return tlv.encode_integer(TAG_OID, self.oid, 2) + tlv.encode_integer(TAG_USAGE, self.usage, 1)

    @property
    def traits(self) -> Traits:
        is_given_out = self.oid is None
        return Traits(
            Returns.DATA if is_given_out else Returns.NOTHING,
            TYPICAL_MS,
            longest_ms(TYPICAL_MS),
            hides_answer=is_given_out,
        )

    def parse(self, answer: bytes) -> bytes:
        if self.oid is not None:
            expect_no_data(answer)
            return b""
        items = tlv.decode(answer)
        size = AES_KEY_SIZES[self.algorithm]
        if [(tag, len(value)) for tag, value in items] != [(ANSWER_KEY, size)]:
            raise ValueError(f"it does not have a key of {size} bytes")
        return items[0][1]

    def hint(self, error: ErrorCode) -> str:
        if error == ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED:
            return (
                "0xE200 accepts no key on a new chip: set its change access condition first, with "
                "'python -m optiga object metadata 0xE200 \"change: always\"'"
            )
        if error == ErrorCode.INVALID_OID:
            return "The chip keeps secret keys only in 0xE200"
        if error == ErrorCode.INVALID_PARAM:
            return f"This chip does not generate {self.algorithm.title} keys"
        return ""
