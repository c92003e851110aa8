"""A machine that stands still in the midst of things: what it then sees is not what was so in time."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from optiga import BoardError
from tests.support.i2c_carried import SimulatedClock
from tests.support.i2c_carried import Slave as OnTheBus
from tests.support.i2c_chips import OPEN, UID, OnBus

LATE_S = 0.5
"""More than a chip may take until it acknowledges."""
WORK_S = 0.05


@dataclass
class ToldLate:
    """A bus of which some transactions are told late.

    :param refusals: how many that were not acknowledged; those after it are told at once.
    """

    slave: OnTheBus
    clock: SimulatedClock
    refusals: int

    def write(self, data: bytes) -> bool:
        is_acknowledged = self.slave.write(data)
        self._tell(is_acknowledged)
        return is_acknowledged

    def read(self, size: int) -> bytes | None:
        data = self.slave.read(size)
        self._tell(data is not None)
        return data

    def _tell(self, is_acknowledged: bool) -> None:
        if not is_acknowledged and self.refusals:
            self.refusals -= 1
            self.clock.now += LATE_S


@dataclass
class StandsStill:
    """A bus whose host stands still once, behind a look at a chip that works.

    :param for_s: how long, in seconds.
    """

    slave: OnTheBus
    clock: SimulatedClock
    for_s: float

    def write(self, data: bytes) -> bool:
        return self.slave.write(data)

    def read(self, size: int) -> bytes | None:
        data = self.slave.read(size)
        if data is not None and size == 4 and data[0] & 0x80 and self.for_s:
            self.clock.now, self.for_s = self.clock.now + self.for_s, 0
        return data


@pytest.mark.parametrize("refusals", [1, 2, 5])
def test_a_refusal_that_is_told_late_is_tried_again(refusals: int) -> None:
    bus = OnBus(startup_s=0.002)
    host = bus.host(ToldLate(bus.slave, bus.clock, refusals))
    assert host.exchange(OPEN)
    assert len(host.exchange(UID)) == 4 + 27


def test_a_chip_that_is_gone_is_still_found_to_be() -> None:
    bus = OnBus(startup_s=1000)
    host = bus.host(ToldLate(bus.slave, bus.clock, 1000))
    with pytest.raises(BoardError, match="acknowledges"):
        host.exchange(OPEN)


@pytest.mark.parametrize("for_s", [1, 4.9, 6, 15])
def test_an_answer_that_came_while_the_host_stood_still(for_s: float) -> None:
    bus = OnBus(work_s=lambda command, answer: WORK_S)
    host = bus.host(StandsStill(bus.slave, bus.clock, 0))
    host.exchange(OPEN)
    still = StandsStill(bus.slave, bus.clock, for_s)
    host.slave = still
    assert len(host.exchange(UID)) == 4 + 27
    assert not still.for_s, "it never stood still"
    assert bus.chip.commands.count(UID.apdu) == 1
