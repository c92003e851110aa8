"""What an object holds, found out without carrying all of it over the line.

A new chip's objects are full of zeros: to see that they hold nothing, or something else, the line need not carry
kilobytes of them. And whether an object holds what is expected, 32 bytes tell: the chip hashes its own objects (SRM,
"CalcHash").

The digest is worth as much as a reading. Both are the chip's word alone, over the same line. No other bytes with the
same SHA-256 can be found, so a chip that gives the digest has the bytes or has had them; a chip that has had them could
give them as the answer to a reading as well. What may not be read may not be hashed either.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from optiga.chip.commands.calc_hash import CalcHash, ObjectPart
from optiga.errors import ChipError
from optiga.protocol.codes import ErrorCode

if TYPE_CHECKING:
    from optiga.chip import Chip

HEAD = 64
"""Bytes of an object that are read first. So few are compared by reading: a hash would cost more of the line."""


class Comparison:
    """Bytes that an object of a chip may hold. A chip that refuses to hash the object once is not asked again.

    :param expected: the bytes.
    :param offset: where in the object they begin, in bytes.
    """

    def __init__(self, chip: Chip, oid: int, expected: bytes, *, offset: int = 0) -> None:
        self._chip = chip
        self._oid = oid
        self._expected = expected
        self._offset = offset
        self._is_hashed = len(expected) > HEAD

    def is_same(self, *, to_the_end: bool = True) -> bool | None:
        """Whether the object holds the bytes; None if it cannot be read.

        One exchange for few bytes. For more, one each for the end and the digest; an object that ends elsewhere costs
        one. The bytes themselves are read if the chip does not give the digest. The chip's own running hash is lost.

        :param to_the_end: whether they must be the object's last.
        :raises ChipError: if the chip refuses to have the object read for another reason than an access condition.
        """
        size = len(self._expected)
        if size <= HEAD:
            return self._is_equal(self._read(self._offset, size + to_the_end))
        if to_the_end:
            tail = self._tail()
            end = self._read(self._offset + size - len(tail), len(tail) + 1)
            if end != tail:
                return None if end is None else False
        if (digest := self._digest()) is not None:
            return digest == hashlib.sha256(self._expected).digest()
        return self._is_equal(self._read(self._offset, size))

    def _tail(self) -> bytes:
        """The last expected bytes, few, but with one among them that is not zero, as all of a new object's are."""
        zeros = len(self._expected) - len(self._expected.rstrip(b"\x00"))
        return self._expected[-min(zeros + 1, HEAD) :]

    def _is_equal(self, held: bytes | None) -> bool | None:
        return None if held is None else held == self._expected

    def _read(self, offset: int, length: int) -> bytes | None:
        """Bytes of the object, fewer or none where it ends before; None if its access conditions forbid it."""
        if not length:
            return b""
        try:
            return self._chip.objects.read_if_allowed(self._oid, offset, length)
        except ChipError as error:
            if error.code != ErrorCode.DATA_OBJECT_BOUNDARY_EXCEEDED:
                raise
            return b""

    def _digest(self) -> bytes | None:
        """The chip's SHA-256 of as many bytes as are expected; None if it does not give one.

        For whatever reason: no such command, an access condition, fewer bytes. A reading is refused for the same one,
        or finds what there is.
        """
        if not self._is_hashed:
            return None
        try:
            return self._chip.execute(CalcHash(ObjectPart(self._oid, self._offset, len(self._expected))))
        except ChipError:
            self._is_hashed = False
            return None
