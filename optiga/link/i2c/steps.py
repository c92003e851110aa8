"""The steps of an I2C conversation, which a driver executes: transactions with the chip, and pauses.

A conversation is a generator of steps, resumed with a :class:`Done` behind each of them. It has no clock, no bus and no
log of its own.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Write(NamedTuple):
    """Write bytes to the chip's address, in one transaction from START to STOP.

    :param hides: whether they carry a secret, so that no log may show them.
    """

    data: bytes
    hides: bool = False

    def __repr__(self) -> str:
        return f"Write({_shown(self.data) if self.hides else self.data.hex()})"


class Read(NamedTuple):
    """Read bytes from the chip's address, in one transaction from START to STOP.

    :param size: how many.
    :param hides: whether they may carry a secret.
    """

    size: int
    hides: bool = False


class Pause(NamedTuple):
    """Leave the bus alone for a time, in seconds, counted from the end of the last transaction or pause."""

    seconds: float


class Note(NamedTuple):
    """Tell people who want to know what happened on the bus. Takes no time."""

    text: str


class Done(NamedTuple):
    """What a conversation learns behind each of its steps.

    :param now: the time, in seconds from any start.
    :param data: what was read, or nothing behind a step that reads nothing; None if the chip did not acknowledge.
    """

    now: float
    data: bytes | None = b""

    def __repr__(self) -> str:
        return f"Done({self.now}, {self.data if self.data is None else _shown(self.data)})"


def _shown(data: bytes) -> str:
    """Bytes that may be a secret, or of which nobody here knows."""
    return f"({len(data)} bytes)"


Step = Write | Read | Pause | Note
Conversation = Generator[Step, Done, T]
