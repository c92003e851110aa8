"""The narrowest interfaces through which a chip can be found and reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from optiga.protocol.request import Request


class Transport(Protocol):
    """Anything that carries a command to a chip and its answer back. One exchange at a time."""

    def exchange(self, request: Request) -> bytes:
        """Send a command and return the chip's answer APDU.

        :raises BoardError: if no answer can be had.
        """
        ...

    def close(self) -> None:
        """Give the way to the chip back. Does nothing the second time."""
        ...


class OnClose(Protocol):
    """Somebody who waits for a line to be given back."""

    def __call__(self, *, done: bool) -> None: ...


class Port(Protocol):
    """A place where a chip is, before the way to it is open."""

    @property
    def name(self) -> str:
        """How the user names it."""
        ...

    @property
    def chip_file(self) -> Path | None:
        """The file of the emulated chip that is opened in this process; None for a port of any other kind."""
        ...

    @property
    def is_network(self) -> bool:
        """Whether what passes to the chip and back crosses a network, where others may read it."""
        ...

    @property
    def secret(self) -> Path | None:
        """File of the platform binding secret, for a shielded connection; None for none."""
        ...

    def shielded_with(self, secret: Path | None) -> Port:
        """The same place, reached over a shielded connection.

        :param secret: file of the platform binding secret; None for a connection in plain.
        :raises ConfigurationError: if there are no shielded connections on the way to it.
        """
        ...

    def open(self) -> Transport:
        """Open the way to the chip, and take the lock on it.

        :raises BoardError: if that cannot be.
        """
        ...
