"""CalcHash: SHA-256 on the chip, of data given or of objects it holds. SRM, "CalcHash"."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from optiga.chip.commands.base import Command
from optiga.errors import counted
from optiga.protocol import tlv
from optiga.protocol.apdu import HEADER_SIZE
from optiga.protocol.codes import CommandCode, ErrorCode
from optiga.protocol.commands import TAG_EXPORT
from optiga.protocol.commands.calc_hash import (
    ANSWER_DIGEST,
    DIGEST_SIZE,
    HASH_SHA256,
    MAX_FRAGMENT,
    OBJECT_INPUT,
    TAG_CONTEXT,
    HashStep,
    typical_ms,
)
from optiga.protocol.request import Returns, Traits, longest_ms
from optiga.values import Value, frozen

_EXPORT_SIZE = 3


@frozen
class ObjectPart(Value):
    """A part of an object's data as input.

    :param length: bytes; offset and length together must lie within the object's used size.
    """

    oid: int
    offset: int
    length: int


@frozen
class CalcHash(Command[bytes]):
    """One step of a SHA-256.

    The result is the digest (32 bytes) of a final step; the intermediate context, in the chip's own form, of a start or
    continuation that exports it; nothing of any other.

    :param context: what an earlier step has exported: the sequence goes on there, and what the chip was hashing
        meanwhile is dropped. For a continuation and a final step.
    :param export: whether the context is wanted. For a start and a continuation.
    """

    content: bytes | ObjectPart
    step: HashStep = HashStep.START_AND_FINAL
    context: bytes = b""
    export: bool = False

    code: ClassVar[CommandCode] = CommandCode.CALC_HASH
    param: ClassVar[int] = HASH_SHA256
    condition: ClassVar[str] = "read"

    @property
    def target(self) -> int | None:
        return self.content.oid if isinstance(self.content, ObjectPart) else None

    @property
    def data(self) -> bytes:
        if isinstance(self.content, bytes):
            message = tlv.encode(self.step, self.content)
        else:
            part = self.content
            where = b"".join(number.to_bytes(2, "big") for number in (part.oid, part.offset, part.length))
            message = tlv.encode(OBJECT_INPUT | self.step, where)
        context = tlv.encode(TAG_CONTEXT, self.context) if self.context else b""
        return message + context + (tlv.encode(TAG_EXPORT, b"") if self.export else b"")

    @property
    def traits(self) -> Traits:
        typical = typical_ms(HEADER_SIZE + len(self.data))
        return Traits(
            Returns.DATA if self.step.gives_digest or self.export else Returns.NOTHING,
            typical,
            longest_ms(typical),
            is_repeatable=self.step is HashStep.START_AND_FINAL,  # anything else would add to the message twice
        )

    def parse(self, answer: bytes) -> bytes:
        if self.step.gives_digest:
            digest = _only(answer, ANSWER_DIGEST)
            if len(digest) != DIGEST_SIZE:
                raise ValueError(f"a digest of {counted(len(digest), 'byte')} instead of {DIGEST_SIZE}")
            return digest
        if self.export:
            return _only(answer, TAG_CONTEXT)
        if answer:
            raise ValueError("a digest before the final step")
        return b""

    def hint(self, error: ErrorCode) -> str:
        if error == ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED and isinstance(self.content, ObjectPart):
            return "The chip can hash only objects that it may read"
        if error == ErrorCode.COMMAND_OUT_OF_SEQUENCE:
            return "No hash calculation is in progress: start again, or give a context"
        if error == ErrorCode.INVALID_DATA and self.context:
            return "Check that this chip has exported the context"
        return ""


def whole(parts: Iterable[bytes | ObjectPart]) -> Iterator[CalcHash]:
    """The commands that hash a message of any length, in as few as it takes; the last one's result is the digest.

    :param parts: of the message, in their order.
    """
    fragments = list(in_fragments(parts))
    if not fragments:
        yield CalcHash(b"", HashStep.START)
        yield CalcHash(b"", HashStep.FINAL)
    elif len(fragments) == 1:
        yield CalcHash(fragments[0])
    else:
        yield CalcHash(fragments[0], HashStep.START)
        yield from (CalcHash(fragment, HashStep.CONTINUE) for fragment in fragments[1:-1])
        yield CalcHash(fragments[-1], HashStep.FINAL)


def continuation(context: bytes, parts: Iterable[bytes | ObjectPart]) -> Iterator[CalcHash]:
    """The commands that go on with a message whose context was exported; the last one's result is the new context."""
    fragments = list(in_fragments(parts, MAX_FRAGMENT - 3 - len(context) - _EXPORT_SIZE)) or [b""]
    last = len(fragments) - 1
    for number, fragment in enumerate(fragments):
        yield CalcHash(fragment, HashStep.CONTINUE, b"" if number else context, export=number == last)


def in_fragments(parts: Iterable[bytes | ObjectPart], most: int = MAX_FRAGMENT) -> Iterator[bytes | ObjectPart]:
    """The parts that hold anything, those of bytes cut to what fits one command."""
    for part in parts:
        if isinstance(part, ObjectPart):
            yield part
        else:
            yield from (part[start : start + most] for start in range(0, len(part), most))


def _only(answer: bytes, wanted: int) -> bytes:
    """The value of the one TLV that an answer holds."""
    items = tlv.decode(answer)
    if len(items) != 1 or items[0][0] != wanted:
        raise ValueError(f"not one TLV 0x{wanted:02x}")
    return items[0][1]
