"""Reports of an FT260 as a host makes and reads them. Source: FTDI AN_394 1.1."""

from __future__ import annotations

from dataclasses import dataclass

from optiga.link.ft260.codes import (
    CHIP_CODE,
    CHIP_VERSION,
    FIRST_DATA,
    GPIO,
    I2C_STATUS,
    LAST_DATA,
    MOST_DATA,
    READ_REQUEST,
    REPORT_SIZE,
    RST_PIN,
    SYSTEM,
    UART_ONLY,
    Condition,
    Request,
    Status,
)

MOST_REQUESTED = 0xFFFF
"""Bytes that one read request can ask for."""
_SHORTEST = {CHIP_VERSION: 5, SYSTEM: 6, GPIO: 5, I2C_STATUS: 4}
"""Bytes of each feature report without which it says nothing: platforms give more, or cut what is reserved."""

_POWER_SAVING = 14


def is_feature(report: bytes, report_id: int) -> bool:
    """Whether bytes are the feature report that was asked for, and not cut short."""
    return len(report) >= _SHORTEST[report_id] and report[0] == report_id


@dataclass(frozen=True, slots=True)
class ChipVersion:
    """Feature report A0: which part this is.

    :param code: part number, two bytes; ``02 60`` for an FT260.
    :param revision: minor and major revision.
    """

    code: bytes
    revision: bytes

    @classmethod
    def parse(cls, report: bytes) -> ChipVersion:
        return cls(bytes(report[1:3]), bytes(report[3:5]))

    @property
    def is_ft260(self) -> bool:
        return self.code == CHIP_CODE


@dataclass(frozen=True, slots=True)
class SystemStatus:
    """Feature report A1: how the part is set up.

    :param chip_mode: pins DCNF1 and DCNF0: which interfaces there are.
    :param is_suspended: whether the USB side is suspended.
    :param has_i2c: whether the I2C controller is on; SCL and SDA are GPIO pins otherwise.
    :param saves_power: whether the part sleeps after five seconds without traffic; taken as so where the report ends
        before it.
    """

    chip_mode: int
    is_suspended: bool
    has_i2c: bool
    saves_power: bool

    @classmethod
    def parse(cls, report: bytes) -> SystemStatus:
        told = report.ljust(_POWER_SAVING + 1, b"\x01")
        return cls(told[1], told[3] == 1, told[5] != 0, told[_POWER_SAVING] != 0)

    @property
    def is_uart_only(self) -> bool:
        return self.chip_mode == UART_ONLY


@dataclass(frozen=True, slots=True)
class Gpio:
    """Feature report B0: values and directions of the GPIO pins, a bit a pin.

    :param values: of GPIO 0 to 5.
    :param directions: of GPIO 0 to 5, 1 for an output.
    :param letter_values: of GPIO A to H.
    :param letter_directions: of GPIO A to H, 1 for an output.
    """

    values: int
    directions: int
    letter_values: int
    letter_directions: int

    @classmethod
    def parse(cls, report: bytes) -> Gpio:
        return cls(*report[1:5])

    @property
    def holds_reset(self) -> bool:
        """Whether GPIOF is an output and low, so that the chip behind it is held in reset."""
        return bool(self.letter_directions & RST_PIN) and not self.letter_values & RST_PIN

    def with_reset(self, *, is_low: bool) -> Gpio:
        """The same with GPIOF an output of a value; all other pins stay as they are."""
        kept = self.letter_values & ~RST_PIN
        value = kept if is_low else kept | RST_PIN
        return Gpio(self.values, self.directions, value, self.letter_directions | RST_PIN)

    def encode(self) -> bytes:
        """The feature report that sets them."""
        return _padded(bytes((GPIO, self.values, self.directions, self.letter_values, self.letter_directions)))


@dataclass(frozen=True, slots=True)
class I2cStatus:
    """Feature report C0: how the I2C controller fares.

    :param bits: the status as it was read.
    :param clock_khz: the clock that holds, in kHz.
    """

    bits: Status
    clock_khz: int

    @classmethod
    def parse(cls, report: bytes) -> I2cStatus:
        return cls(Status(report[1]), int.from_bytes(report[2:4], "little"))

    @property
    def is_busy(self) -> bool:
        """Whether the controller is at work, so that nothing else is known."""
        return bool(self.bits & Status.BUSY)

    @property
    def is_idle(self) -> bool:
        """Whether the controller has nothing to do; the bus may be held for the next part of a message all the same."""
        return bool(self.bits & Status.IDLE)

    @property
    def is_bus_busy(self) -> bool:
        return bool(self.bits & Status.BUS_BUSY)

    @property
    def is_error(self) -> bool:
        errors = Status.ERROR | Status.ADDRESS_NACK | Status.DATA_NACK | Status.ARBITRATION_LOST
        return not self.is_busy and bool(self.bits & errors)

    @property
    def is_nack(self) -> bool:
        """Whether the error is that nobody acknowledged the address, or a byte, and nothing else."""
        is_lost = bool(self.bits & Status.ARBITRATION_LOST)
        return self.is_error and not is_lost and bool(self.bits & (Status.ADDRESS_NACK | Status.DATA_NACK))


def system_request(request: Request, arguments: bytes = b"") -> bytes:
    """The feature report that asks for a setting."""
    return _padded(bytes((SYSTEM, request)) + arguments)


def i2c_reset() -> bytes:
    """The feature report that resets the I2C controller."""
    return system_request(Request.I2C_RESET)


def i2c_clock(khz: int) -> bytes:
    """The feature report that sets the clock, low byte first: with the other order the part falls back to 100 kHz.

    :param khz: 60 to 3400.
    """
    return system_request(Request.I2C_CLOCK, khz.to_bytes(2, "little"))


def write_request(address: int, condition: Condition, data: bytes) -> bytes:
    """The output report that writes bytes to the bus, of the longest kind, as Infineon's library sends it.

    :param data: 1 to 60 bytes.
    """
    return _padded(bytes((LAST_DATA, address, condition, len(data))) + data)


def read_request(address: int, condition: Condition, size: int) -> bytes:
    """The output report that has bytes read from the bus.

    :param size: 1 to 65535.
    """
    return _padded(bytes((READ_REQUEST, address, condition)) + size.to_bytes(2, "little"))


def data_of(report: bytes) -> bytes | None:
    """The data in an input report; None where it is damaged, or another kind of report.

    What stands behind the data is padding.
    """
    if len(report) < 2 or not FIRST_DATA <= report[0] <= LAST_DATA:
        return None
    size = report[1]
    room = (report[0] - FIRST_DATA + 1) * 4
    if not 0 < size <= room or len(report) < 2 + size:
        return None
    return bytes(report[2 : 2 + size])


def parts_to_write(data: bytes) -> list[tuple[Condition, bytes]]:
    """A message in pieces that fit a report, each with its condition."""
    pieces = [data[at : at + MOST_DATA] for at in range(0, len(data), MOST_DATA)]
    return [(_condition(number, len(pieces)), piece) for number, piece in enumerate(pieces)]


def parts_to_read(size: int) -> list[tuple[Condition, int]]:
    """Requests that together read a number of bytes in one transaction, each with its condition.

    The first is for 60 bytes at the most: of a longer one the status does not tell that nobody acknowledged it. The
    others are for 180, as the Linux kernel's driver has it.
    """
    sizes = [min(size, MOST_DATA)]
    left = size - sizes[0]
    while left:
        sizes.append(min(left, 3 * MOST_DATA))
        left -= sizes[-1]
    return [(_condition(number, len(sizes)), each) for number, each in enumerate(sizes)]


def _condition(number: int, parts: int) -> Condition:
    first = Condition.START if number == 0 else Condition.NONE
    last = Condition.STOP if number == parts - 1 else Condition.NONE
    return Condition(first | last)


def _padded(report: bytes) -> bytes:
    return report.ljust(REPORT_SIZE, b"\0")
