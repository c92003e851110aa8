"""The narrowest interface through which a chip can be reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from optiga.protocol.request import Request


class Transport(Protocol):
    """Anything that carries an APDU to a chip and its answer back. One exchange at a time."""

    def exchange(self, request: Request) -> bytes:
        """Send a command and return the chip's answer APDU.

        :raises BoardError: if no answer can be had.
        """
        ...

    def close(self) -> None:
        """Give the way to the chip back. Does nothing the second time."""
        ...
