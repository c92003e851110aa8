"""The line to an emulated chip in the same process, on which faults happen."""

from __future__ import annotations

from collections import deque

from optiga.emulator.board.faulty import FaultyBoard

_BYTES_PER_S = 11520
"""What a line of 115200 baud carries."""
_PIECE = 62
"""Bytes that arrive together, as over a USB bridge."""


class SimulatedLine:
    """A line of 115200 baud to a board in this process, as :class:`~optiga.transport.line.Line` has it.

    Its time goes on when bytes travel and when somebody waits for them, so that nobody waits for it.
    """

    def __init__(self, board: FaultyBoard) -> None:
        self._board = board
        self._time = 0.0
        self._free_at = 0.0
        self._late_s = 0.0
        self._coming: deque[tuple[float, bytes]] = deque()
        board.wait = self._delay

    def write(self, data: bytes) -> None:
        self._time += len(data) / _BYTES_PER_S
        self._late_s = 0.0
        answer = self._board.feed(data)
        if answer:
            self._free_at = max(self._free_at, self._time + self._late_s)
        for start in range(0, len(answer), _PIECE):
            piece = answer[start : start + _PIECE]
            self._free_at += len(piece) / _BYTES_PER_S
            self._coming.append((self._free_at, piece))

    def read(self, seconds: float) -> bytes:
        if self._coming and self._coming[0][0] <= self._time + seconds:
            when, data = self._coming.popleft()
            self._time = max(self._time, when)
            return data
        self._time += seconds
        return b""

    def now(self) -> float:
        return self._time

    def close(self) -> None:
        """Nothing is held."""

    def _delay(self, seconds: float) -> None:
        self._late_s += seconds
