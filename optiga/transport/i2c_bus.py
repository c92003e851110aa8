"""The narrowest interface to an I2C bus with one chip on it, whatever adapter makes the bus."""

from __future__ import annotations

from typing import Protocol


class Bus(Protocol):
    """Transactions to the address of one chip, 0x30 as delivered, and the clock that time limits are measured with.

    Whatever fails in another way than by a missing acknowledgment is a BoardError: what, where, what to do.
    """

    def write(self, data: bytes) -> bool:
        """Write bytes in one transaction, START to STOP.

        :param data: at least one byte.
        :returns: whether the chip acknowledged all of it.
        :raises BoardError: if the bus is gone or stuck.
        """
        ...

    def read(self, size: int) -> bytes | None:
        """Read bytes in one transaction, START to STOP.

        :param size: how many, at least one.
        :returns: exactly so many; None if the chip did not acknowledge its address.
        :raises BoardError: if the bus is gone or stuck.
        """
        ...

    def wait(self, seconds: float) -> None:
        """Do nothing for a time."""
        ...

    def now(self) -> float:
        """Time in seconds, from any start."""
        ...

    def close(self) -> None:
        """Give the bus back. Does nothing the second time."""
        ...
