"""A chip's reset and supply pins on a Raspberry Pi's header, by the GPIO character device (Linux 5.10 and later).

The kernel promises a level only while the pins are held, so they are held as long as the bus is open, and high at
its end.
"""

from __future__ import annotations

import errno
import os
import re
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path

from optiga.errors import BoardError, ConfigurationError, Reason
from optiga.files.interruptions import Uninterrupted
from optiga.transport.permission import permission_hint

if sys.platform != "win32":
    from fcntl import ioctl
else:  # nobody gets so far there

    def ioctl(*_: object) -> int:
        raise OSError(errno.ENOSYS, "no such call")


LABELS = ("pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1")
"""GPIO chips of Raspberry Pi headers. Their numbers differ between kernels, so they are found by these."""
LOW_S = 0.002
STARTUP_S = 0.02
"""How long the chip is given to start, in seconds: 15 ms, and 20 ms if its memory was being written."""
_CHIP_INFO = 0x8044B401
_GET_LINES = 0xC250B407
_SET_VALUES = 0xC010B40F
_OUTPUT = 1 << 3
_ATTRIBUTE_VALUES = 2
_MOST_PIN = 57
_REQUEST = struct.Struct("=64I 32s QI20x I4xQQ 216x II20x i")
"""``gpio_v2_line_request``: offsets, consumer; flags, attributes; one attribute of ten; lines, buffer; descriptor."""
_VALUES = struct.Struct("=QQ")
_CONSUMER = b"optiga"


def parse_pin(text: str, *, parameter: str = "") -> int:
    """The number of a GPIO pin, as the Pi's documents count them.

    :param text: ``GPIO17``, or ``17``.
    :raises ConfigurationError: if it names none.
    """
    found = re.fullmatch(r"(?:GPIO)?(\d{1,2})", text.strip(), re.IGNORECASE | re.ASCII)
    if found is None or int(found[1]) > _MOST_PIN:
        raise ConfigurationError(
            f"{text!r} is not a GPIO pin",
            hint=f"Write the pin as GPIO17; the pins are GPIO0 to GPIO{_MOST_PIN}",
            parameter=parameter,
        )
    return int(found[1])


class ResetPins:
    """A chip's reset pin and the pin that switches its supply, or one of them, both high but for a reset.

    :param reset: GPIO number of the reset pin; None where it is not wired.
    :param supply: GPIO number of the pin that switches the supply; None where it is not wired.
    :param port: how the user names the bus, for messages.
    :param dev: where device files are.
    :raises BoardError: if the machine has no such pins, or they cannot be had.
    """

    def __init__(
        self, *, reset: int | None = None, supply: int | None = None, port: str, dev: Path = Path("/dev")
    ) -> None:
        self._port = port
        self._pins = tuple(pin for pin in (reset, supply) if pin is not None)
        self._names = " and ".join(f"GPIO{pin}" for pin in self._pins)
        chip = _find_chip(dev, port)
        try:
            self._descriptor: int | None = self._hold(chip)
        except OSError as error:
            raise self._refused(error) from error
        finally:
            os.close(chip)

    def pulse(self) -> None:
        """Reset the chip: all pins low and high again, and wait until it has started.

        The pins are high afterwards, whatever happens meanwhile.

        :raises BoardError: if they cannot be set.
        """
        with Uninterrupted():  # whoever ends the run must not leave the pins low
            try:
                self._set(is_high=False)
                time.sleep(LOW_S)
            finally:
                self._set(is_high=True)
        time.sleep(STARTUP_S)

    def close(self) -> None:
        """Leave the pins high, and give them back. Does nothing the second time."""
        descriptor = self._descriptor
        if descriptor is not None:
            with suppress(BoardError):
                self._set(is_high=True)
            self._descriptor = None
            with suppress(OSError):
                os.close(descriptor)

    def _hold(self, chip: int) -> int:
        """A descriptor of the pins, which makes them outputs, high from the start."""
        count = len(self._pins)
        every = (1 << count) - 1
        offsets = (*self._pins, *[0] * (64 - count))
        request = bytearray(
            _REQUEST.pack(*offsets, _CONSUMER, _OUTPUT, 1, _ATTRIBUTE_VALUES, every, every, count, 0, 0)
        )
        ioctl(chip, _GET_LINES, request)
        descriptor: int = _REQUEST.unpack(request)[-1]
        return descriptor

    def _set(self, *, is_high: bool) -> None:
        every = (1 << len(self._pins)) - 1
        if self._descriptor is None:
            raise BoardError(
                f"{self._names} cannot be set: they are already released",
                hint="Open it again",
                port=self._port,
                reason=Reason.DISCONNECTED,
            )
        try:
            ioctl(self._descriptor, _SET_VALUES, bytearray(_VALUES.pack(every if is_high else 0, every)))
        except OSError as error:
            raise self._refused(error) from error

    def _refused(self, error: OSError) -> BoardError:
        if error.errno == errno.EBUSY:
            hint = "Find what uses it with gpioinfo: an overlay in config.txt, or another program"
            return BoardError(f"{self._names} is in use", hint=hint, port=self._port, reason=Reason.BUSY)
        return BoardError(
            f"{self._names} cannot be set: {error.strerror or error}",
            hint="Use Linux 5.10 or later, and a pin of the header",
            port=self._port,
            reason=Reason.UNSUPPORTED,
        )


def _find_chip(dev: Path, port: str) -> int:
    """A descriptor of the GPIO chip behind a Raspberry Pi's header.

    :raises BoardError: if there is none, or it may not be opened.
    """
    closed: list[Path] = []
    for path in sorted(dev.glob("gpiochip*")):
        try:
            descriptor = os.open(path, os.O_RDWR | getattr(os, "O_CLOEXEC", 0))
        except PermissionError:
            closed.append(path)
            continue
        except OSError:
            continue
        if _label_of(descriptor) in LABELS:
            return descriptor
        os.close(descriptor)
    if closed:
        raise BoardError(
            f"no permission to open {closed[0]}, for the reset pin",
            hint=permission_hint(str(closed[0]), group="gpio"),
            port=port,
            reason=Reason.DENIED,
        )
    raise BoardError(
        "this computer has no Raspberry Pi header",
        hint="Omit the pins: the chip is then reset with a command",
        port=port,
        reason=Reason.UNSUPPORTED,
    )


def _label_of(descriptor: int) -> str:
    """What a GPIO chip is called; empty where it does not say."""
    info = bytearray(68)  # name, label, number of lines
    try:
        ioctl(descriptor, _CHIP_INFO, info)
    except OSError:
        return ""
    return info[32:64].split(b"\0")[0].decode("ascii", "replace")
