"""A chip behind a board's bridge firmware: what carries the conversation with it over a line."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from optiga.link.steps import Heard, Note, Send, Step
from optiga.link.uart_bridge import LIMIT_S, BridgeConversation
from optiga.protocol.request import Request
from optiga.transport.base import OnClose
from optiga.transport.carrying import carry
from optiga.transport.line import Line
from optiga.transport.trace import inform, trace


class BridgeTransport:
    """A chip behind a board's bridge firmware.

    :param line: the bytes' way to the board, and the clock of all time limits; closed with this.
    :param port: how the user names the board, for messages.
    :param settled: False if somebody may have left the board in the middle of an exchange.
    :param spent_s: what opening the line has taken of the run's time, in seconds.
    :param limit_s: longest that a run goes on without a valid answer, in seconds.
    :param on_close: is told when the line is given back, and whether the board was left at peace.
    """

    def __init__(
        self,
        line: Line,
        *,
        port: str,
        settled: bool = True,
        spent_s: float = 0.0,
        limit_s: float = LIMIT_S,
        on_close: OnClose | None = None,
    ) -> None:
        self._line = line
        self._port = port
        self._on_close = on_close
        self._has_hidden = False
        self._meanwhile: Callable[[], object] | None = None
        self._conversation = BridgeConversation(port=port, settled=settled, spent_s=spent_s, limit_s=limit_s)

    @property
    def is_settled(self) -> bool:
        """Whether every exchange has come to its end, so that the board owes no answer."""
        return self._conversation.is_settled

    def exchange(self, request: Request) -> bytes:
        """Send a command and return the chip's answer APDU.

        :raises BoardError: as :meth:`BridgeConversation.exchange`, or if the line breaks.
        """
        self._meanwhile = request.meanwhile
        self._has_hidden = False
        answer = carry(self._conversation.exchange(request, self._line.now()), self._do, on_failure=self._tell_time)
        if self._has_hidden and not request.traits.hides_answer:
            trace("%s < answer %s", self._port, answer.hex())
        return answer

    def close(self) -> None:
        try:
            self._line.close()
        finally:
            if self._on_close is not None:
                self._on_close(done=self.is_settled)

    def _tell_time(self) -> None:
        self._conversation.tell_time(self._line.now())

    def _do(self, step: Step) -> Heard:
        data = b""
        if isinstance(step, Note):
            inform("%s: %s", self._port, step.text)
        elif isinstance(step, Send):
            shown = f"filler, {len(step.data)} bytes" if step.is_filler else _shown(step.data, step.hides)
            trace("%s > %s", self._port, shown)
            self._line.write(step.data)
            if not step.is_filler and self._meanwhile is not None:
                with suppress(Exception):  # it fails again, and is heard, where it is needed; the command is on its way
                    self._meanwhile()  # bytes that come now are kept by the line
                self._meanwhile = None
        else:
            data = self._line.read(step.seconds)
            if data:
                self._has_hidden = self._has_hidden or step.hides
                trace("%s < %s", self._port, _shown(data, step.hides))
        return Heard(self._line.now(), data)


def _shown(data: bytes, hides: bool) -> str:
    """Bytes for the log; only their number where they carry a secret."""
    return f"({len(data)} bytes with a secret, not shown)" if hides else data.hex()
