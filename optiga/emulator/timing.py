"""An emulated chip that takes as long as a real one on a board."""

from __future__ import annotations

import time
from collections.abc import Callable

from optiga.link import uart_frame as frame
from optiga.protocol import apdu
from optiga.protocol.commands.times import typical_ms

_I2C_BYTES_PER_S = 400_000 / 9
_I2C_OVERHEAD = 46
"""Bytes of an exchange besides the two APDUs: addresses, registers, states, frames and acknowledgments."""


def work_s(command: bytes, answer: bytes) -> float:
    """How long a real chip works on a command APDU with an answer APDU when nothing delays it, in seconds."""
    param = command[1] if len(command) > 1 else 0
    return typical_ms(apdu.command_code(command), param, len(command), len(answer)) / 1000


def work_on_i2c_s(command: bytes, answer: bytes) -> float:
    """As :func:`work_s`, without the time that a bus of 400 kHz takes, which the manual's times have in them."""
    return max(0.0, work_s(command, answer) - (len(command) + len(answer) + _I2C_OVERHEAD) / _I2C_BYTES_PER_S)


class RealTiming:
    """Makes each exchange last as long as the manual's times, its security delays and a line of 115200 baud say.

    :param execute: the chip.
    :param delay: how long the chip's security monitor holds up the last command, in seconds.
    :param sleep: takes seconds.
    """

    def __init__(
        self,
        execute: Callable[[bytes], bytes],
        *,
        delay: Callable[[], float] = lambda: 0.0,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._execute = execute
        self._delay = delay
        self._sleep = sleep
        self._now = now

    def __call__(self, command: bytes) -> bytes:
        """Execute a command APDU, in its time."""
        started = self._now()
        answer = self._execute(command)
        line_ms = (len(command) + len(answer) + 2 * frame.OVERHEAD) / frame.LINE_BYTES_PER_MS
        due = started + work_s(command, answer) + line_ms / 1000 + self._delay()
        self._sleep(max(0.0, due - self._now()))
        return answer
