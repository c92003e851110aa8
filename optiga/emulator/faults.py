"""Requested faults on the line between a host and an emulated chip."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from enum import Enum

from optiga.arguments import takes
from optiga.values import NotCopied

MOST_TIMES = 10_000
"""Commands or answers one after the other to which a fault happens, at most."""


class Kind(Enum):
    """What happens to a command or an answer."""

    LOST = "lost"
    DAMAGED = "damaged"
    CUT = "cut"
    REPEATED = "repeated"
    DELAYED = "delayed"


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one command or answer.

    :param seconds: how late an answer comes.
    """

    kind: Kind
    seconds: float = 0.0


class Faults(NotCopied):
    """What goes wrong with the next commands and answers, in the order in which it was asked for.

    It happens to whoever talks to the chip next. Behind a UART a command or an answer is one frame of the bridge; on an
    I2C bus it is the next frame of the data link that carries a part of one, and a host may have its frame again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._commands: deque[Fault] = deque()
        self._answers: deque[Fault] = deque()

    def __repr__(self) -> str:
        return f"<Faults: {len(self._commands)} of commands, {len(self._answers)} of answers to come>"

    def __len__(self) -> int:
        """How many have not happened yet."""
        return len(self._commands) + len(self._answers)

    def __bool__(self) -> bool:
        return len(self) > 0

    @takes
    def lose_next_command(self, times: int = 1) -> None:
        """The next command does not reach the chip, and nobody answers.

        :param times: how many commands one after the other.
        """
        self._add(self._commands, Fault(Kind.LOST), times)

    @takes
    def damage_next_command(self, times: int = 1) -> None:
        """The next command reaches the board with a wrong bit, so the chip does not get it; the board says so."""
        self._add(self._commands, Fault(Kind.DAMAGED), times)

    @takes
    def lose_next_answer(self, times: int = 1) -> None:
        """The chip executes the next command, and its answer does not come."""
        self._add(self._answers, Fault(Kind.LOST), times)

    @takes
    def damage_next_answer(self, times: int = 1) -> None:
        """The chip executes the next command, and its answer comes with a wrong bit."""
        self._add(self._answers, Fault(Kind.DAMAGED), times)

    @takes
    def cut_next_answer(self, times: int = 1) -> None:
        """The chip executes the next command, and only the first half of its answer comes."""
        self._add(self._answers, Fault(Kind.CUT), times)

    @takes
    def repeat_next_answer(self, times: int = 1) -> None:
        """The next answer comes twice."""
        self._add(self._answers, Fault(Kind.REPEATED), times)

    @takes
    def delay_next_answer(
        self, seconds: float | None = None, times: int = 1, *, milliseconds: float | None = None
    ) -> None:
        """The next answer comes later than it would.

        :param milliseconds: how much later. On a served board they pass; for a chip in the same process they only
            count.
        :param seconds: the same in seconds, as in earlier versions.
        :raises TypeError: unless one of the two is given.
        """
        if (seconds is None) is (milliseconds is None):
            raise TypeError("Faults.delay_next_answer: give 'milliseconds', or 'seconds' as in earlier versions")
        later = seconds if milliseconds is None else milliseconds / 1000
        if later is None or not 0 <= later <= _LONGEST_S:
            given = f"not {seconds} seconds" if milliseconds is None else f"not 'milliseconds'={milliseconds}"
            raise ValueError(f"the delay of an answer is 0 to {_LONGEST_S} seconds, {given}")
        self._add(self._answers, Fault(Kind.DELAYED, later), times)

    def clear(self) -> None:
        """Nothing goes wrong from now on."""
        with self._lock:
            self._commands.clear()
            self._answers.clear()

    def take_of_command(self) -> Fault | None:
        """What happens to the command that comes now; for who carries it."""
        return self._take(self._commands, _ALL)

    def take_of_answer(self, kinds: frozenset[Kind] | None = None) -> Fault | None:
        """What happens to the answer that goes now; for who carries it.

        :param kinds: those that may be next; None for all.
        """
        return self._take(self._answers, _ALL if kinds is None else kinds)

    def _take(self, faults: deque[Fault], kinds: frozenset[Kind]) -> Fault | None:
        with self._lock:
            return faults.popleft() if faults and faults[0].kind in kinds else None

    def _add(self, faults: deque[Fault], fault: Fault, times: int) -> None:
        if not 1 <= times <= MOST_TIMES:
            raise ValueError(f"a fault happens 1 to {MOST_TIMES} times, not {times!r} times")
        with self._lock:
            faults.extend([fault] * times)


_ALL = frozenset(Kind)
_LONGEST_S = 3600
