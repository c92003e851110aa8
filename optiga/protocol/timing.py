"""Waiting times of the line for commands. The time of each command is in :mod:`optiga.protocol.commands`."""

from __future__ import annotations

SECURITY_DELAY_MS = 5000
"""Longest delay that the chip's security monitor puts on the use of a key (tmax)."""


def longest_ms(typical_ms: float) -> float:
    """How long the chip may work on a command before it must be taken for lost, in milliseconds.

    :param typical_ms: how long it works on the command when nothing delays it.
    """
    return SECURITY_DELAY_MS + 3 * typical_ms
