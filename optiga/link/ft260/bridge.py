"""Transfers to one I2C address through an FT260, with handling of its status, input reports and sleep.

What an FT260 says of a transfer is to be read with care, as the Linux kernel's driver has learnt:

- Nothing is known before the status says so: a NACK may show one look later than "not busy", and a read that nobody
  acknowledged brings as many bytes as were asked for, of junk.
- Of a read of more than 60 bytes in one request not even the status tells. It is begun with 60, and goes on from there.
- Between the parts of a message the bus stays busy. A bus that stays busy behind the last part needs a reset of the
  controller; what comes in afterwards belongs to nobody.
- The first transfer after the part has slept can lose its NACK.

All waits have an end: they are over with a look that began behind their time, after a few looks at least. A look that
began before says what was so in time, however long the machine took to tell. A transfer that failed in another way than
by a NACK counts as not acknowledged, so that it is tried again by whoever knows whether it may be; the third in a row
is an error.
"""

from __future__ import annotations

from typing import NoReturn

from optiga.errors import BoardError, Reason
from optiga.link.ft260 import reports
from optiga.link.ft260.codes import CHIP_VERSION, GPIO, I2C_STATUS, MOST_DATA, SYSTEM, Condition, Request
from optiga.link.ft260.reports import ChipVersion, Gpio, I2cStatus, SystemStatus
from optiga.link.ft260.steps import AwaitInput, GetFeature, HidConversation, HidStep, Output, Pause, SetFeature
from optiga.link.steps import Note

CLOCK_KHZ = 400
"""Fast mode, which every OPTIGA speaks as delivered."""
BUSY_S = 0.1
"""How long the controller or the bus may be busy with a transfer, in seconds. 180 bytes take 17 ms at 100 kHz."""
INPUT_S = 1.0
"""How long the data of a read may take, in seconds."""
STARTUP_S = 0.015
"""How long the chip is given once its reset line is high, in seconds."""
RESET_LOW_S = 0.002
"""How long a reset holds the line low, in seconds: 10 µs to 2.5 ms are a warm reset."""
AWAKE_S = 4.8
"""After so long without traffic the part may have slept: it does so after five seconds."""
ATTEMPTS = 3
"""How often a feature report is asked for; and how many transfers in a row may fail in a way that is no NACK."""

_RETRY_S = 0.005
_SLICE_S = 0.05
"""How long data is waited for before the status is looked at: of a read that failed there may come none."""
_QUICK_POLLS = 8
"""Looks at the status without a pause: each takes 0.2 ms, a short transfer less than a millisecond."""
_POLL_S = 0.001
_STOPPING_S = 0.005
"""How long the bus may stay busy behind a NACK: the STOP is on its way."""
_QUIET_S = 0.005
"""For so long nothing must come in behind something that nobody waits for."""
_MOST_STRAYS = 256
_REPLUG = "Unplug and replug the board, then try again"
_STUCK_HINT = (
    "Something holds SCL or SDA low: unplug and replug the board; if it happens again, check the wiring, the "
    "pull-ups and the chip's supply"
)


class HidBridge:
    """An FT260, and everything that is known of it.

    :param port: how the user names the board, for messages.
    :param address: the chip's I2C address, 7 bits, not shifted.
    """

    def __init__(self, *, port: str, address: int = 0x30) -> None:
        self._port = port
        self._address = address
        self._now = 0.0
        self._used = 0.0
        self._saves_power = True
        self._has_slept = False
        self._is_clean = False  # whether the last transfer came to its end, so that the bus is free
        self._troubles = 0

    def start(self, now: float) -> HidConversation[None]:
        """Look who is there, set the bus up, and let the chip out of reset.

        :param now: the time at which it begins, in seconds.
        :raises BoardError: if it is no FT260, has no I2C, sleeps, or its bus is stuck; or the chip stays in reset.
        """
        self._now = now
        version = ChipVersion.parse((yield from self._get(CHIP_VERSION)))
        if not version.is_ft260:
            self._fail(
                f"not an FT260: its chip code is {version.code.hex()}, not 0260",
                "'python -m optiga boards' lists the boards",
                Reason.WRONG_TYPE,
            )
        yield from self._start_system()
        yield from self._reset_bus()
        clock = (yield from self._status()).clock_khz
        if clock > CLOCK_KHZ:
            self._fail(
                f"the board does not set its I2C clock to {CLOCK_KHZ} kHz: it stays at {clock} kHz",
                _REPLUG,
                Reason.UNSUPPORTED,
            )
        if clock < CLOCK_KHZ:
            yield from self._do(Note(f"the I2C clock is {clock} kHz, not {CLOCK_KHZ}"))
        pins = Gpio.parse((yield from self._get(GPIO)))
        if pins.holds_reset:
            yield from self._do(Note("GPIOF was low and held the chip in reset: it is now raised"))
            yield from self._raise_reset(pins)
        self._used = self._now

    def write(self, data: bytes, now: float) -> HidConversation[bool]:
        """Write a message, START to STOP.

        :param data: at least one byte: an address alone is known to lock FT260s up.
        :returns: whether all of it was acknowledged.
        :raises BoardError: if the bus is stuck.
        :raises ValueError: if there is no data.
        """
        if not data:
            raise ValueError("a write has at least one byte")
        yield from self._begin(now)
        for condition, piece in reports.parts_to_write(data):
            yield from self._do(Output(reports.write_request(self._address, condition, piece)))
            status = yield from self._finish(condition)
            if status is None or status.is_error:
                yield from self._give_up(status)
                return False
        self._end()
        return True

    def read(self, size: int, now: float) -> HidConversation[bytes | None]:
        """Read a message, START to STOP.

        :param size: its length, at least 1.
        :returns: the bytes; None if the address was not acknowledged.
        :raises BoardError: if the bus is stuck, or input reports get lost again and again.
        :raises ValueError: if the size is none.
        """
        if size < 1:
            raise ValueError("a read has at least one byte")
        yield from self._begin(now)
        yield from self._drain()
        message = b""
        for condition, part in reports.parts_to_read(size):
            yield from self._do(Output(reports.read_request(self._address, condition, part)))
            data = yield from self._collect(part)
            status = yield from self._finish(condition)
            if status is None or status.is_error or data is None:
                yield from self._give_up(status, owes=data is None)
                return None
            message += data
        self._end()
        # A part that has just woken up may have lost the NACK. A bus that nobody drives reads as ones, and no answer
        # of a chip is nothing but ones.
        return None if self._has_slept and not message.strip(b"\xff") else message

    def reset_chip(self, now: float) -> HidConversation[None]:
        """Reset the chip by GPIOF, which leads to its RST pin on Infineon's board, and wait until it has started.

        The line is high afterwards, whatever happens meanwhile.

        :raises BoardError: if it stays low.
        """
        self._now = now
        pins = Gpio.parse((yield from self._get(GPIO)))
        try:
            yield from self._do(SetFeature(pins.with_reset(is_low=True).encode()))
            yield from self._do(Pause(RESET_LOW_S))
        except BaseException:
            yield from self._do(SetFeature(pins.with_reset(is_low=False).encode()))
            raise
        yield from self._raise_reset(pins)

    def _start_system(self) -> HidConversation[None]:
        system = SystemStatus.parse((yield from self._get(SYSTEM)))
        if system.is_suspended:
            yield from self._do(Pause(_SLICE_S))
            system = SystemStatus.parse((yield from self._get(SYSTEM)))
        if system.is_suspended:
            self._fail("the board is asleep: its USB port is suspended", _REPLUG, Reason.NO_ANSWER)
        if system.is_uart_only:
            self._fail(
                "the board's FT260 is set to UART only",
                "Set its pins for I2C: DCNF1 to 0 and DCNF0 to 1",
                Reason.UNSUPPORTED,
            )
        if not system.has_i2c:
            yield from self._do(SetFeature(reports.system_request(Request.I2C_MODE, b"\x01")))
        self._saves_power = system.saves_power

    def _raise_reset(self, pins: Gpio) -> HidConversation[None]:
        yield from self._do(SetFeature(pins.with_reset(is_low=False).encode()))
        yield from self._do(Pause(STARTUP_S))
        if Gpio.parse((yield from self._get(GPIO))).holds_reset:
            self._fail("the chip is held in reset: the board's GPIOF stays low", _REPLUG, Reason.NO_ANSWER)

    def _begin(self, now: float) -> HidConversation[None]:
        """Begin a transfer."""
        self._now = now
        self._has_slept = self._saves_power and now - self._used > AWAKE_S
        if not self._is_clean:  # the one before was broken off
            yield from self._reset_bus()
        self._is_clean = False

    def _end(self) -> None:
        """A transfer has come to its end, and the bus is free."""
        self._used = self._now
        self._is_clean = True
        self._troubles = 0

    def _finish(self, condition: Condition) -> HidConversation[I2cStatus | None]:
        """Wait until a part of a transfer is over, well or not.

        :returns: the status then; None where it stays busy.
        """
        is_last = bool(condition & Condition.STOP)
        if self._has_slept and condition & Condition.START:
            yield from self._status()  # which says nothing of this transfer
        limit = self._now + BUSY_S
        stopped_by = limit
        looks = 0
        has_looked_again = (
            False  # where no STOP is awaited the bus stays busy; a NACK may show a look later all the same
        )
        while True:
            begun = self._now
            status = yield from self._status()
            looks += 1
            if status.is_error:
                stopped_by = min(stopped_by, self._now + _STOPPING_S)
                if not (is_last and status.is_bus_busy) or begun >= stopped_by:
                    return status
            elif not status.is_busy and not status.is_bus_busy:
                return status
            elif not status.is_busy and not is_last:
                if status.is_idle or has_looked_again:
                    return status
                has_looked_again = True
            elif begun >= limit and looks >= _QUICK_POLLS:
                return None
            if looks >= _QUICK_POLLS:
                yield from self._do(Pause(_POLL_S))

    def _collect(self, size: int) -> HidConversation[bytes | None]:
        """The data that a read request brings, in parts of 60 bytes and a rest; None where some of it does not come.

        What has another length is late from before, or damaged.
        """
        data = b""
        limit = self._now + INPUT_S
        strays = 0
        while len(data) < size:
            begun = self._now
            report = yield from self._do(AwaitInput(max(0.0, min(_SLICE_S, limit - begun))))
            part = reports.data_of(report)
            if part is not None and len(part) == min(MOST_DATA, size - len(data)):
                data += part
                continue
            strays += bool(report)
            if not report and (yield from self._status()).is_error:
                return None
            if begun >= limit or strays > _MOST_STRAYS:
                return None
        return data

    def _give_up(self, status: I2cStatus | None, *, owes: bool = False) -> HidConversation[None]:
        """Bring the bus back after a transfer that failed.

        :param status: what it ended with; None where it did not end.
        :param owes: whether input reports may come yet.
        :raises BoardError: if it cannot be brought back, or it is not the first that failed by more than a NACK.
        """
        is_nack = status is not None and status.is_nack
        if status is None or not is_nack or status.is_bus_busy:
            yield from self._reset_bus()
        elif owes:
            yield from self._drain(_QUIET_S)
        self._is_clean = True
        self._used = self._now
        self._troubles = 0 if is_nack else self._troubles + 1
        if self._troubles < ATTEMPTS:
            return
        self._troubles = 0
        if status is None:
            self._fail("the I2C bus is stuck: transfers do not end", _STUCK_HINT)
        if status.is_error:
            self._fail("the I2C bus is disturbed: arbitration is lost repeatedly", _STUCK_HINT)
        self._fail(
            "the data that the board reads from its chip do not arrive",
            f"Close other programs on it. {_REPLUG}",
            Reason.DISTURBED,
        )

    def _reset_bus(self) -> HidConversation[None]:
        """Reset the I2C controller, with its clock, and drop what is on its way from before.

        :raises BoardError: if the bus stays busy.
        """
        self._is_clean = False
        yield from self._do(SetFeature(reports.i2c_reset()))
        yield from self._do(SetFeature(reports.i2c_clock(CLOCK_KHZ)))
        yield from self._drain(_QUIET_S)
        limit = self._now + BUSY_S
        while True:
            begun = self._now
            status = yield from self._status()
            if not status.is_busy and not status.is_bus_busy:
                break
            if begun >= limit:
                self._fail(
                    f"the I2C bus is stuck: its status stays {status.bits:#04x} after a reset",
                    _STUCK_HINT,
                    Reason.DISTURBED,
                )
            yield from self._do(Pause(_POLL_S))
        self._is_clean = True

    def _drain(self, quiet_s: float = 0.0) -> HidConversation[None]:
        """Drop the input reports that nobody waits for.

        :raises BoardError: if they do not end.
        """
        limit = self._now + INPUT_S
        strays = 0
        while (yield from self._do(AwaitInput(quiet_s))):
            strays += 1
            if strays >= _MOST_STRAYS or self._now >= limit:
                self._fail(
                    "the board keeps sending data that were not requested",
                    f"Close other programs on it. {_REPLUG}",
                    Reason.DISTURBED,
                )
            quiet_s = _QUIET_S

    def _status(self) -> HidConversation[I2cStatus]:
        return I2cStatus.parse((yield from self._get(I2C_STATUS)))

    def _get(self, report_id: int) -> HidConversation[bytes]:
        """A feature report; it is asked for again where that fails, for a part that wakes up may refuse once.

        :raises BoardError: if it cannot be had.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                report = yield from self._do(GetFeature(report_id))
            except BoardError:
                if attempt == ATTEMPTS:
                    raise
            else:
                if reports.is_feature(report, report_id):
                    return report
            yield from self._do(Pause(_RETRY_S))
        self._fail(f"the board does not answer as an FT260 does (report {report_id:02x})", _REPLUG, Reason.BAD_ANSWER)

    def _do(self, step: HidStep) -> HidConversation[bytes]:
        heard = yield step
        self._now = heard.now
        return heard.data

    def _fail(self, message: str, hint: str, reason: Reason = Reason.DISTURBED) -> NoReturn:
        raise BoardError(message, hint=hint, port=self._port, reason=reason)
