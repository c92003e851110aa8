"""The narrowest interface through which a chip can be reached."""

from __future__ import annotations

from typing import Protocol


class Transport(Protocol):
    """Anything that carries an APDU to a chip and its answer back. One exchange at a time."""

    def exchange(self, apdu: bytes) -> bytes:
        """Send a command APDU and return the chip's answer APDU.

        :raises BoardError: if no answer can be had.
        """
        ...

    def close(self) -> None:
        """Give the way to the chip back. Does nothing the second time."""
        ...
