"""``rfc2217://``: pyserial's, mended for serial servers that decline what a board does not need."""

from __future__ import annotations

import os
from contextlib import suppress

from serial import SerialException, rfc2217

from optiga.errors import BoardError, Reason


class Rfc2217Port(rfc2217.Serial):
    """pyserial's, which works as well with servers that decline to set control lines or to drop what has come."""

    _ignore_set_control_answer: bool
    _process = 0

    def open(self) -> None:
        self._process = os.getpid()
        super().open()

    def close(self) -> None:
        """A process that was forked does not end its parent's connection."""
        if self._process == os.getpid():
            super().close()

    def rfc2217_set_control(self, value: bytes) -> None:
        try:
            super().rfc2217_set_control(value)
        except (ValueError, SerialException):
            self._ignore_set_control_answer = True  # as the option ign_set_control has it from the beginning

    def rfc2217_send_purge(self, value: bytes) -> None:
        if not self._ignore_set_control_answer:
            with suppress(ValueError, SerialException):
                super().rfc2217_send_purge(value)

    def reset_input_buffer(self) -> None:
        """Have the server drop what it has; what has come is dropped before the first command."""
        self.rfc2217_send_purge(rfc2217.PURGE_RECEIVE_BUFFER)

    def _reconfigure_port(self) -> None:
        try:
            super()._reconfigure_port()  # type: ignore[misc]  # which the types that others have written leave out
        except (ValueError, SerialException) as error:
            raise BoardError(
                "the serial server declines 115200 baud, 8 data bits, no parity, 1 stop bit",
                hint="Allow these settings on the server, or set its port to them and connect with socket://",
                port=str(self.portstr),
                reason=Reason.UNSUPPORTED,
            ) from error
