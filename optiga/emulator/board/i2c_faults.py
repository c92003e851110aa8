"""What goes wrong on an I2C bus, on purpose: faults of frames, of transactions, and of what is inside them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from optiga.emulator.board.i2c_slave import I2cSlave
from optiga.link.i2c import datalink
from optiga.link.i2c.registers import Register, State

_CONTROL, _NAK, _RESYNC = 0x80, 0xA0, 0xC0
_PRESENCE, _CHAIN_ERROR = 0x08, 0x07


class FaultKind(Enum):
    """Kinds of faults."""

    DAMAGED = "damaged"
    """A bit of the frame is another."""
    CUT = "cut"
    """Only the first half of the frame comes through."""
    LOST = "lost"
    REPEATED = "repeated"
    """The frame comes a second time."""
    WRONG_NUMBER = "wrong number"
    NAK = "nak"
    """In place of the frame the other side is told that its own came damaged."""
    RESYNC = "resync"
    """The frame becomes one that has the other side count afresh."""
    CHAINING_ERROR = "chaining error"
    ADDRESS_NACK = "address nack"
    DATA_NACK = "data nack"
    """The chip stops acknowledging in the middle of the transaction."""
    RESET = "reset"
    """The chip begins anew in place of taking or giving the frame."""
    BUSY = "busy"
    """From here on the chip is busy for ever."""
    CIPHERTEXT_DAMAGED = "ciphertext damaged"
    """A bit of the packet is another, and the FCS is right."""
    FATAL_ALERT = "fatal alert"
    INTEGRITY_ALERT = "integrity alert"
    STALE = "stale"
    """The packet is an earlier one of the same direction, in a frame with the right number."""
    PLAIN = "plain"
    """The packet is an APDU outside the shielded connection."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to frames.

    :param is_towards_chip: to those that the host writes; else to those that it reads.
    :param number: of the first that it happens to, in its direction, from 0.
    :param times: to how many in a row; None for all from there on.
    """

    kind: FaultKind
    is_towards_chip: bool
    number: int
    times: int | None = 1

    def concerns(self, number: int) -> bool:
        """Whether it happens to the frame of a number."""
        return number >= self.number and (self.times is None or number < self.number + self.times)


_OK = bytes(4)
_CHANGES = (
    FaultKind.NAK,
    FaultKind.RESYNC,
    FaultKind.CHAINING_ERROR,
    FaultKind.FATAL_ALERT,
    FaultKind.INTEGRITY_ALERT,
    FaultKind.STALE,
    FaultKind.PLAIN,
)
"""Those by which a frame becomes another one, of another length."""


class FaultyBus:
    """A chip on a bus on which faults happen.

    :param faults: any number of them.
    """

    def __init__(self, slave: I2cSlave, faults: Iterable[Fault]) -> None:
        self._slave = slave
        self._faults = list(faults)
        self._pointer = 0
        self._counts = {True: 0, False: 0}
        self._last: dict[bool, bytes] = {}
        """The packet of each direction that came through last."""
        self._is_busy = False

    def add(self, fault: Fault) -> None:
        """Have one more fault happen; those that are over are forgotten."""
        self._faults = [one for one in self._faults if not self._is_over(one)] + [fault]

    def count(self, is_towards_chip: bool) -> int:
        """How many frames have gone in a direction: the number of the next one."""
        return self._counts[is_towards_chip]

    def write(self, data: bytes) -> bool:
        """A transaction in which the host writes; whether the chip acknowledges it."""
        if self._is_busy and len(data) > 1:
            return False
        self._pointer = data[0] if data else self._pointer
        if data[:1] != bytes([Register.DATA]) or len(data) == 1:
            return self._slave.write(data)
        fault = self._next_fault(True)
        frame = data[1:]
        if fault is None:
            is_acknowledged = self._deliver(frame)
            self._counts[True] += is_acknowledged
            return is_acknowledged
        self._counts[True] += 1
        return self._spoil_write(fault.kind, frame)

    def read(self, size: int) -> bytes | None:
        """A transaction in which the host reads so many bytes; None if the chip does not acknowledge it."""
        if self._is_busy:
            return State(True, False).encode()[:size].ljust(size, b"\xff")
        fault = self._next_fault(False)
        if self._pointer == Register.I2C_STATE:
            return self._read_state(size, fault)
        if self._pointer != Register.DATA:
            return self._slave.read(size)
        if fault is not None and fault.kind in (FaultKind.ADDRESS_NACK, FaultKind.DATA_NACK):
            self._counts[False] += 1
            return None
        frame = self._slave.read(size)
        if frame is None:
            return None
        self._counts[False] += 1
        if fault is None:
            self._keep(False, frame)
            return frame
        return self._spoil_read(fault.kind, frame)[:size].ljust(size, b"\xff")

    def _read_state(self, size: int, fault: Fault | None) -> bytes | None:
        """The state, with the length of the frame as it will come."""
        data = self._slave.read(size)
        waiting = self._slave.waiting
        if data is None or not waiting or fault is None or fault.kind not in _CHANGES:
            return data
        length = len(self._changed(fault.kind, waiting, is_towards_chip=False))
        return data[: size // 2] + length.to_bytes(size // 2, "big")

    def _is_over(self, fault: Fault) -> bool:
        return fault.times is not None and fault.number + fault.times <= self._counts[fault.is_towards_chip]

    def _next_fault(self, is_towards_chip: bool) -> Fault | None:
        number = self._counts[is_towards_chip]
        return next(
            (fault for fault in self._faults if fault.is_towards_chip == is_towards_chip and fault.concerns(number)),
            None,
        )

    def _deliver(self, frame: bytes) -> bool:
        self._keep(True, frame)
        return self._slave.write(bytes([Register.DATA]) + frame)

    def _keep(self, is_towards_chip: bool, frame: bytes) -> None:
        if not frame[0] & _CONTROL:
            self._last[is_towards_chip] = _packet(frame)

    def _spoil_write(self, kind: FaultKind, frame: bytes) -> bool:
        if kind is FaultKind.ADDRESS_NACK:
            return False
        if kind is FaultKind.DATA_NACK:
            self._deliver(frame[: len(frame) // 2])
            return False
        if kind is FaultKind.LOST:
            return True
        if kind is FaultKind.NAK:
            self._slave.offer(datalink.encode(_NAK | frame[0] >> 2 & 3))
            return True
        if kind is FaultKind.RESET:
            self._slave.reset()
            return True
        if kind is FaultKind.BUSY:
            self._is_busy = True
            return self._deliver(frame)
        if kind is FaultKind.REPEATED:
            self._deliver(frame)
        return self._deliver(self._changed(kind, frame, is_towards_chip=True))

    def _spoil_read(self, kind: FaultKind, frame: bytes) -> bytes:
        if kind is FaultKind.LOST:
            return b""
        if kind is FaultKind.RESET:
            self._slave.reset()
            return b""
        if kind is FaultKind.BUSY:
            self._is_busy = True
        if kind is FaultKind.REPEATED:
            self._slave.offer(frame)
        return self._changed(kind, frame, is_towards_chip=False)

    def _changed(self, kind: FaultKind, frame: bytes, *, is_towards_chip: bool) -> bytes:
        """What a frame becomes by a fault that is in its bytes alone."""
        if kind is FaultKind.DAMAGED:
            place = len(frame) // 2
            return frame[:place] + bytes([frame[place] ^ 0x10]) + frame[place + 1 :]
        if kind is FaultKind.CUT:
            return frame[: len(frame) // 2]
        if kind is FaultKind.NAK:
            return datalink.encode(_NAK | frame[0] & 3)
        if kind is FaultKind.RESYNC:
            return datalink.encode(_RESYNC)
        if frame[0] & _CONTROL or kind in (FaultKind.REPEATED, FaultKind.BUSY):
            return frame
        if kind is FaultKind.WRONG_NUMBER:
            return datalink.encode(frame[0] ^ 0x04, _packet(frame))
        packet = self._changed_packet(kind, _packet(frame), is_towards_chip=is_towards_chip)
        return datalink.encode(frame[0], packet)

    def _changed_packet(self, kind: FaultKind, packet: bytes, *, is_towards_chip: bool) -> bytes:
        flag = packet[0] & _PRESENCE
        if kind is FaultKind.CHAINING_ERROR:
            return bytes([flag | _CHAIN_ERROR])
        if kind is FaultKind.CIPHERTEXT_DAMAGED:
            return packet[:-1] + bytes([packet[-1] ^ 0x01])
        if kind is FaultKind.FATAL_ALERT:
            return bytes([_PRESENCE, 0x40])
        if kind is FaultKind.INTEGRITY_ALERT:
            return bytes([_PRESENCE, 0x44])
        if kind is FaultKind.PLAIN:
            return b"\x00" + _OK
        return self._last.get(is_towards_chip, packet) if kind is FaultKind.STALE else packet


def _packet(frame: bytes) -> bytes:
    return frame[datalink.HEAD_SIZE : -datalink.FCS_SIZE]
