"""The ports there are: from what people write to what opens a way to a chip. Nobody else knows their forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from optiga.errors import ConfigurationError
from optiga.transport.base import Port, Transport
from optiga.transport.emulator_port import EmulatorPort, is_emulator
from optiga.transport.serial_port import DevicePort, UrlPort
from optiga.transport.urls import is_url


class Form(NamedTuple):
    """One form of a port.

    :param written: how it is written, for people.
    :param claims: whether a text is written so; the first form that claims it has it.
    :param parse: the port that such a text stands for. Raises ConfigurationError if it is written wrongly.
    """

    written: str
    claims: Callable[[str], bool]
    parse: Callable[[str], Port]


FORMS = (
    Form("emulator[:FILE][?model=…&timing=real&shielded=yes]", is_emulator, EmulatorPort.parse),
    Form("socket://HOST:PORT, rfc2217://HOST:PORT", is_url, UrlPort.parse),
    Form("a device name", lambda _: True, DevicePort),
)
"""All there are. What a form has behind ``?`` is its own."""


def resolve_port(port: str | Port | None) -> Port:
    """What a port as people write it stands for.

    :param port: a text of one of the :data:`FORMS`, or None for the one board that is plugged in; what is resolved
        already stays as it is. Nothing ever stands for an emulated chip but its own name.
    :raises ConfigurationError: if it is written wrongly.
    :raises BoardError: if it is None and there is not exactly one board.
    """
    if port is None:
        from optiga.transport.boards import find_board

        return DevicePort(find_board())
    if not isinstance(port, str):
        return port
    text = port.strip()
    if not text:
        raise ConfigurationError("the port is empty", hint="Name a device, a URL or emulator, or leave --port out")
    return next(form.parse(text) for form in FORMS if form.claims(text))


def open_transport(port: str | Port | None = None) -> Transport:
    """Open a way to a chip.

    :param port: as for :func:`resolve_port`.
    :raises BoardError: if it cannot be opened.
    :raises ConfigurationError: if it is written wrongly.
    """
    return resolve_port(port).open()
