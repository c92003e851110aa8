"""A conversation with an emulated board, carried by nobody: what it sends is fed, what it waits for is given, at once.

The time is a number that grows by what sending and waiting take.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from optiga.emulator import Board
from optiga.link import uart_frame as frame
from optiga.link.steps import Heard, Note, Send, Step
from optiga.link.uart_bridge import BridgeConversation
from optiga.protocol.request import Request
from tests.support.faulty_line import BYTES_PER_S, PIECE, Fault

MOST_STEPS = 100_000
"""A conversation that goes on for longer never ends."""


@dataclass
class Mishaps:
    """What happens to the bytes of each thing that is sent, and to what the board says to it. Nothing by default."""

    towards_board: Callable[[int, bytes], bytes] = lambda _, data: data
    from_board: Callable[[int, bytes], bytes] = lambda _, data: data
    delay_s: Callable[[int], float] = lambda _: 0.0
    again_s: Callable[[int], float | None] = lambda _: None
    """How long behind what the board says it comes a second time; None if it does not."""


def mishaps_of(fault: Fault) -> Mishaps:
    """Those of one fault, which counts the frames that are sent and leaves filler alone."""
    frames: list[int] = []

    def concerns(number: int) -> bool:
        return number in frames and fault.concerns(frames.index(number))

    def towards(number: int, data: bytes) -> bytes:
        if data.startswith(frame.START):
            frames.append(number)
        return fault.towards_board(data) if concerns(number) else data

    return Mishaps(
        towards,
        lambda number, data: fault.from_board(data) if data and concerns(number) else data,
        lambda number: fault.delay_s if concerns(number) else 0.0,
    )


@dataclass
class Carried:
    """A transport to a chip behind a board.

    :param execute: the chip.
    :ivar sent: the frames that were sent.
    :ivar carried: how many bytes went over, both ways.
    :ivar now: the time, in seconds.
    """

    execute: Callable[[bytes], bytes]
    mishaps: Mishaps = field(default_factory=Mishaps)
    sent: list[bytes] = field(default_factory=list)
    carried: int = 0
    now: float = 0.0

    def __post_init__(self) -> None:
        self._board = Board(self.execute)
        self._conversation = BridgeConversation(port="board")
        self._coming: list[tuple[float, bytes]] = []
        self._free_at = 0.0
        self._number = 0

    def exchange(self, request: Request) -> bytes:
        """The answer that the conversation believes."""
        conversation = self._conversation.exchange(request, self.now)
        try:
            step = next(conversation)
            for _ in range(MOST_STEPS):
                step = conversation.send(self._take(step))
        except StopIteration as end:
            answer: bytes = end.value
            return answer
        raise AssertionError("the conversation does not end")

    def close(self) -> None:
        """There is nothing to give back."""

    def _take(self, step: Step) -> Heard:
        if isinstance(step, Note):
            return Heard(self.now)
        if isinstance(step, Send):
            self._send(step.data)
            return Heard(self.now)
        if self._coming and self._coming[0][0] <= self.now + step.seconds:
            when, data = self._coming.pop(0)
            self.now = max(self.now, when)
            return Heard(self.now, data)
        self.now += step.seconds
        return Heard(self.now)

    def _send(self, data: bytes) -> None:
        number, self._number = self._number, self._number + 1
        self.now += len(data) / BYTES_PER_S
        self.carried += len(data)
        if data.startswith(frame.START):
            self.sent.append(data)
        said = self._board.feed(self.mishaps.towards_board(number, data))
        said = self.mishaps.from_board(number, said)
        self.carried += len(said)
        self._free_at = max(self._free_at, self.now + self.mishaps.delay_s(number))
        for start in range(0, len(said), PIECE):
            piece = said[start : start + PIECE]
            self._free_at += len(piece) / BYTES_PER_S
            self._coming.append((self._free_at, piece))
        again = self.mishaps.again_s(number)
        if said and again is not None:
            self._coming.append((self._free_at + again, said))
        self._coming.sort(key=lambda coming: coming[0])
