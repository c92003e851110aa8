"""The data link: frames with a checksum and a number, acknowledged one by one. I2C Protocol, section 3.

One state machine for both ends: it numbers the sent frames, and says of each received frame what has arrived and what
the answer must be. It has no clock: its driver tells it when to repeat.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

HEAD_SIZE = 3
FCS_SIZE = 2
OVERHEAD = HEAD_SIZE + FCS_SIZE
"""What a frame has besides its packet: FCTR, LEN and FCS. A control frame is no more."""
TRANS_TIMEOUT_S = 0.010
"""How long an acknowledgment is waited for, in seconds."""
TRANS_REPEAT = 3
"""How often a frame is sent again."""

_CONTROL = 0x80
_RESERVED = 0x10
_NUMBERS = 4
_BEFORE_FIRST = 3
"""Number of the last frame sent, and received, where none was: the first is 0."""


class _Sequence(IntEnum):
    """SEQCTR: what is said of the other side's frames."""

    ACK = 0
    NAK = 1
    RESET = 2


def _table() -> tuple[int, ...]:
    entries = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ (0x8408 if value & 1 else 0)
        entries.append(value)
    return tuple(entries)


_TABLE = _table()


def frame_check(data: bytes) -> int:
    """FCS over FCTR, LEN and packet: CRC-16/KERMIT. It goes over the wire with its high byte first."""
    value = 0
    for byte in data:
        value = value >> 8 ^ _TABLE[(value ^ byte) & 0xFF]
    return value


def encode(control: int, packet: bytes = b"") -> bytes:
    """A frame with a given FCTR."""
    body = bytes([control]) + len(packet).to_bytes(2, "big") + packet
    return body + frame_check(body).to_bytes(FCS_SIZE, "big")


def is_intact(frame: bytes) -> bool:
    """Whether a frame's length and FCS are what they must be."""
    if len(frame) < OVERHEAD or int.from_bytes(frame[1:HEAD_SIZE], "big") != len(frame) - OVERHEAD:
        return False
    return frame_check(frame[:-FCS_SIZE]) == int.from_bytes(frame[-FCS_SIZE:], "big")


def is_data(frame: bytes) -> bool:
    """Whether a frame carries a packet; a control frame carries none."""
    return len(frame) > OVERHEAD and not frame[0] & _CONTROL


def acknowledgment_of(frame: bytes) -> bytes:
    """A control frame that acknowledges an intact data frame which came for somebody else."""
    return encode(_CONTROL | _Sequence.ACK << 5 | frame[0] >> 2 & 3)


@dataclass(frozen=True, slots=True)
class Received:
    """What a frame has brought.

    :param packet: of a data frame that is the next one.
    :param reply: a control frame that is to be sent at once; not the acknowledgment of a packet.
    :param is_acknowledged: whether the frame that was outstanding has been received at the other end.
    :param is_refused: whether it has not, and is to be sent again.
    :param is_reset: whether the other side has begun to count afresh; what was outstanding is forgotten.
    :param is_damaged: whether the frame was none.
    """

    packet: bytes | None = field(default=None, repr=False)
    reply: bytes = b""
    is_acknowledged: bool = False
    is_refused: bool = False
    is_reset: bool = False
    is_damaged: bool = False


class DataLink:
    """One end of the data link."""

    def __init__(self) -> None:
        self._sent = self._received = _BEFORE_FIRST
        self._outstanding: bytes | None = None
        self._is_unseen = False

    @property
    def is_outstanding(self) -> bool:
        """Whether the last packet that was sent is not acknowledged yet."""
        return self._outstanding is not None

    def send(self, packet: bytes) -> bytes:
        """The data frame that carries a packet. It acknowledges what came last, too.

        A packet that is outstanding never comes again. If the other side has said since that it has not seen it, its
        number is used again, for that is the one that is expected there.
        """
        if self._outstanding is None or not self._is_unseen:
            self._sent = (self._sent + 1) % _NUMBERS
        self._outstanding, self._is_unseen = packet, False
        return self._data_frame(packet)

    def repeat(self) -> bytes:
        """The frame that is outstanding, once more and with the same number: the other side takes it once."""
        if self._outstanding is None:
            raise ValueError("nothing is outstanding")
        return self._data_frame(self._outstanding)

    def acknowledge(self) -> bytes:
        """A control frame that acknowledges the last packet that came."""
        return encode(_CONTROL | _Sequence.ACK << 5 | self._received)

    def refuse(self) -> bytes:
        """A control frame that asks for the next packet, again if it has been sent."""
        return encode(_CONTROL | _Sequence.NAK << 5 | (self._received + 1) % _NUMBERS)

    def reset(self) -> bytes:
        """Begin to count afresh, and forget what is outstanding; a control frame that has the other side do so, too.

        A packet that is sent anew behind it is one of its own for the other side, whatever came of it before.
        """
        self._forget()
        return encode(_CONTROL | _Sequence.RESET << 5)

    def receive(self, frame: bytes, limit: int) -> Received:
        """Take a frame.

        :param limit: most bytes that a frame may have.
        """
        if len(frame) > limit or not is_intact(frame):
            return Received(reply=self.refuse(), is_damaged=True)
        control, packet = frame[0], frame[HEAD_SIZE:-FCS_SIZE]
        sequence, number, acknowledged = control >> 5 & 3, control >> 2 & 3, control & 3
        if control & _CONTROL:
            return self._take_control(control, sequence, number, acknowledged, packet)
        if control & _RESERVED or sequence > _Sequence.NAK or not packet:
            return Received(reply=self.refuse(), is_damaged=True)
        if number != (self._received + 1) % _NUMBERS:
            return Received(reply=self.acknowledge())
        self._received = number
        self._is_unseen = acknowledged == (self._sent - 1) % _NUMBERS
        told = self._take_acknowledgment(sequence, acknowledged)
        return Received(packet=packet, is_acknowledged=told is _Sequence.ACK, is_refused=told is _Sequence.NAK)

    def _take_control(self, control: int, sequence: int, number: int, acknowledged: int, packet: bytes) -> Received:
        if packet or number or control & _RESERVED or sequence > _Sequence.RESET:
            return Received(is_damaged=True)
        if sequence == _Sequence.RESET:
            if acknowledged:
                return Received(is_damaged=True)
            self._forget()
            return Received(is_reset=True)
        told = self._take_acknowledgment(sequence, acknowledged)
        return Received(is_acknowledged=told is _Sequence.ACK, is_refused=told is _Sequence.NAK)

    def _take_acknowledgment(self, sequence: int, number: int) -> _Sequence | None:
        """What is said of the frame that is outstanding; None if nothing is."""
        if self._outstanding is None or number != self._sent:
            return None
        if sequence == _Sequence.NAK:
            return _Sequence.NAK
        self._outstanding = None
        return _Sequence.ACK

    def _forget(self) -> None:
        self._sent = self._received = _BEFORE_FIRST
        self._outstanding = None

    def _data_frame(self, packet: bytes) -> bytes:
        return encode(self._sent << 2 | self._received, packet)
