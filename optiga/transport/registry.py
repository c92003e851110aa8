"""The ports there are: from what people write to what opens a way to a chip. Nobody else knows their forms."""

from __future__ import annotations

from collections.abc import Callable

from optiga.errors import ConfigurationError, naming
from optiga.transport.base import Port, Transport
from optiga.transport.emulator_port import EmulatorPort, is_emulator
from optiga.transport.port_options import I2C_DEVICE
from optiga.transport.serial_port import SerialPort
from optiga.transport.urls import is_url


def _is_i2c(text: str) -> bool:
    """Whether a port is written as an I2C bus of Linux."""
    where = text.partition("?")[0]
    return where.lower().startswith("i2c:") or (where.startswith(I2C_DEVICE) and where[len(I2C_DEVICE) :].isdecimal())


def _is_ft260(text: str) -> bool:
    """Whether a port is written as an FT260 board."""
    return text.partition("?")[0].partition(":")[0].lower() == "ft260"


def _parse_bus(text: str) -> Port:
    """The port of an I2C bus, Linux's or an FT260 board's; most runs have none, and do without the drivers."""
    from optiga.transport.i2c_ports import Ft260Port, I2cPort

    return (Ft260Port if _is_ft260(text) else I2cPort).parse(text)


FORMS: tuple[tuple[Callable[[str], bool], Callable[[str], Port]], ...] = (
    (is_emulator, EmulatorPort.parse),
    (is_url, SerialPort.parse_url),
    (_is_i2c, _parse_bus),
    (_is_ft260, _parse_bus),
    (lambda _: True, SerialPort),
)
"""All there are: whether a text is written so, and what makes its port, or raises ConfigurationError.

The first that claims a text has it. What stands behind ``?`` is its own.
"""


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
            raise TypeError(f"a port is named by a text, not by {port!r}")
        return port
    text = port.strip()
    if not text:
        raise ConfigurationError(
            "the port is empty", hint=naming("Name a device, a URL or emulator, or leave {port} out")
        )
    if "\0" in text:
        raise ConfigurationError(f"{text!r} is no port: it has a null character", hint="Look at how it was made")
    return next(parse(text) for claims, parse in FORMS if claims(text))


def open_transport(port: str | Port | None = None) -> Transport:
    """Open a way to a chip.

    :param port: as for :func:`resolve_port`.
    :raises BoardError: if it cannot be opened.
    :raises ConfigurationError: if it is written wrongly.
    """
    return resolve_port(port).open()
