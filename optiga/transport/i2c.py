"""A chip on an I2C bus: what carries the conversation with it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from optiga.link.i2c.steps import Done, Note, Pause, Read, Step, Write
from optiga.transport.carrying import carry
from optiga.transport.trace import inform, trace

if TYPE_CHECKING:
    from optiga.link.i2c.host import I2cConversation
    from optiga.protocol.request import Request
    from optiga.transport.base import OnClose
    from optiga.transport.i2c_bus import Bus

_LONG_ENOUGH_S = 0.001
"""A pause in which something else can be done."""


class I2cTransport:
    """A transport to a chip on a bus.

    :param bus: open; closed with this.
    :param conversation: with the chip, before its first step.
    :param port: how the user names the bus, for messages.
    :param on_close: is told, when this is closed, whether every exchange has come to its end.
    """

    def __init__(self, bus: Bus, conversation: I2cConversation, *, port: str, on_close: OnClose | None = None) -> None:
        self._bus = bus
        self._conversation = conversation
        self._port = port
        self._on_close = on_close
        self._meanwhile: Callable[[], object] | None = None

    def exchange(self, request: Request) -> bytes:
        """Send a command and return the chip's answer APDU.

        :raises BoardError: as :meth:`~optiga.link.i2c.host.I2cConversation.exchange`, or if the bus breaks.
        """
        self._meanwhile = request.meanwhile
        return carry(self._conversation.exchange(request, self._bus.now()), self._do, on_failure=self._tell_time)

    @property
    def is_shielded(self) -> bool:
        """Whether commands go over a shielded connection."""
        return self._conversation.is_shielded

    def close(self) -> None:
        """Give the bus back. Does nothing the second time."""
        on_close, self._on_close = self._on_close, None
        try:
            self._bus.close()
        finally:
            if on_close is not None:
                on_close(done=self._conversation.is_settled)

    def _tell_time(self) -> None:
        self._conversation.tell_time(self._bus.now())

    def _do(self, step: Step) -> Done:
        data: bytes | None = b""
        if isinstance(step, Note):
            inform("%s: %s", self._port, step.text)
        elif isinstance(step, Pause):
            self._pause(step.seconds)
        elif isinstance(step, Write):
            is_acknowledged = self._bus.write(step.data)
            self._trace(">", step.data, step.hides, is_acknowledged)
            data = b"" if is_acknowledged else None
        else:
            data = self._read(step)
        return Done(self._bus.now(), data)

    def _read(self, step: Read) -> bytes | None:
        data = self._bus.read(step.size)
        self._trace("<", data or b"", step.hides, data is not None)
        return data

    def _pause(self, seconds: float) -> None:
        """Wait, and do meanwhile what there is to do."""
        if self._meanwhile is not None and seconds > _LONG_ENOUGH_S:
            until = self._bus.now() + seconds
            with suppress(Exception):  # it fails again, and is heard, where it is needed
                self._meanwhile()
            self._meanwhile = None
            seconds = until - self._bus.now()
        if seconds > 0:
            self._bus.wait(seconds)

    def _trace(self, direction: str, data: bytes, hides: bool, is_acknowledged: bool) -> None:
        shown = f"({len(data)} bytes with a secret, not shown)" if hides else data.hex()
        trace("%s %s %s", self._port, direction, shown if is_acknowledged else "not acknowledged")
