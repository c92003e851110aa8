"""SHA-256 whose state can be taken out in the middle of a message and put back. FIPS 180-4.

Neither hashlib nor ``cryptography`` gives its state away. So hashlib calculates, and the bytes it was fed are kept
beside; only when the state itself is asked for, or was given, are they run through the plain Python below, which takes
about 0.1 ms for 64 bytes.
"""

from __future__ import annotations

import hashlib
from struct import Struct

STATE_SIZE = 209
"""Bytes of a state taken out: as many as Infineon's host has room for (``OPTIGA_HASH_CONTEXT_LENGTH_SHA_256``)."""
MAX_KEPT = 1 << 20
"""Most bytes kept beside hashlib. What a longer message has more is worked off as it comes, so that a chip's memory
is bounded, and so is the time that taking the state out costs."""

_MARK = b"SHA256\x00\x01"
_BLOCK = 64
_MASK = 0xFFFFFFFF
_DOUBLED = 0x100000001
_WORDS = Struct(">16L")
_DIGEST = Struct(">8L")
_CHECK_SIZE = 32


def _primes(count: int) -> list[int]:
    found: list[int] = []
    number = 2
    while len(found) < count:
        if all(number % prime for prime in found):
            found.append(number)
        number += 1
    return found


def _fraction(root: float) -> int:
    """The first 32 bits behind the point."""
    return int(root % 1 * 2**32)


_INITIAL = tuple(_fraction(prime**0.5) for prime in _primes(8))
_ROUND_CONSTANTS = tuple(_fraction(prime ** (1 / 3)) for prime in _primes(64))


class RunningSha256:
    """A SHA-256 over a message that comes in parts."""

    def __init__(self) -> None:
        self._words = _INITIAL
        self._done = 0
        """Bytes of the message that the words stand for; a multiple of 64."""
        self._kept = bytearray()
        self._fast: hashlib._Hash | None = hashlib.sha256()

    @classmethod
    def from_state(cls, state: bytes) -> RunningSha256:
        """Go on from what :meth:`state` gave, here or in any other process.

        :raises ValueError: if it is no such state, or not as it was.
        """
        body, check = state[:-_CHECK_SIZE], state[-_CHECK_SIZE:]
        if len(state) != STATE_SIZE or not body.startswith(_MARK) or hashlib.sha256(body).digest() != check:
            raise ValueError("not a state of SHA-256")
        running = cls()
        start = len(_MARK)
        running._words = _DIGEST.unpack_from(body, start)
        length = int.from_bytes(body[start + 32 : start + 40], "big")
        running._done = length - length % _BLOCK
        running._kept += body[start + 40 : start + 40 + length % _BLOCK]
        running._fast = None
        return running

    def update(self, data: bytes) -> None:
        """Go on with the message."""
        self._kept += data
        if self._fast is not None:
            self._fast.update(data)
        if len(self._kept) > MAX_KEPT:
            self._work_off(len(self._kept) - MAX_KEPT)

    def digest(self) -> bytes:
        """The digest of the message so far, 32 bytes; the message can go on."""
        if self._fast is not None:
            return self._fast.digest()
        self._work_off(len(self._kept))
        length = self._done + len(self._kept)
        end = bytes(self._kept) + b"\x80" + bytes(-(length + 9) % _BLOCK) + (8 * length).to_bytes(8, "big")
        words = self._words
        for start in range(0, len(end), _BLOCK):
            words = _compress(words, end, start)
        return _DIGEST.pack(*words)

    def state(self) -> bytes:
        """All that is needed to go on, with a checksum: 209 bytes. The message can go on here as well."""
        self._work_off(len(self._kept))
        length = (self._done + len(self._kept)).to_bytes(8, "big")
        body = _MARK + _DIGEST.pack(*self._words) + length + self._kept
        body = body.ljust(STATE_SIZE - _CHECK_SIZE, b"\x00")
        return body + hashlib.sha256(body).digest()

    def _work_off(self, count: int) -> None:
        """Run whole blocks of what is kept through the words, at least ``count`` bytes if there are so many."""
        end = min(-(-count // _BLOCK), len(self._kept) // _BLOCK) * _BLOCK
        words = self._words
        for start in range(0, end, _BLOCK):
            words = _compress(words, self._kept, start)
        self._words = words
        self._done += end
        del self._kept[:end]


def _compress(words: tuple[int, ...], data: bytes | bytearray, start: int) -> tuple[int, ...]:
    """The words after one more block. FIPS 180-4, 6.2.2."""
    # A word doubled to 64 bits is rotated by a shift to the right: its lower half is then the rotated word. What stands
    # above the lower half falls away where sums are cut to 32 bits.
    schedule = list(_WORDS.unpack_from(data, start))
    for i in range(16, 64):
        x, y = schedule[i - 15], schedule[i - 2]
        xx, yy = x * _DOUBLED, y * _DOUBLED
        schedule.append(
            (schedule[i - 16] + schedule[i - 7] + (xx >> 7 ^ xx >> 18 ^ x >> 3) + (yy >> 17 ^ yy >> 19 ^ y >> 10))
            & _MASK
        )
    a, b, c, d, e, f, g, h = words
    for constant, word in zip(_ROUND_CONSTANTS, schedule, strict=True):
        ee, aa = e * _DOUBLED, a * _DOUBLED
        first = h + (ee >> 6 ^ ee >> 11 ^ ee >> 25) + (g ^ e & (f ^ g)) + constant + word
        second = (aa >> 2 ^ aa >> 13 ^ aa >> 22) + (a & b | c & (a | b))
        a, b, c, d, e, f, g, h = (first + second) & _MASK, a, b, c, (d + first) & _MASK, e, f, g
    return tuple((old + new) & _MASK for old, new in zip(words, (a, b, c, d, e, f, g, h), strict=True))
