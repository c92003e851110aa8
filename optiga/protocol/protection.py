"""Which of a command and its answer a shielded connection protects. I2C Protocol, section 6."""

from __future__ import annotations

from enum import IntFlag


class Protection(IntFlag):
    """What goes encrypted and authenticated."""

    NONE = 0
    COMMAND = 1
    ANSWER = 2
    BOTH = 3
