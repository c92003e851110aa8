"""Boards on which faults happen: a bridge with its UART, and a bus."""

from __future__ import annotations

import threading
from collections.abc import Callable

from optiga.emulator.board.i2c_faults import Fault as BusFault
from optiga.emulator.board.i2c_faults import FaultKind, FaultyBus
from optiga.emulator.board.i2c_slave import I2cSlave
from optiga.emulator.board.uart import Board
from optiga.emulator.faults import Fault, Faults, Kind
from optiga.errors import BoardError
from optiga.link.i2c import datalink
from optiga.link.i2c.registers import Register

_BUS_KINDS = {
    Kind.LOST: FaultKind.LOST,
    Kind.DAMAGED: FaultKind.DAMAGED,
    Kind.CUT: FaultKind.CUT,
    Kind.REPEATED: FaultKind.REPEATED,
}


class _UnheardError(BoardError):
    """The chip has not got the command."""


class FaultyBoard(Board):
    """A bridge with a chip behind it, on whose line faults happen.

    :param execute: the chip: a command APDU in, an answer APDU out.
    :param wait: has an answer come so many seconds later.
    :param report: is told why the chip did not answer where nobody asked for that.
    """

    def __init__(
        self,
        execute: Callable[[bytes], bytes],
        faults: Faults,
        *,
        wait: Callable[[float], None],
        report: Callable[[BoardError], None],
    ) -> None:
        super().__init__(self._try, report=self._tell)
        self._chip = execute
        self._faults = faults
        self.wait = wait
        self._tell_others = report
        self._of_command: Fault | None = None
        self._of_answer: Fault | None = None

    def _step(self) -> bytes | None:
        self._of_command = self._of_answer = None
        sent = super()._step()
        if sent is None:
            return None
        if self._of_command is not None and self._of_command.kind is Kind.LOST:
            return b""
        return sent if self._of_answer is None else self._spoil(self._of_answer, sent)

    def _try(self, command: bytes) -> bytes:
        self._of_command = self._faults.take_of_command()
        if self._of_command is not None:
            raise _UnheardError("the command did not arrive")
        answer = self._chip(command)
        self._of_answer = self._faults.take_of_answer()
        return answer

    def _tell(self, error: BoardError) -> None:
        if not isinstance(error, _UnheardError):
            self._tell_others(error)

    def _spoil(self, fault: Fault, frame: bytes) -> bytes:
        if fault.kind is Kind.DELAYED:
            self.wait(fault.seconds)
        return {
            Kind.LOST: b"",
            Kind.DAMAGED: frame[:-1] + bytes([frame[-1] ^ 0xFF]),
            Kind.CUT: frame[: len(frame) // 2],
            Kind.REPEATED: frame * 2,
            Kind.DELAYED: frame,
        }[fault.kind]


class FaultySlave:
    """A chip on a bus on which faults happen, as :class:`~optiga.emulator.board.ft260.I2cSlave` has one."""

    def __init__(self, slave: I2cSlave, faults: Faults) -> None:
        self._slave = slave
        self._bus = FaultyBus(slave, [])
        self._faults = faults
        self._lock = threading.RLock()
        self._pointer = int(Register.I2C_STATE)

    def reset(self) -> None:
        """The chip begins anew, as after a power cycle."""
        with self._lock:
            self._slave.reset()

    def write(self, data: bytes) -> bool:
        """A transaction in which the host writes; whether the chip acknowledges it."""
        with self._lock:
            self._pointer = data[0] if data else self._pointer
            if data[:1] == bytes([Register.DATA]) and datalink.is_data(data[1:]):
                self._happen(self._faults.take_of_command(), is_towards_chip=True)
            return self._bus.write(data)

    def read(self, size: int) -> bytes | None:
        """A transaction in which the host reads so many bytes; None if the chip does not acknowledge it."""
        with self._lock:
            if self._pointer == Register.DATA and datalink.is_data(self._slave.waiting):
                self._happen(self._faults.take_of_answer(frozenset(_BUS_KINDS)), is_towards_chip=False)
            return self._bus.read(size)

    def _happen(self, fault: Fault | None, *, is_towards_chip: bool) -> None:
        if fault is not None:
            self._bus.add(BusFault(_BUS_KINDS[fault.kind], is_towards_chip, self._bus.count(is_towards_chip)))


def take_delay_s(faults: Faults) -> float:
    """How much longer a chip on a bus works on a command than it would, in seconds."""
    fault = faults.take_of_answer(frozenset({Kind.DELAYED}))
    return 0.0 if fault is None else fault.seconds
