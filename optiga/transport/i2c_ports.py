"""Ports with a chip on an I2C bus: of Linux, or behind an FT260 USB board."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from optiga.errors import ConfigurationError, Reason
from optiga.files.locks import PortLock, lock_path_for_port
from optiga.link.ft260.codes import PRODUCT, VENDOR
from optiga.link.i2c.host import I2cConversation
from optiga.link.i2c.registers import ADDRESS, MAX_FRAME
from optiga.transport.ft260 import FRAME_LIMIT, Ft260Bus
from optiga.transport.gpio_pins import ResetPins, parse_pin
from optiga.transport.hid_boards import choose_board, open_hid
from optiga.transport.i2c import I2cTransport
from optiga.transport.i2c_adapters import describe_adapter
from optiga.transport.i2cdev import I2cDevice
from optiga.transport.port_options import (
    FIRST_ADDRESS,
    I2C_DEVICE,
    LAST_ADDRESS,
    parse_number,
    parse_path,
    read_binding_secret,
    split_options,
)

if TYPE_CHECKING:
    from optiga.transport.base import Transport
    from optiga.transport.i2c_bus import Bus

_MOST_ID = 0xFFFF


class I2cPort(NamedTuple):
    """An I2C bus of Linux.

    :param name: how the user names it.
    :param device: its device file.
    :param address: the chip's, 7 bits; None for that which it comes with.
    :param reset: GPIO number of the chip's reset pin; None where it is not wired.
    :param supply: GPIO number of the pin that switches its supply; None where it is not wired.
    :param secret: file of the platform binding secret, for a shielded connection; None for none.
    """

    name: str
    device: str
    address: int | None = None
    reset: int | None = None
    supply: int | None = None
    secret: Path | None = None

    @classmethod
    def parse(cls, text: str) -> I2cPort:
        """From ``i2c:DEVICE[?address=0x30&reset=GPIO17&supply=GPIO27&shielded=FILE]``, or ``/dev/i2c-1`` alone.

        :raises ConfigurationError: if it is written wrongly.
        """
        where, options = split_options(text, "An I2C bus", ("address", "reset", "supply", "shielded"))
        device = where if where.startswith(I2C_DEVICE) else where.partition(":")[2]
        if not device.strip():
            raise ConfigurationError(f"port {text} names no bus behind the colon", hint="Write i2c:/dev/i2c-1")
        reset, supply = _pin(text, options, "reset"), _pin(text, options, "supply")
        if reset is not None and reset == supply:
            raise ConfigurationError(
                f"port {text}: GPIO{reset} is given for both reset and supply",
                hint="Give the pin that is wired to each of them",
                reason=Reason.CONFLICT,
            )
        return cls(text, device, _address(text, options), reset, supply, _secret(text, options))

    @property
    def chip_file(self) -> None:
        return None

    @property
    def is_network(self) -> bool:
        return False

    def shielded_with(self, secret: Path | None) -> I2cPort:
        return self._replace(secret=secret)

    def open(self) -> Transport:

        def open_bus() -> Bus:
            has_pins = self.reset is not None or self.supply is not None
            pins = ResetPins(reset=self.reset, supply=self.supply, port=self.name) if has_pins else None
            try:
                bus = I2cDevice(self.device, port=self.name, address=_or(self.address, ADDRESS), reset=pins)
            except BaseException:
                if pins is not None:
                    pins.close()
                raise
            try:
                bus.reset_chip()
            except BaseException:
                bus.close()
                raise
            return bus

        secret = None if self.secret is None else read_binding_secret(self.secret)
        return _open(self.name, describe_adapter(self.device).lock, open_bus, secret)


class Ft260Port(NamedTuple):
    """An I2C bus behind an FT260 board.

    :param name: how the user names it.
    :param path: its place on USB, or the path to it; empty for the only one.
    :param vendor: USB vendor; None for FTDI.
    :param product: USB product; None for the FT260.
    :param address: the chip's, 7 bits; None for that which it comes with.
    :param secret: file of the platform binding secret, for a shielded connection; None for none.
    """

    name: str
    path: str = ""
    vendor: int | None = None
    product: int | None = None
    address: int | None = None
    secret: Path | None = None

    @classmethod
    def parse(cls, text: str) -> Ft260Port:
        """From ``ft260[:PATH][?vid=0403&pid=6030&address=0x30&shielded=FILE]``.

        :raises ConfigurationError: if it is written wrongly.
        """
        where, options = _split_ft260(text)
        _, colon, path = where.partition(":")
        if colon and not path.strip():
            raise ConfigurationError(
                f"port {text} names no board behind the colon",
                hint="Give a board, or use ft260 if only one is connected",
            )
        vendor, product = (
            parse_number(text, key, options[key], lowest=0, highest=_MOST_ID) if key in options else None
            for key in ("vid", "pid")
        )
        return cls(text, path, vendor, product, _address(text, options), _secret(text, options))

    @property
    def chip_file(self) -> None:
        return None

    @property
    def is_network(self) -> bool:
        return False

    def shielded_with(self, secret: Path | None) -> Ft260Port:
        return self._replace(secret=secret)

    def open(self) -> Transport:
        secret = None if self.secret is None else read_binding_secret(self.secret)
        vendor, product = _or(self.vendor, VENDOR), _or(self.product, PRODUCT)
        board = choose_board(self.path, port=self.name, vendor=vendor, product=product)
        return _open(
            self.name,
            board.lock,
            lambda: Ft260Bus(open_hid(board, port=self.name), port=self.name, address=_or(self.address, ADDRESS)),
            secret,
            most_frame=FRAME_LIMIT,
        )


def _open(
    name: str, lock: str, open_bus: Callable[[], Bus], secret: bytes | None, *, most_frame: int | None = None
) -> Transport:
    """Take the lock on a bus, open it, and begin a conversation with the chip.

    :param lock: the bus's one name.
    :param secret: the platform binding secret, for a shielded connection; None for none.
    :raises BoardError: if that cannot be.
    """
    taken = PortLock(lock_path_for_port(lock + _shown_bus()), port=name)
    taken.acquire()
    with ExitStack() as undo:
        undo.callback(lambda: taken.release(done=not taken.was_left))  # whoever opens it next must know, too
        bus = open_bus()
        undo.callback(bus.close)
        conversation = I2cConversation(
            port=name, secret=secret, settled=not taken.was_left, most_frame=_or(most_frame, MAX_FRAME)
        )
        transport = I2cTransport(bus, conversation, port=name, on_close=taken.release)
        undo.pop_all()
    return transport


def _shown_bus() -> str:
    """What tells a bus that a program is only shown, by ``emulator run``, from one of the machine and from others.

    The variables are those that the libraries of :mod:`optiga.emulator.shims` go by.
    """
    return "".join(f" on {os.environ[name]}" for name in ("I2C_SHIM", "FT260_SHIM") if name in os.environ)


def _split_ft260(text: str) -> tuple[str, dict[str, str]]:
    """The parts of an FT260's port. A path of Windows has a question mark in front that begins no options."""
    head, mark, _ = text.partition("\\\\?\\")
    before = f"{head}{mark}" if mark else ""
    return split_options(text, "An FT260 board", ("vid", "pid", "address", "shielded"), before=before)


def _address(text: str, options: dict[str, str]) -> int | None:
    if "address" not in options:
        return None
    return parse_number(text, "address", options["address"], lowest=FIRST_ADDRESS, highest=LAST_ADDRESS)


def _or(number: int | None, usual: int) -> int:
    return usual if number is None else number


def _pin(text: str, options: dict[str, str], key: str) -> int | None:
    if key not in options:
        return None

    try:
        return parse_pin(options[key])
    except ConfigurationError as error:
        raise ConfigurationError(f"port {text}: {key}: {error.message}", hint=error.hint) from None


def _secret(text: str, options: dict[str, str]) -> Path | None:
    return parse_path(text, "shielded", options["shielded"]) if "shielded" in options else None
