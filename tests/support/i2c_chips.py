"""New emulated chips on a simulated bus, made from one, because making one takes its time."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from optiga.emulator import EmulatedChip, MemoryStore
from optiga.emulator.board.i2c_slave import I2cSlave
from optiga.emulator.objects import StoredObject
from optiga.link.i2c.host import I2cConversation
from optiga.protocol.request import Protection, Request, Returns, Traits
from tests.support.i2c_carried import Carried, SimulatedClock

SECRET = bytes(range(1, 65))
"""Of a new chip."""


@cache
def factory_content() -> Mapping[int, StoredObject]:
    """What is in a new chip."""
    store = MemoryStore()
    EmulatedChip(store)
    return store.load()


class CountingChip(EmulatedChip):
    """A chip that keeps account of its commands, and of what of them was protected."""

    def __init__(self, clock: SimulatedClock) -> None:
        super().__init__(MemoryStore(factory_content()), clock=clock)
        self.commands: list[bytes] = []
        self.protections: list[Protection | None] = []

    def execute(self, command: bytes, protection: Protection | None = None) -> bytes:
        self.commands.append(command)
        self.protections.append(protection)
        return super().execute(command, protection)


class OnBus:
    """A new chip on a bus of its own.

    :param options: of the emulated chip's end.
    """

    def __init__(self, **options: Any) -> None:
        self.clock = SimulatedClock()
        self.chip = CountingChip(self.clock)
        self.slave = I2cSlave(self.chip, clock=self.clock, **options)

    def host(self, slave: Any = None, **options: Any) -> Carried:
        """A host on the bus.

        :param slave: what stands between it and the chip.
        :param options: of the conversation.
        """
        return Carried(slave or self.slave, self.clock, I2cConversation(port="bus", **options))


def ask(command: str, *, is_repeatable: bool = True, hides: bool = False, typical_ms: float = 1) -> Request:
    """A command that may return anything."""
    traits = Traits(Returns.EITHER, typical_ms, 5000, is_repeatable, hides_command=hides, hides_answer=hides)
    return Request(bytes.fromhex(command), traits)


OPEN = ask("f0000010d27600000447656e417574684170706c")
UID = ask("81000006e0c20000001b")
