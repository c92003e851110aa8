"""A served board that says what its line has carried."""

from __future__ import annotations

from optiga.emulator import Board, EmulatedChip


class CountingBoard(Board):
    """A board that counts the exchanges of its chip and the bytes on its line, both ways, frames and all.

    :ivar chip: the chip on it, in whose place another one can be put.
    :ivar exchanges: since the counts were cleared.
    :ivar carried: bytes, likewise.
    """

    def __init__(self, chip: EmulatedChip) -> None:
        super().__init__(self._count)
        self.chip = chip
        self.exchanges = self.carried = 0

    def clear(self) -> None:
        """Count from nothing again."""
        self.exchanges = self.carried = 0

    def feed(self, data: bytes) -> bytes:
        answer = super().feed(data)
        self.carried += len(data) + len(answer)
        return answer

    def _count(self, command: bytes) -> bytes:
        self.exchanges += 1
        return self.chip.execute(command)
