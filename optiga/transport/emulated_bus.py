"""An emulated chip on an I2C bus in this process: the whole protocol, and no wire."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from optiga.emulator.board.i2c_slave import I2cSlave
from optiga.emulator.timing import work_on_i2c_s
from optiga.link.i2c.host import I2cConversation
from optiga.link.i2c.registers import STARTUP_S
from optiga.transport.i2c import I2cTransport

if TYPE_CHECKING:
    from optiga.emulator.chip import EmulatedChip


class _Time:
    """A clock that goes when somebody waits, so that nobody waits for it."""

    def __init__(self) -> None:
        self._now = 0.0

    def now(self) -> float:
        return self._now

    def wait(self, seconds: float) -> None:
        self._now += seconds


class _RealTime:
    def now(self) -> float:
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        time.sleep(seconds)


class EmulatedBus:
    """An I2C bus with an emulated chip, as :class:`~optiga.transport.i2c_bus.Bus` has it.

    :param chip: powered off when this is closed.
    :param real_timing: whether commands take as long as the manual says.
    """

    def __init__(self, chip: EmulatedChip, *, real_timing: bool = False) -> None:
        self._chip = chip
        self._time: _Time | _RealTime = _RealTime() if real_timing else _Time()
        clock = self._time.now
        if real_timing:
            self._slave = I2cSlave(chip, clock=clock, work_s=work_on_i2c_s, startup_s=STARTUP_S)
        else:
            self._slave = I2cSlave(chip, clock=clock)
            self._time.wait(1.0)  # the chip has started when somebody comes
        self._is_open = True

    def write(self, data: bytes) -> bool:
        return self._slave.write(data)

    def read(self, size: int) -> bytes | None:
        return self._slave.read(size)

    def wait(self, seconds: float) -> None:
        self._time.wait(seconds)

    def now(self) -> float:
        return self._time.now()

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            self._chip.close()


def shielded_transport(chip: EmulatedChip, secret: bytes, *, port: str, real_timing: bool = False) -> I2cTransport:
    """A transport to an emulated chip over a shielded connection.

    :param secret: the platform binding secret that the host has, 32 to 64 bytes.
    """
    bus = EmulatedBus(chip, real_timing=real_timing)
    return I2cTransport(bus, I2cConversation(port=port, secret=secret), port=port)
