"""Bytes to a board and back by pyserial: a serial device, or a URL, ``socket://`` or ``rfc2217://``."""

from __future__ import annotations

import errno
import os
import re
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from optiga.errors import BoardError, Reason, naming
from optiga.files.activity import Activity
from optiga.files.known_documents import chip_hint
from optiga.link.uart_bridge import WRITE_TIMEOUT_S
from optiga.suggestions import suggest
from optiga.transport.line import BAUD_RATE, MOST_AT_ONCE, TICK_S
from optiga.transport.permission import permission_hint
from optiga.transport.urls import SOCKET, check_options, is_url, split_url

if TYPE_CHECKING:
    import serial


_KINDS = ("emulator", "ft260", "socket", "rfc2217", "i2c")
"""What ports begin with that are no devices."""


class SerialLine:
    """A line over pyserial, at 115200 baud 8N1.

    :param port: a device name or a pyserial URL.
    :raises BoardError: if it cannot be opened.
    :raises ConfigurationError: if it is a URL that pyserial does not know.
    """

    def __init__(self, port: str) -> None:
        self._port = port
        self._serial = _open(port)

    def write(self, data: bytes) -> None:
        import serial

        try:
            self._serial.write(data)
        except serial.SerialTimeoutException:
            raise BoardError(
                "the board does not accept data",
                hint="Unplug and replug it, then try again",
                port=self._port,
                reason=Reason.NO_ANSWER,
            ) from None
        except (serial.SerialException, OSError) as error:
            raise self._lost(error) from error

    def read(self, seconds: float) -> bytes:
        import serial

        deadline = self.now() + seconds
        try:
            if seconds <= 0 and not self._serial.in_waiting:
                return b""
            data: bytes = self._serial.read(1)
            while not data and self.now() < deadline:
                data = self._serial.read(1)
            while data and len(data) < MOST_AT_ONCE and (waiting := self._serial.in_waiting):
                data += self._serial.read(min(waiting, MOST_AT_ONCE))
        except (serial.SerialException, OSError) as error:
            raise self._lost(error) from error
        return data

    def now(self) -> float:
        return time.monotonic()

    def close(self) -> None:
        with suppress(Exception):  # what lies unsent holds a device up as it closes; nobody waits for it
            if not is_url(self._port):
                self._serial.reset_output_buffer()
        with suppress(OSError):
            self._serial.close()

    def _lost(self, error: Exception) -> BoardError:
        return BoardError(
            f"the connection broke: {error}",
            hint="Check whether the board was unplugged, or another program uses the port",
            port=self._port,
            reason=Reason.DISCONNECTED,
        )


def _open(port: str) -> serial.Serial:
    import serial

    try:
        if is_url(port):
            words = f"Connecting to {port}"
            with Activity(lambda: words, note=lambda: words):
                return _open_url(port)
        opened: serial.Serial = serial.serial_for_url(
            port, baudrate=BAUD_RATE, timeout=TICK_S, write_timeout=WRITE_TIMEOUT_S, exclusive=True
        )
        opened.reset_input_buffer()
    except (serial.SerialException, OSError) as error:
        raise _cannot_open(port, error) from error
    except Exception as error:
        if type(error).__module__ == "termios":  # pyserial lets it through; it is of no family
            raise _cannot_open(port, error) from error
        raise
    return opened


def _open_url(port: str) -> serial.Serial:
    parts = split_url(port)
    check_options(port, parts)
    if parts.scheme == SOCKET:  # pyserial's for URLs load what a device's line does without: sockets, logging, threads
        from optiga.transport.socket_port import SocketPort

        return cast("serial.Serial", SocketPort(port, BAUD_RATE, timeout=TICK_S, write_timeout=WRITE_TIMEOUT_S))
    from optiga.transport.rfc2217_port import Rfc2217Port

    return cast("serial.Serial", Rfc2217Port(port, BAUD_RATE, timeout=TICK_S))  # which has no time limit for writing


def _cannot_open(port: str, error: Exception) -> BoardError:
    """The error that says why a port did not open, in words for the cause."""
    number = getattr(error, "errno", None)
    text = str(error)
    if number is None:
        # Of a termios.error, or of what is behind pyserial's words.
        number = next((one.args[0] for one in (error.__context__, error) if one is not None and one.args), None)
    if is_url(port):
        # An emulated board is served on a socket; RFC 2217 is what serial servers speak.
        example = (
            naming(", for example 'python -m optiga emulator serve {tcp=HOST:PORT}'")
            if split_url(port).scheme == SOCKET
            else ""
        )
        if any(isinstance(one, socket.gaierror) for one in (error.__context__, error)):
            return BoardError(
                f"the name of the host cannot be resolved: {_reason(error)}",
                hint="Check the name of the host, and the network of this computer",
                port=port,
                reason=Reason.NO_BOARD,
                parameter="port",
            )
        return BoardError(
            f"nothing answers at this address: {_reason(error)}",
            hint=naming("Check that the other end is running{example}", example=example),
            port=port,
            reason=Reason.NO_BOARD,
            parameter="port",
        )
    list_ports = chip_hint(port) or "To list the ports, use 'python -m optiga boards'"
    if number == errno.ENOENT or "FileNotFoundError" in text:
        return BoardError(
            f"there is no such port{_meant(port)}",
            hint=list_ports,
            port=port,
            reason=Reason.NO_BOARD,
        )
    if number in (errno.EACCES, errno.EPERM) or "PermissionError" in text:
        return BoardError("no permission to open it", hint=permission_hint(port), port=port, reason=Reason.DENIED)
    if number in (errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK) or "exclusively lock" in text:
        return BoardError(
            "in use by another program",
            hint="Close that program, for example a terminal",
            port=port,
            reason=Reason.BUSY,
        )
    if number in (errno.ENOTTY, errno.EISDIR, errno.EINVAL, errno.ENODEV, errno.ENXIO):
        return BoardError(
            "not a serial port",
            hint=list_ports,
            port=port,
            reason=Reason.WRONG_TYPE,
        )
    return BoardError(
        f"cannot be opened: {_reason(error)}",
        hint=list_ports,
        port=port,
        reason=Reason.NO_BOARD,
    )


def _reason(error: Exception) -> str:
    """What the system says of an error; pyserial says it behind words of its own, which our message has already."""
    for one in (error.__context__, error):
        if isinstance(one, OSError) and one.strerror:
            return one.strerror
    if len(error.args) > 1:
        return str(error.args[1])  # a termios.error
    return str(error.__context__ or error).rpartition(": ")[2]


def _meant(port: str) -> str:
    """Which port was probably meant, if one that is no device was; else empty."""
    if os.name == "posix" and re.fullmatch(r"tty\w+|(cu|tty)\.[\w.-]+|i2c-\d+", port):
        return f", did you mean '/dev/{port}'?"
    if re.fullmatch(r"(?!com\d)[\w-]+(\.[\w-]+)*:\d{2,5}", port, re.IGNORECASE):
        return f", did you mean '{SOCKET}://{port}'?"
    if (bare := port.strip("'\"")) != port:  # the quotes of a file of environment variables
        return f", did you mean {bare}, without the quotes?" if bare else ""
    kind, colon, rest = port.partition(":")
    near = suggest(kind, _KINDS, {})
    return near[:-2] + f"{colon}{rest}'?" if near else ""
