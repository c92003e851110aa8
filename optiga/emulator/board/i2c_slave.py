"""The chip as it is seen on an I2C bus: registers, data link, transport and shielded connection over one emulated chip.

Source: Infineon I2C Protocol Specification 2.03 and the chip's datasheet. Nothing runs in between: what time has done
is worked out when the host looks.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from enum import Enum

from optiga.emulator.board.shield import ChipShield
from optiga.emulator.chip import EmulatedChip
from optiga.errors import BoardError
from optiga.link.i2c import datalink, transport
from optiga.link.i2c.datalink import TRANS_REPEAT, TRANS_TIMEOUT_S, DataLink
from optiga.link.i2c.presentation import OVERHEAD, Kind
from optiga.link.i2c.registers import MAX_FRAME, MIN_FRAME, STATE_SIZE, Register, State
from optiga.link.i2c.transport import Assembly, ChainError, Message
from optiga.protocol.apdu import BUFFER_SIZE, command_code
from optiga.protocol.commands import CommandCode
from optiga.protocol.commands.times import typical_ms
from optiga.protocol.request import Protection

WorkTime = Callable[[bytes, bytes], float]
"""How long the chip works on a command APDU with an answer APDU, in seconds."""


def _no_time(command: bytes, answer: bytes) -> float:  # noqa: ARG001
    return 0.0


class Acknowledges(Enum):
    """How the chip says that a command has come: what its timing decides, for it has no flag that tells."""

    APART = "apart"
    INSIDE = "inside"
    """In the answer."""
    WHEN_SLOW = "when slow"
    """Apart for commands that take their time."""


SHORT_STARTUP_S = 0.002
"""How long an emulated chip takes to start if nobody says otherwise, in seconds. An emulated bus is faster than any
real one; hosts that count their tries in place of the time, as Infineon's do, would give up a chip that only starts."""
_QUICK_MS = 30
"""Longest of what is answered at once: data of 256 bytes take so long."""
_DEFAULT_MODE = 0x0003
_TIMES = {Register.GUARD_TIME: 50, Register.TRANS_TIMEOUT: 10}
_KHZ = {1: 100, 2: 400, 3: 400, 4: 1000}
_ALERT = Message(bytes([Kind.FATAL]), True)


class I2cSlave:
    """A chip on a bus, powered on when this is made.

    :param clock: seconds, from any beginning.
    :param random: gives so many random bytes, for handshakes.
    :param acknowledges: how the chip acknowledges commands.
    :param work_s: how long it works on a command; by default no time at all, and as long as a real one with
        :func:`optiga.emulator.timing.work_on_i2c_s`.
    :param is_delayed: whether its security monitor delays commands.
    :param startup_s: how long it takes to start, in seconds; a real one :data:`~optiga.link.i2c.registers.STARTUP_S`.
    :param sleep_s: after what time without a transaction it sleeps, in seconds; None for never. It does not acknowledge
        the transaction that wakes it.
    :param is_deaf: whether it does not acknowledge its address while it works.
    :param max_frame: most bytes of a frame that it takes.
    :param report: is told why the chip did not answer, for example because its file could not be written.
    """

    def __init__(
        self,
        chip: EmulatedChip,
        *,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[int], bytes] = os.urandom,
        acknowledges: Acknowledges = Acknowledges.WHEN_SLOW,
        work_s: WorkTime = _no_time,
        is_delayed: bool = True,
        startup_s: float = SHORT_STARTUP_S,
        sleep_s: float | None = None,
        is_deaf: bool = False,
        max_frame: int = MAX_FRAME,
        report: Callable[[BoardError], None] = lambda _: None,
    ) -> None:
        self._chip = chip
        self._clock = clock
        self._acknowledges = acknowledges
        self._work_s = work_s
        self._is_delayed = is_delayed
        self._startup_s = startup_s
        self._sleep_s = sleep_s
        self._is_deaf = is_deaf
        self._max_frame = max_frame
        self._report = report
        self._shield = ChipShield(chip, self._execute, random)
        self._mode = self._kept_mode = _DEFAULT_MODE
        self._power_up()

    def reset(self) -> None:
        """Begin anew, as after SOFT_RESET, the reset pin or a power cycle."""
        self._chip.reset()
        self._shield.reset()
        self._power_up()

    def _power_up(self) -> None:
        self._awake_at = self._clock() + self._startup_s
        self._seen_at = self._awake_at
        self._pointer = int(Register.I2C_STATE)
        self._limit = self._max_frame
        self._link = DataLink()
        self._assembly = Assembly(BUFFER_SIZE + OVERHEAD)
        self._is_presented = False
        self._mode = self._kept_mode
        self._worked_s = 0.0
        self._is_slow = False
        self._drop_answer()
        self._reply = b""
        """A control frame that waits in DATA."""
        self._last: Message | None = None

    def _drop_answer(self) -> None:
        self._due: float | None = None
        self._answer: Message | None = None
        self._packets: list[bytes] = []
        self._offered = b""
        self._read_at: float | None = None
        self._offers = 0

    def write(self, data: bytes) -> bool:
        """A transaction in which the host writes; whether the chip acknowledges it."""
        if not self._is_acknowledging():
            return False
        if not data:
            return True
        self._pointer = data[0]
        if len(data) > 1:
            self._put(data[0], data[1:])
        return True

    def read(self, size: int) -> bytes | None:
        """A transaction in which the host reads so many bytes; None if the chip does not acknowledge it."""
        if not self._is_acknowledging():
            return None
        return self._get()[:size].ljust(size, b"\xff")

    @property
    def waiting(self) -> bytes:
        """The frame that waits in the DATA register; empty if none does."""
        return self._reply or self._offered

    def offer(self, frame: bytes) -> None:
        """Put a frame in the DATA register, in place of a control frame that waits there: for faults."""
        self._reply = frame

    def _is_acknowledging(self) -> bool:
        now = self._clock()
        self._work_on(now)
        if now < self._awake_at:
            return False
        slept = self._sleep_s is not None and now - self._seen_at > self._sleep_s
        self._seen_at = now
        return not slept and not (self._is_deaf and self._due is not None and now < self._due)

    def _work_on(self, now: float) -> None:
        """Do what is due: the answer, once the acknowledgment is read; or once more, if it was not acknowledged."""
        if self._reply:
            return
        if self._due is not None and now >= self._due:
            self._due = None
            if self._answer is not None:
                self._send(self._answer)
        if self._read_at is not None and now >= self._read_at + TRANS_TIMEOUT_S and self._offers < TRANS_REPEAT:
            self._offers += 1
            self._offer_again()

    def _get(self) -> bytes:
        if self._pointer == Register.DATA:
            return self._take_frame()
        if self._pointer == Register.I2C_STATE:
            return State(self._due is not None, bool(self.waiting), len(self.waiting)).encode()
        if self._pointer == Register.DATA_REG_LEN:
            return self._limit.to_bytes(2, "big")
        if self._pointer == Register.MAX_SCL_FREQU:
            return _KHZ[self._mode].to_bytes(4, "big")
        if self._pointer in _TIMES:
            return _TIMES[Register(self._pointer)].to_bytes(4, "big")
        if self._pointer == Register.I2C_MODE:
            return self._mode.to_bytes(2, "big")
        return b""

    def _take_frame(self) -> bytes:
        """The frame that waits, read by the host; an answer comes again if it is not acknowledged."""
        if self._reply:
            frame, self._reply = self._reply, b""
            return frame
        frame, self._offered = self._offered, b""
        if frame:
            self._read_at = self._clock()
        return frame

    def _put(self, register: int, data: bytes) -> None:
        if register == Register.DATA:
            self._take(data)
        elif register == Register.SOFT_RESET:
            self.reset()
        elif register == Register.DATA_REG_LEN and len(data) == STATE_SIZE // 2:
            wanted = int.from_bytes(data, "big")
            self._limit = min(wanted, self._max_frame) if wanted >= MIN_FRAME else self._limit
        elif register == Register.I2C_MODE and len(data) == STATE_SIZE // 2:
            mode = data[1] & 7
            if mode in _KHZ:
                self._mode = mode
                self._kept_mode = mode if data[0] & 0x80 else self._kept_mode

    def _take(self, frame: bytes) -> None:
        """Take a frame."""
        got = self._link.receive(frame, self._limit)
        if got.is_reset:
            self._assembly.clear()
            self._drop_answer()
            self._reply = b""
        if got.is_acknowledged:
            self._offered, self._read_at = b"", None
            if self._packets and got.packet is None:
                self._offer(self._link.send(self._packets.pop(0)))
        if got.is_refused:
            self._offer_again()
        if got.reply:
            self._reply = got.reply
        if got.packet is None:
            return
        self._drop_answer()
        self._reply = b""
        try:
            message = self._assembly.take(got.packet, self._limit - datalink.OVERHEAD)
        except ChainError as error:
            self._complain(error)
            return
        if message is None:
            self._reply = self._link.acknowledge()
        else:
            self._answer_to(message)

    def _complain(self, error: ChainError) -> None:
        """Say that a chain was broken, or say the last answer again if the host has found it so."""
        if not error.is_told:
            packet = transport.chaining_error(is_presented=self._is_presented)
            self._offer(self._link.send(packet))
        elif self._last is not None:
            self._send(self._last)
            self._last = None  # once
        else:
            self._reply = self._link.acknowledge()

    def _answer_to(self, message: Message) -> None:
        self._worked_s, self._is_slow = 0.0, False
        started = self._clock()
        try:
            self._answer = self._find_answer(message)
        except BoardError as error:
            self._report(error)
            self._answer = None
        self._last = self._answer
        delay_s = self._chip.take_security_delay_s()
        self._due = started + self._worked_s + (delay_s if self._is_delayed else 0.0)
        is_apart = self._is_slow if self._acknowledges is Acknowledges.WHEN_SLOW else None
        if is_apart or self._answer is None or self._acknowledges is Acknowledges.APART:
            self._reply = self._link.acknowledge()

    def _find_answer(self, message: Message) -> Message | None:
        """Have the chip do what a message asks for; None where it gets no answer."""
        if message.is_presented:
            self._is_presented = True
            answer = self._shield.take(message.data)
            return None if answer is None else Message(answer, True)
        if self._is_presented:
            return _ALERT
        return Message(self._execute(message.data, Protection.NONE))

    def _execute(self, command: bytes, protection: Protection) -> bytes:
        answer = self._chip.execute(command, protection)
        self._worked_s = self._work_s(command, answer)
        self._is_slow = _is_slow(command, answer)
        return answer

    def _send(self, answer: Message) -> None:
        self._answer = None
        first, *self._packets = transport.split(answer, self._limit - datalink.OVERHEAD)
        self._offer(self._link.send(first))

    def _offer(self, frame: bytes) -> None:
        self._offered, self._read_at, self._offers = frame, None, 0

    def _offer_again(self) -> None:
        if self._link.is_outstanding:
            self._offered, self._read_at = self._link.repeat(), None


def _is_slow(command: bytes, answer: bytes) -> bool:
    """Whether a command takes so long that the chip acknowledges it first."""
    code, param = command_code(command), command[1] if len(command) > 1 else 0
    is_start = code in (CommandCode.OPEN_APPLICATION, CommandCode.CLOSE_APPLICATION)
    return is_start or typical_ms(code, param, len(command), len(answer)) > _QUICK_MS
