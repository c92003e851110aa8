"""The words of an FT260's reports: identifiers, requests, conditions, and the bits of its status.

Source: FTDI AN_394 1.1. Byte 0 of every report is its identifier.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

VENDOR, PRODUCT = 0x0403, 0x6030
"""USB identity as delivered; the owner of a board may have changed it."""
REPORT_SIZE = 64
"""Bytes of the longest report, its identifier among them."""
CHIP_CODE = bytes.fromhex("0260")
"""Part number, as the report has it."""

CHIP_VERSION = 0xA0
SYSTEM = 0xA1
GPIO = 0xB0
I2C_STATUS = 0xC0
READ_REQUEST = 0xC2
FIRST_DATA, LAST_DATA = 0xD0, 0xDE
"""Reports with data, out and in: the n-th has room for 4 n bytes."""
MOST_DATA = 60
"""Data bytes in one report."""

RST_PIN = 0x20
"""GPIOF, the reset line of OPTIGA on Infineon's board, among the values of GPIO A to H."""


class Request(IntEnum):
    """What a feature report ``SYSTEM`` that is set asks for."""

    CLOCK = 0x01
    I2C_MODE = 0x02
    UART_MODE = 0x03
    WAKE_UP_INTERRUPT = 0x05
    GPIO2 = 0x06
    GPIOA = 0x08
    GPIOG = 0x09
    INTERRUPT_TRIGGER = 0x0A
    SUSPEND_POLARITY = 0x0B
    I2C_RESET = 0x20
    I2C_CLOCK = 0x22


class Condition(IntEnum):
    """What a transfer begins and ends with on the bus."""

    NONE = 0x00
    START = 0x02
    REPEATED_START = 0x03
    STOP = 0x04
    START_STOP = 0x06
    REPEATED_START_STOP = 0x07


class Status(IntFlag):
    """Status of the I2C controller. While ``BUSY`` is set, all others mean nothing."""

    BUSY = 0x01
    ERROR = 0x02
    ADDRESS_NACK = 0x04
    DATA_NACK = 0x08
    ARBITRATION_LOST = 0x10
    IDLE = 0x20
    BUS_BUSY = 0x40


UART_ONLY = 2
"""Chip mode of an FT260 whose pins leave it no I2C."""
