"""A chip's reset and supply pins by the GPIO character device: found by its label, high but for a reset."""

from __future__ import annotations

import errno
import os
import struct
import sys
from pathlib import Path
from typing import Any

import pytest

from optiga import BoardError, ConfigurationError
from optiga.transport import gpio_pins
from optiga.transport.gpio_pins import ResetPins, parse_pin

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the GPIO character device is Linux's")

CHIP_INFO, GET_LINES, SET_VALUES = 0x8044B401, 0xC250B407, 0xC010B40F


class Gpio:
    """GPIO chips, each a file that holds its label.

    :ivar levels: of the pins held, each time they are set.
    """

    def __init__(self, dev: Path) -> None:
        self.dev = dev
        self.requests: list[bytes] = []
        self.levels: list[int] = []
        self.fails: dict[int, int] = {}
        self.lines: int | None = None

    def chip(self, name: str, label: str) -> None:
        (self.dev / name).write_text(label)

    def ioctl(self, descriptor: int, request: int, argument: Any) -> int:
        if request in self.fails:
            raise OSError(self.fails[request], os.strerror(self.fails[request]))
        if request == CHIP_INFO:
            argument[32:64] = os.read(descriptor, 32).ljust(32, b"\0")
        elif request == GET_LINES:
            self.requests.append(bytes(argument))
            self.lines = os.dup(descriptor)
            argument[-4:] = struct.pack("=i", self.lines)
        else:
            assert request == SET_VALUES
            assert descriptor == self.lines
            bits, mask = struct.unpack("=QQ", argument)
            assert not bits & ~mask
            self.levels.append(bits)
        return 0


@pytest.fixture
def gpio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gpio:
    gpio = Gpio(tmp_path)
    monkeypatch.setattr(gpio_pins, "ioctl", gpio.ioctl)
    return gpio


def pins(gpio: Gpio, **numbers: int) -> ResetPins:
    return ResetPins(port="/dev/i2c-1", dev=gpio.dev, **numbers)


@pytest.mark.parametrize("label", ["pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1"])
def test_a_reset(gpio: Gpio, label: str) -> None:
    gpio.chip("gpiochip0", "raspberrypi-exp-gpio")
    gpio.chip("gpiochip4", label)
    held = pins(gpio, reset=17, supply=27)
    (request,) = gpio.requests
    assert len(request) == 592
    assert struct.unpack_from("=3I", request) == (17, 27, 0)
    assert request[256:288].rstrip(b"\0") == b"optiga"
    flags, attributes = struct.unpack_from("=QI", request, 288)
    assert flags == 8, "outputs"
    assert attributes == 1
    assert struct.unpack_from("=IIQQ", request, 320) == (2, 0, 3, 3), "high from the start"
    assert struct.unpack_from("=II", request, 560) == (2, 0)
    held.pulse()
    assert gpio.levels == [0, 3]
    held.close()
    held.close()
    assert gpio.levels == [0, 3, 3], "left high"
    with pytest.raises(BoardError, match="GPIO17"):
        held.pulse()


def test_one_pin(gpio: Gpio) -> None:
    gpio.chip("gpiochip0", "pinctrl-bcm2711")
    held = pins(gpio, reset=17)
    held.pulse()
    held.close()
    assert gpio.levels == [0, 1, 1]


def test_interrupted_while_low(gpio: Gpio, monkeypatch: pytest.MonkeyPatch) -> None:
    gpio.chip("gpiochip0", "pinctrl-bcm2711")
    held = pins(gpio, reset=17)

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(gpio_pins.time, "sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        held.pulse()
    assert gpio.levels == [0, 1]
    held.close()


def refusal(gpio: Gpio) -> str:
    with pytest.raises(BoardError) as caught:
        pins(gpio, reset=17)
    assert caught.value.port == "/dev/i2c-1"
    assert caught.value.hint
    return str(caught.value)


def test_no_such_chip(gpio: Gpio) -> None:
    gpio.chip("gpiochip0", "INT34C6:00")
    gpio.chip("gpiochip1", "pinctrl-rp1")
    gpio.fails = {CHIP_INFO: errno.ENOTTY}
    assert "Raspberry Pi" in refusal(gpio)


@pytest.mark.parametrize(("number", "words"), [(errno.EBUSY, "in use"), (errno.EINVAL, "cannot be set")])
def test_pins_that_cannot_be_had(gpio: Gpio, number: int, words: str) -> None:
    gpio.chip("gpiochip0", "pinctrl-bcm2711")
    gpio.fails = {GET_LINES: number}
    text = refusal(gpio)
    assert words in text
    assert "GPIO17" in text


def test_pins_that_cannot_be_set(gpio: Gpio) -> None:
    gpio.chip("gpiochip0", "pinctrl-bcm2711")
    held = pins(gpio, reset=17)
    gpio.fails = {SET_VALUES: errno.EIO}
    with pytest.raises(BoardError, match="cannot be set"):
        held.pulse()
    held.close()


def test_no_permission(gpio: Gpio, monkeypatch: pytest.MonkeyPatch) -> None:
    gpio.chip("gpiochip0", "pinctrl-bcm2711")
    (gpio.dev / "gpiochip1").symlink_to(gpio.dev / "nowhere")
    really = os.open

    def refuse(path: Any, flags: int) -> int:
        if str(path).endswith("gpiochip0"):
            raise PermissionError(errno.EACCES, "no")
        return really(path, flags)

    monkeypatch.setattr(gpio_pins.os, "open", refuse)
    assert "gpiochip0" in refusal(gpio)


@pytest.mark.parametrize(("text", "pin"), [("GPIO17", 17), ("gpio4", 4), (" 27 ", 27), ("GPIO0", 0)])
def test_a_pins_name(text: str, pin: int) -> None:
    assert parse_pin(text) == pin


@pytest.mark.parametrize("text", ["", "GPIO", "GPIO58", "17.0", "-1", "PIN17", "GPIO017", "١٧", "GPIO17,27"])
def test_no_pins_name(text: str) -> None:
    with pytest.raises(ConfigurationError, match="GPIO"):
        parse_pin(text)
