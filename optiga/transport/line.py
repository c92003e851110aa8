"""What carries bytes to a board and back, and how it is set."""

from __future__ import annotations

from typing import Protocol

BAUD_RATE = 115200
TICK_S = 0.01
"""How long pyserial waits for a byte at a time. It is never changed: over RFC 2217 each change of a setting is
negotiated with the other end anew, and on a device it sets all the others, too."""
MOST_AT_ONCE = 4096
"""Bytes that are read at a time, however many there are."""


class Line(Protocol):
    """A way for bytes, and the clock that its time limits are measured with."""

    def write(self, data: bytes) -> None:
        """Send bytes.

        :raises BoardError: if they cannot be sent.
        """
        ...

    def read(self, seconds: float) -> bytes:
        """What has come, at least one byte; nothing if none comes within a time, in seconds.

        :raises BoardError: if the line is gone.
        """
        ...

    def now(self) -> float:
        """Time in seconds, from any start."""
        ...

    def close(self) -> None:
        """Give the line back."""
        ...
