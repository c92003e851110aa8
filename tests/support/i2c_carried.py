"""An I2C conversation with an emulated chip, carried by nobody: what is asked for is done at once.

The time is a number that grows by what transactions and pauses take.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from optiga.link.i2c.host import I2cConversation
from optiga.link.i2c.registers import GUARD_TIME_S
from optiga.link.i2c.steps import Conversation, Done, Note, Pause, Step, Write
from optiga.protocol.request import Request

T = TypeVar("T")

BYTES_PER_S = 400_000 / 9
MOST_STEPS = 200_000
"""A conversation that goes on for longer never ends."""


class Slave(Protocol):
    """A chip on the bus, or what stands between it and the host."""

    def write(self, data: bytes) -> bool: ...

    def read(self, size: int) -> bytes | None: ...


@dataclass
class SimulatedClock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Carried:
    """A transport to a chip on a bus of 400 kHz.

    :ivar log: the transactions: what was written, or read; None for one that was not acknowledged.
    :ivar notes: what was told of the bus.
    """

    slave: Slave
    clock: SimulatedClock
    conversation: I2cConversation = field(default_factory=lambda: I2cConversation(port="bus"))
    log: list[tuple[str, bytes | None]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def exchange(self, request: Request) -> bytes:
        return self.carry(lambda now: self.conversation.exchange(request, now))

    def open(self) -> None:
        self.carry(self.conversation.open)

    def close(self) -> None:
        pass

    def carry(self, begin: Callable[[float], Conversation[T]]) -> T:
        """What a conversation comes to."""
        conversation = begin(self.clock.now)
        last_end: float | None = None
        try:
            step = next(conversation)
            for _ in range(MOST_STEPS):
                if not isinstance(step, Pause | Note):
                    assert last_end is None or self.clock.now - last_end > GUARD_TIME_S * 0.99, "no guard time"
                data = self._do(step)
                last_end = last_end if isinstance(step, Pause | Note) else self.clock.now
                step = conversation.send(Done(self.clock.now, data))
        except StopIteration as end:
            result: T = end.value
            return result
        raise AssertionError("it never ends")

    @property
    def written(self) -> list[bytes]:
        return [data or b"" for kind, data in self.log if kind == "W"]

    def _do(self, step: Step) -> bytes | None:
        if isinstance(step, Note):
            self.notes.append(step.text)
            return b""
        if isinstance(step, Pause):
            assert step.seconds > 0
            self.clock.now += step.seconds
            return b""
        size = len(step.data) if isinstance(step, Write) else step.size
        self.clock.now += (1 + size) / BYTES_PER_S
        if isinstance(step, Write):
            is_acknowledged = self.slave.write(step.data)
            self.log.append(("W", step.data if is_acknowledged else None))
            return b"" if is_acknowledged else None
        data = self.slave.read(step.size)
        assert data is None or len(data) == step.size
        self.log.append(("R", data))
        return data
