"""Ports with a board's UART at their end: serial devices, and URLs of what carries their bytes."""

from __future__ import annotations

import os
import re
import sys
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from optiga.errors import ConfigurationError, Reason
from optiga.files.locks import PortLock, lock_path_for_port
from optiga.transport import serial_line
from optiga.transport.trace import inform
from optiga.transport.uart import BridgeTransport
from optiga.transport.urls import check_options, split_url

if TYPE_CHECKING:
    from pathlib import Path

    from optiga.transport.base import Transport


class SerialPort(NamedTuple):
    """A serial device of this machine, or a URL.

    :param name: how the user names it: ``/dev/ttyACM0``, ``COM5``, ``socket://HOST:PORT``, ``rfc2217://HOST:PORT``.
    :param is_network: whether it is a URL.
    """

    name: str
    is_network: bool = False

    @classmethod
    def parse_url(cls, text: str) -> SerialPort:
        """From a URL.

        :raises ConfigurationError: if it is none of the documented forms.
        """
        check_options(text, split_url(text))
        return cls(text, is_network=True)

    @property
    def chip_file(self) -> None:
        return None

    @property
    def secret(self) -> None:
        return None

    def shielded_with(self, secret: Path | None) -> NoReturn:  # noqa: ARG002
        raise ConfigurationError(
            f"{self.name}: the host cannot make a shielded connection to a board with a UART",
            hint="Use an I2C bus, an FT260 board or an emulated chip as the port",
            reason=Reason.UNSUPPORTED,
        )

    def open(self) -> Transport:
        return _open(self.name, lock=one_name(self.name, is_network=self.is_network))


def one_name(name: str, *, is_network: bool) -> str:
    """The same name for a port however it is written, by which it is locked.

    Links to a device are followed; Windows knows ``COM5`` as ``com5``, ``COM5:`` and ``\\\\.\\COM5``, too. What stands
    behind the ``?`` of a URL says how the same board is spoken to.
    """
    if is_network:
        parts = split_url(name)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{parts.scheme}://{host}:{parts.port}"
    if sys.platform == "win32":
        return re.sub(r"^[\\/]{2}[.?][\\/]", "", name).rstrip(":").upper()
    return os.path.realpath(name)


def _open(name: str, *, lock: str) -> Transport:
    """Open the line and take the lock on it.

    :param lock: the port's one name.
    :raises BoardError: if that cannot be.
    """
    taken = PortLock(lock_path_for_port(lock), port=name)
    taken.acquire()
    try:
        began = monotonic()
        line = serial_line.SerialLine(name)
        spent = monotonic() - began
        bridge = BridgeTransport(line, port=name, settled=not taken.was_left, spent_s=spent, on_close=taken.release)
    except BaseException:
        taken.release(done=not taken.was_left)  # whoever opens it next must know, too
        raise
    inform("%s: open", name)
    return bridge
