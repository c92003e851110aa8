"""``socket://``: pyserial's, mended where it never ends on a line that never rests."""

from __future__ import annotations

import os
import select
import socket
from contextlib import suppress

from serial import SerialException
from serial.urlhandler import protocol_socket

from optiga.transport.line import MOST_AT_ONCE


class SocketPort(protocol_socket.Serial):
    """pyserial's, which reads byte by byte, and empties what never gets empty."""

    is_open: bool
    _socket: socket.socket
    _timeout: float | None
    _process = 0

    def read(self, size: int = 1) -> bytes:  # noqa: ARG002 - as much as there is
        try:
            if not select.select([self._socket], [], [], self._timeout)[0]:
                return b""
            data: bytes = self._socket.recv(MOST_AT_ONCE)
        except BlockingIOError:
            return b""
        if not data:
            raise SerialException("the other end has closed the connection")
        return data

    def reset_input_buffer(self) -> None:
        """What has come is dropped before the first command."""

    def open(self) -> None:
        self._process = os.getpid()
        super().open()

    def close(self) -> None:
        """Without the pause of pyserial's. A process that was forked does not end its parent's connection."""
        if self.is_open:
            self.is_open = False
            if self._process == os.getpid():
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
