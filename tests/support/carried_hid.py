"""A conversation with an emulated FT260, carried by nobody: each step is done at once, the time is a number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from optiga.emulator.board.ft260 import I2C, Ft260Board
from optiga.errors import BoardError
from optiga.link.ft260.bridge import HidBridge
from optiga.link.ft260.codes import I2C_STATUS
from optiga.link.ft260.steps import AwaitInput, GetFeature, HidConversation, HidStep, Output, Pause, SetFeature
from optiga.link.steps import Heard

T = TypeVar("T")

MOST_STEPS = 20_000
"""A conversation that goes on for longer never ends."""
FEATURE_S, REPORT_S = 0.0002, 0.001


@dataclass
class Slave:
    """A chip that keeps what is written to it and gives what it is told to, or a part of a known pattern.

    :ivar refuses: how many of the next transactions it does not acknowledge.
    """

    answers: list[bytes] = field(default_factory=list)
    refuses: int = 0
    written: list[bytes] = field(default_factory=list)

    def write(self, data: bytes) -> bool:
        if self._is_refused():
            return False
        self.written.append(data)
        return True

    def read(self, size: int) -> bytes | None:
        if self._is_refused():
            return None
        answer = self.answers.pop(0) if self.answers else bytes(number % 251 for number in range(size))
        return answer.ljust(size, b"\xff")[:size]

    def _is_refused(self) -> bool:
        self.refuses -= 1
        return self.refuses >= 0


class Clock:
    """A time that passes only when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class CarriedHid:
    """A bridge, an emulated FT260, and what is said between them.

    :param on_input: what becomes of an input report on its way, and of the silence where there is none.
    :param on_feature: what becomes of a feature report that is got.
    :param fails: whether a step cannot be done, for example because the board is gone.
    :ivar late: reports that come at a time, whatever else does.
    :ivar sent: the reports sent and set, without what pads them.
    """

    board: Ft260Board
    clock: Clock
    on_input: Callable[[bytes], bytes] = lambda report: report
    on_feature: Callable[[bytes], bytes] = lambda report: report
    fails: Callable[[HidStep], bool] = lambda _: False
    late: list[tuple[float, bytes]] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    looks: int = 0
    pauses: list[float] = field(default_factory=list)
    bridge: HidBridge = field(default_factory=lambda: HidBridge(port="ft260"))

    def start(self) -> None:
        self.carry(self.bridge.start(self.clock()))

    def write(self, data: bytes) -> bool:
        return self.carry(self.bridge.write(data, self.clock()))

    def read(self, size: int) -> bytes | None:
        return self.carry(self.bridge.read(size, self.clock()))

    def carry(self, conversation: HidConversation[T]) -> T:
        try:
            step = next(conversation)
            for _ in range(MOST_STEPS):
                if self.fails(step):
                    step = conversation.throw(BoardError("gone"))
                else:
                    data = self._do(step)
                    step = conversation.send(Heard(self.clock(), data))
        except StopIteration as end:
            result: T = end.value
            return result
        raise AssertionError("it never ends")

    def _do(self, step: HidStep) -> bytes:
        if isinstance(step, GetFeature):
            self.clock.now += FEATURE_S
            self.looks += step.report_id == I2C_STATUS
            return self.on_feature(self.board.get_feature(I2C, step.report_id) or b"")
        if isinstance(step, SetFeature):
            self.sent.append(_shown(step.report))
            assert self.board.set_feature(I2C, step.report)
            self.clock.now += FEATURE_S
        elif isinstance(step, Output):
            self.sent.append(_shown(step.report))
            assert self.board.output(I2C, step.report)
            self.clock.now += REPORT_S
        elif isinstance(step, AwaitInput):
            return self._await(step.seconds)
        elif isinstance(step, Pause):
            self.pauses.append(step.seconds)
            self.clock.now += step.seconds
        return b""

    def _await(self, seconds: float) -> bytes:
        if self.late and self.late[0][0] <= self.clock.now + seconds:
            at, report = self.late.pop(0)
            self.clock.now = max(at, self.clock.now)
            return report
        report = self.on_input(self.board.take_input(I2C) or b"")
        self.clock.now += REPORT_S if report else seconds
        return report


class Statuses:
    """Statuses to be seen in place of the true ones, one a look; the true ones behind them, or the last for ever."""

    def __init__(self, *bits: int, last_for_ever: bool = False) -> None:
        self._bits = list(bits)
        self._last_for_ever = last_for_ever

    def __call__(self, report: bytes) -> bytes:
        if report[0] != I2C_STATUS or not self._bits:
            return report
        keeps = self._last_for_ever and len(self._bits) == 1
        return bytes((I2C_STATUS, self._bits[0] if keeps else self._bits.pop(0))) + report[2:]


def _shown(report: bytes) -> str:
    assert len(report) == 64
    return report.rstrip(b"\0").hex()


def carried(slave: Slave | None = None, *, saves_power: bool = False, chip_mode: int = 3) -> CarriedHid:
    """A bridge that has started, in front of a slave."""
    clock = Clock()
    board = Ft260Board(slave or Slave(), clock=clock, saves_power=saves_power, chip_mode=chip_mode)
    one = CarriedHid(board, clock)
    one.start()
    one.sent.clear()
    one.looks = 0
    return one
