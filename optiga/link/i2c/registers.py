"""The chip's registers on the bus, and what its state says. I2C Protocol, section 2; datasheet, tables 22 to 25."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, unique

ADDRESS = 0x30
"""The chip's address of 7 bits, as it comes from the factory."""
GUARD_TIME_S = 50e-6
"""Shortest time between a STOP and the next START to the chip, in seconds."""
STARTUP_S = 0.015
"""How long the chip takes to start, after power-up and after any reset, in seconds."""
MAX_FRAME = 0x0115
"""Most bytes of a frame that the chip takes: DATA_REG_LEN after a reset."""
MIN_FRAME = 0x0010
STATE_SIZE = 4


@unique
class Register(IntEnum):
    """Registers by their numbers."""

    DATA = 0x80
    DATA_REG_LEN = 0x81
    I2C_STATE = 0x82
    BASE_ADDR = 0x83
    MAX_SCL_FREQU = 0x84
    GUARD_TIME = 0x85
    TRANS_TIMEOUT = 0x86
    PWR_SAVE_TIMEOUT = 0x87
    SOFT_RESET = 0x88
    I2C_MODE = 0x89


_BUSY, _READY, _SOFT_RESET, _RESERVED = 0x80, 0x40, 0x08, 0x30
_PRESENTATION = 0x80


@dataclass(frozen=True, slots=True)
class State:
    """I2C_STATE.

    :param is_busy: whether a command runs.
    :param is_ready: whether a frame waits to be read. It can while a command runs, too.
    :param length: its bytes.
    :param can_reset: whether SOFT_RESET does anything.
    :param can_shield: whether there is a presentation layer.
    """

    is_busy: bool
    is_ready: bool
    length: int = 0
    can_reset: bool = True
    can_shield: bool = True

    @classmethod
    def decode(cls, data: bytes) -> State:
        """The state in the register's four bytes.

        :raises ValueError: if no chip says so.
        """
        if len(data) != STATE_SIZE:
            raise ValueError(f"a state has {STATE_SIZE} bytes, not {len(data)}")
        first, second = data[0], data[1]
        length = int.from_bytes(data[2:], "big")
        if first & _RESERVED or second & ~_PRESENTATION:
            raise ValueError(f"{data.hex()} is not a state of a chip")
        return cls(
            bool(first & _BUSY),
            bool(first & _READY),
            length,
            bool(first & _SOFT_RESET),
            bool(second & _PRESENTATION),
        )

    def encode(self) -> bytes:
        """The register's four bytes."""
        first = _BUSY * self.is_busy | _READY * self.is_ready | _SOFT_RESET * self.can_reset
        return bytes([first, _PRESENTATION * self.can_shield]) + self.length.to_bytes(2, "big")
