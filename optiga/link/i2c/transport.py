"""The transport layer: a message in as many packets as it takes. I2C Protocol, section 5.

Written once for both ends. PCTR, the first byte of a packet, has the channel in its bits 7 to 4, which is 0, the
presence of the presentation layer in bit 3, and the packet's place in the chain in bits 2 to 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

PRESENCE = 0x08
_PLACE = 0x07


class _Chain(IntEnum):
    SINGLE = 0
    FIRST = 1
    INTERMEDIATE = 2
    LAST = 4
    ERROR = 7


class ChainError(ValueError):
    """The packets of a message do not fit together, so that the message must come again.

    :param is_told: whether the other side has said so of what was sent to it.
    """

    def __init__(self, reason: str, *, is_told: bool = False) -> None:
        super().__init__(reason)
        self.is_told = is_told


@dataclass(frozen=True, slots=True)
class Message:
    """What packets carry.

    :param data: never printed; it may be a secret.
    :param is_presented: whether the presentation layer is there.
    """

    data: bytes = field(repr=False)
    is_presented: bool = False


def split(message: Message, size: int) -> list[bytes]:
    """The packets of a message that is not empty.

    :param size: most bytes of a packet, PCTR included; all but the last have as many.
    """
    data, room = message.data, size - 1
    pieces = [data[start : start + room] for start in range(0, len(data), room)]
    flag = PRESENCE if message.is_presented else 0
    if len(pieces) == 1:
        return [bytes([flag | _Chain.SINGLE]) + data]
    places = [_Chain.FIRST] + [_Chain.INTERMEDIATE] * (len(pieces) - 2) + [_Chain.LAST]
    return [bytes([flag | place]) + piece for place, piece in zip(places, pieces, strict=True)]


def chaining_error(*, is_presented: bool) -> bytes:
    """The packet that says that a chain was broken, and is to come again."""
    return bytes([(PRESENCE if is_presented else 0) | _Chain.ERROR])


class Assembly:
    """Puts the packets of messages together that come one behind another.

    :param most: most bytes of a message.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._pieces = bytearray()
        self._is_presented = False

    def clear(self) -> None:
        """Forget a message that has begun."""
        self._pieces.clear()

    def take(self, packet: bytes, size: int) -> Message | None:
        """Take the next packet; the message that it ends, None if it ends none.

        :param size: most bytes of a packet, which all but the last of a chain must have.
        :raises ChainError: if it does not fit to what came before, which is forgotten, or is the other side's.
        """
        has_begun = bool(self._pieces)
        try:
            whole = self._take(packet, size, has_begun)
        except ChainError:
            self.clear()
            raise
        if whole:
            message = Message(bytes(self._pieces), self._is_presented)
            self.clear()
            return message
        return None

    def _take(self, packet: bytes, size: int, has_begun: bool) -> bool:
        """Keep a packet; whether the message is whole."""
        control, piece = packet[0], packet[1:]
        place = control & _PLACE
        if place == _Chain.ERROR:
            raise ChainError("the other side reports a broken chain", is_told=True)
        if control & ~(PRESENCE | _PLACE):
            raise ChainError("a packet for another channel")
        if not piece:
            raise ChainError("an empty packet")
        if place not in (_Chain.SINGLE, _Chain.FIRST, _Chain.INTERMEDIATE, _Chain.LAST):
            raise ChainError("a packet of an unknown kind")
        if has_begun != (place in (_Chain.INTERMEDIATE, _Chain.LAST)):
            raise ChainError("a packet out of order")
        if place in (_Chain.FIRST, _Chain.INTERMEDIATE) and len(packet) != size:
            raise ChainError("a packet of the wrong size")
        if len(self._pieces) + len(piece) > self._most:
            raise ChainError("a message that is too long")
        if not has_begun:
            self._is_presented = bool(control & PRESENCE)
        self._pieces += piece
        return place in (_Chain.SINGLE, _Chain.LAST)
