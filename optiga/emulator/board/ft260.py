"""An FT260 with an I2C slave behind it, as its USB side shows it.

What FTDI's AN_394 and the Linux kernel's driver say of real parts, their traps among it:

- The status moves on with each look: 41 while a transfer is under way, then 40, then 20, or the error. Between the
  parts of a message it ends at 60.
- A read that is not acknowledged brings input reports all the same, of junk; one of more than 60 bytes in one request
  does not tell in the status, either.
- A message of no bytes locks the bus, and so does a NACK where no STOP was asked for, until the controller is reset.
- A part that has slept loses the NACK of the first transfer until somebody has looked at the status.
- A clock that is none is 100 kHz, without an error.

Where neither says it, it is so: the clock stays through a reset of the controller; a message with a repeated START is
not acknowledged, for OPTIGA takes none; one in parts is acknowledged, or not, with its last part.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Protocol, TypeVar

from optiga.errors import BoardError
from optiga.link.ft260.codes import (
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

T = TypeVar("T")

ADDRESS = 0x30
I2C, UART = 0, 1
"""The interfaces."""
MOST_WAITING = 64
"""Input reports that are kept for a host that does not take them."""
_UART_FEATURES = (0xE0, 0xE2)
_UART_DATA = range(0xF0, 0xFF)
_I2C_ONLY = 1
_POWER_SAVING = 13
_SLOWEST_KHZ, _FASTEST_KHZ, _FALLBACK_KHZ = 60, 3400, 100
_SLEEPS_AFTER_S = 5.0
_MOST_READ = 277
"""What is read from the slave for a message whose length is not known beforehand: the longest register there is."""
_JUNK = b"\xff"


class I2cSlave(Protocol):
    """A chip on the bus, at one address. Each call is one transaction, START to STOP."""

    def write(self, data: bytes) -> bool:
        """Take bytes; False where they are not acknowledged."""
        ...

    def read(self, size: int) -> bytes | None:
        """Give so many bytes; None where the address is not acknowledged."""
        ...


class Ft260Board:
    """An FT260, a chip behind it.

    :param slave: the chip, at address 0x30.
    :param on_reset: is told when the chip's reset line changes, and whether it is low now.
    :param report: is told why the chip did not answer, for example because its file could not be written; it
        acknowledges nothing, then.
    :param chip_mode: pins DCNF1 and DCNF0: 0 and 3 both interfaces, 1 I2C only, 2 UART only.
    :param saves_power: whether the part sleeps after five seconds without traffic.
    :param clock: the time, in seconds.
    :ivar khz: the bus's clock.
    :ivar is_reset_low: whether the chip is held in reset. It acknowledges nothing, then.
    """

    def __init__(
        self,
        slave: I2cSlave,
        *,
        on_reset: Callable[[bool], None] = lambda _: None,
        report: Callable[[BoardError], None] = lambda _: None,
        chip_mode: int = 3,
        saves_power: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._slave = slave
        self._on_reset = on_reset
        self._report = report
        self._clock = clock
        self.chip_mode = chip_mode
        self._settings = bytearray(25)  # those of report A1, behind the identifier
        self._settings[0:6] = chip_mode, 2, 0, 1, chip_mode != UART_ONLY, chip_mode != _I2C_ONLY
        self._settings[_POWER_SAVING] = saves_power
        self._gpio = bytearray(4)
        self.khz: int = _FALLBACK_KHZ
        self.is_reset_low: bool = False
        self._inputs: tuple[deque[bytes], deque[bytes]] = (deque(maxlen=MOST_WAITING), deque(maxlen=MOST_WAITING))
        self._looks: deque[int] = deque()  # statuses yet to be seen
        self._status = int(Status.IDLE)
        self._is_open = False  # whether a message has begun that has not ended
        self._written = b""
        self._rest = b""  # of a read in parts
        self._used = clock()

    @property
    def interfaces(self) -> tuple[int, ...]:
        """Which interfaces there are: I2C alone or UART alone, each as number 0, or both."""
        return (0,) if self.chip_mode in (_I2C_ONLY, UART_ONLY) else (I2C, UART)

    def get_feature(self, interface: int, report_id: int) -> bytes | None:
        """A feature report; None for one that there is not."""
        self._stir()
        if report_id == CHIP_VERSION:
            return bytes.fromhex("a002600200").ljust(13, b"\0")
        if report_id == SYSTEM:
            return bytes((SYSTEM,)) + self._settings
        if report_id == GPIO:
            values = self._gpio[2] if self._gpio[3] & RST_PIN else self._gpio[2] | RST_PIN  # by the pull-up
            return bytes((GPIO, self._gpio[0], self._gpio[1], values, self._gpio[3]))
        if self._is_uart(interface):
            return bytes((report_id,)).ljust(10, b"\0") if report_id in _UART_FEATURES else None
        if report_id == I2C_STATUS:
            return bytes((I2C_STATUS, self._look())) + self.khz.to_bytes(2, "little") + b"\0"
        return None

    def set_feature(self, interface: int, report: bytes) -> bool:
        """Set a feature report; False for one that there is not."""
        self._stir()
        if report[:1] == bytes((GPIO,)) and len(report) >= 5:
            self._gpio[:] = report[1:5]
            self._set_reset_line()
            return True
        if report[:1] == bytes((SYSTEM,)) and len(report) >= 2:
            self._set_up(report[1], report[2:].ljust(2, b"\0"))
            return True
        return self._is_uart(interface) and bool(report) and report[0] in _UART_FEATURES

    def output(self, interface: int, report: bytes) -> bool:
        """Take an output report; False for one that there is not."""
        if not report:
            return False
        if self._is_uart(interface):
            return report[0] in _UART_DATA
        if report[0] == READ_REQUEST and len(report) >= 5:
            self._transfer(report[1], report[2], None, int.from_bytes(report[3:5], "little"))
            return True
        room = (report[0] - FIRST_DATA + 1) * 4
        if FIRST_DATA <= report[0] <= LAST_DATA and len(report) >= 4 and report[3] <= min(room, len(report) - 4):
            self._transfer(report[1], report[2], report[4 : 4 + report[3]], report[3])
            return True
        return False

    def take_input(self, interface: int) -> bytes | None:
        """The next input report; None where there is none."""
        waiting = self._inputs[interface]
        return waiting.popleft() if waiting else None

    def _is_uart(self, interface: int) -> bool:
        return interface == UART or self.chip_mode == UART_ONLY

    def _stir(self) -> bool:
        """Whether the part has slept; it is awake from now on."""
        now = self._clock()
        has_slept = bool(self._settings[_POWER_SAVING]) and now - self._used > _SLEEPS_AFTER_S
        self._used = now
        return has_slept

    def _set_up(self, request: int, arguments: bytes) -> None:
        places = {
            Request.CLOCK: 1,
            Request.I2C_MODE: 4,
            Request.UART_MODE: 5,
            Request.GPIO2: 7,
            Request.GPIOA: 8,
            Request.GPIOG: 9,
            Request.SUSPEND_POLARITY: 10,
            Request.WAKE_UP_INTERRUPT: 11,
            Request.INTERRUPT_TRIGGER: 12,
        }
        if request == Request.I2C_RESET:
            self._looks.clear()
            self._status = int(Status.IDLE)
            self._is_open, self._written, self._rest = False, b"", b""
        elif request == Request.I2C_CLOCK:
            asked = int.from_bytes(arguments[:2], "little")
            self.khz = asked if _SLOWEST_KHZ <= asked <= _FASTEST_KHZ else _FALLBACK_KHZ
        elif request in places:
            self._settings[places[Request(request)]] = arguments[0]

    def _set_reset_line(self) -> None:
        is_low = bool(self._gpio[3] & RST_PIN) and not self._gpio[2] & RST_PIN
        if is_low != self.is_reset_low:
            self.is_reset_low = is_low
            self._on_reset(is_low)

    def _look(self) -> int:
        return self._looks.popleft() if self._looks else self._status

    def _transfer(self, address: int, condition: int, data: bytes | None, size: int) -> None:
        """Do one part of a message.

        :param data: to write; None to read.
        """
        has_slept = self._stir()
        before = self._status
        self._looks.clear()
        ends = bool(condition & Condition.STOP)
        if before & Status.BUS_BUSY and not self._is_open:  # left busy: nothing helps but a reset
            self._status = before
            return
        if size == 0 or not self._settings[4]:
            self._status = int(Status.BUS_BUSY)
            self._is_open = False
            return
        is_reading = data is None
        is_told = not is_reading or size <= MOST_DATA or not condition & Condition.START
        is_good = self._read(address, condition, size) if data is None else self._write(address, condition, data)
        self._looks.extend((Status.BUSY | Status.BUS_BUSY, Status.BUS_BUSY))
        self._is_open = is_good and not ends
        if is_good or not is_told:
            self._status = int(Status.IDLE if ends else Status.BUS_BUSY | Status.IDLE)
        elif not ends:
            self._status = int(Status.BUS_BUSY | Status.ERROR | Status.ADDRESS_NACK)
        else:
            nacks = Status.ADDRESS_NACK if is_reading else Status.ADDRESS_NACK | Status.DATA_NACK
            self._status = int(Status.IDLE | Status.ERROR | nacks)
        if has_slept:  # the first look wakes the part up, and tells nothing
            self._looks.clear()
            self._looks.append(Status.IDLE)

    def _write(self, address: int, condition: int, data: bytes) -> bool:
        if not self._continues(address, condition):
            return False
        self._written = data if condition & Condition.START else self._written + data
        if not condition & Condition.STOP:
            return True
        message, self._written = self._written, b""
        return bool(self._ask(lambda: self._slave.write(message)))

    def _read(self, address: int, condition: int, size: int) -> bool:
        is_good = self._continues(address, condition)
        if is_good and condition & Condition.START:
            asked = size if condition & Condition.STOP else max(size, _MOST_READ)
            answer = self._ask(lambda: self._slave.read(asked))
            is_good = answer is not None
            self._rest = answer or b""
        data, self._rest = self._rest[:size], self._rest[size:]
        data = data.ljust(size, _JUNK) if is_good else _JUNK * size
        for at in range(0, size, MOST_DATA):
            part = data[at : at + MOST_DATA]
            head = bytes((FIRST_DATA + (len(part) - 1) // 4, len(part)))
            report = head + part + bytes(-len(part) % 4)
            self._inputs[I2C].append(report[:REPORT_SIZE])
        return is_good

    def _continues(self, address: int, condition: int) -> bool:
        """Whether a part is acknowledged: the first of a message, or one of a message that has begun."""
        if address != ADDRESS or self.is_reset_low:
            return False
        if condition & Condition.REPEATED_START == Condition.REPEATED_START:
            return False
        return bool(condition & Condition.START) or self._is_open

    def _ask(self, question: Callable[[], T]) -> T | None:
        """What the chip says; nothing where it fails."""
        try:
            return question()
        except BoardError as error:
            self._report(error)
            return None
