"""What others than the host do to an emulated chip on a board: its power, what it holds, its line, its counter."""

from __future__ import annotations

from optiga.emulator.board.faulty import FaultySlave
from optiga.emulator.faults import Faults
from optiga.emulator.shared_chip import SharedChip
from optiga.emulator.state import State


class Controls:
    """Handles of a chip and of the board that it is on.

    :ivar faults: what goes wrong on the way to the chip next.
    :ivar bus: the bus that the chip is on, which begins anew with it; None if it is behind a UART.
    """

    def __init__(self, chip: SharedChip) -> None:
        self.chip: SharedChip = chip
        self.faults: Faults = Faults()
        self.bus: FaultySlave | None = None

    def power_cycle(self) -> None:
        """Take the chip's power and give it back: its application is closed, what is volatile is gone."""
        if self.bus is None:
            self.chip.reset()
        else:
            self.bus.reset()

    def restore(self, state: State) -> None:
        """Have the chip hold what it held, as after a power cycle; raises as :meth:`SharedChip.restore`."""
        self.chip.restore(state)
        if self.bus is not None:
            self.bus.reset()
