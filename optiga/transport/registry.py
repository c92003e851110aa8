"""The ports there are: from what people write to what opens a way to a chip. Nobody else knows their forms."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from operator import attrgetter
from typing import cast

from optiga.errors import ConfigurationError, naming, shorten_value
from optiga.transport.base import Port, Transport
from optiga.transport.port_options import I2C_DEVICE
from optiga.transport.urls import is_url


def is_emulator(name: str) -> bool:
    """Whether the name of a port is an emulated chip's; nothing else ever stands for one."""
    return name.strip().split("?", 1)[0].split(":", 1)[0].lower() == "emulator"


def _is_i2c(text: str) -> bool:
    """Whether a port is written as an I2C bus of Linux."""
    where = text.partition("?")[0]
    return where.lower().startswith("i2c:") or (where.startswith(I2C_DEVICE) and where[len(I2C_DEVICE) :].isdecimal())


def _is_ft260(text: str) -> bool:
    """Whether a port is written as an FT260 board."""
    return text.partition("?")[0].partition(":")[0].lower() == "ft260"


FORMS: tuple[tuple[Callable[[str], bool], str], ...] = (
    (is_emulator, "emulator_port:EmulatorPort.parse"),
    (is_url, "serial_port:SerialPort.parse_url"),
    (_is_i2c, "i2c_ports:I2cPort.parse"),
    (_is_ft260, "i2c_ports:Ft260Port.parse"),
    (lambda _: True, "serial_port:SerialPort"),
)
"""All there are: whether a text is written so, and where what makes its port is, or raises ConfigurationError.

The first that claims a text has it. What stands behind ``?`` is its own. A run has one port, and does without the
drivers of the others.
"""


def _parser(place: str) -> Callable[[str], Port]:
    """What makes a port of its text.

    :param place: where it is, ``module:name``.
    """
    module, _, name = place.partition(":")
    return cast("Callable[[str], Port]", attrgetter(name)(import_module(f"{__package__}.{module}")))


def resolve_port(port: str | Port | None) -> Port:
    """What a port as people write it stands for.

    :param port: a device name, ``socket://HOST:PORT``, ``rfc2217://HOST:PORT``,
        ``i2c:DEVICE[?address=0x30&reset=GPIO17&supply=GPIO27&shielded=FILE]``, ``/dev/i2c-1``,
        ``ft260[:PATH][?vid=…&pid=…&address=0x30&shielded=FILE]``,
        ``emulator[:FILE][?model=…&timing=real&shielded=yes]``, or None for the one board that is plugged in; what is
        resolved already stays as it is. Nothing ever stands for an emulated chip but its own name.
    :raises ConfigurationError: if it is written wrongly.
    :raises TypeError: if it is of a type that names none.
    :raises BoardError: if it is None and there is not exactly one board.
    """
    if port is None:
        from optiga.transport.boards import find_board

        return resolve_port(find_board())
    if not isinstance(port, str):
        if not callable(getattr(port, "open", None)):
            raise TypeError(f"a port must be a text, not {type(port).__name__}")
        return port
    text = port.strip()
    if not text:
        raise ConfigurationError("the port is empty", hint=naming("Give a device, a URL or emulator, or omit {port}"))
    if "\0" in text:
        raise ConfigurationError(
            f"{text!r} is not a port: it contains a null character", hint="Look at how it was made", parameter="port"
        )
    try:
        return _parser(next(place for claims, place in FORMS if claims(text)))(text)
    except ConfigurationError as error:
        if (short := shorten_value(text)) != text:
            error.message = error.message.replace(text, short)
        error.parameter = error.parameter or "port"
        raise


def open_transport(port: str | Port | None = None) -> Transport:
    """Open the connection to a chip.

    :param port: the port, as for :func:`resolve_port`.
    :raises BoardError: if the port cannot be opened.
    :raises ConfigurationError: if the port is not valid.
    """
    return resolve_port(port).open()
