"""The board a chip sits on: its bridge firmware, byte for byte.

Source: ``provisioning_sm.c`` of Infineon's ``mtb-example-optiga-data-management``. The firmware reads a head of six
bytes; at a wrong start sequence it answers ``ff ff``; otherwise it reads as many bytes as the head announces and two
more, however long that takes, and answers ``ff ff`` to a wrong CRC.
"""

from __future__ import annotations

from collections.abc import Callable

from optiga.errors import BoardError
from optiga.link import uart_frame as frame


class Board:
    """A bridge with a chip behind it. What has come of a frame stays until the rest comes.

    A frame longer than its buffer makes the real firmware write past the buffer's end. This one takes in all that was
    announced and then finds the CRC wrong.

    :param execute: the chip: a command APDU in, an answer APDU out.
    :param report: is told why the chip did not answer, for example because its file could not be written; the board
        says ``ff ff`` then, as to any chip that does not, and goes on.
    """

    def __init__(
        self, execute: Callable[[bytes], bytes], *, report: Callable[[BoardError], None] = lambda _: None
    ) -> None:
        self._execute = execute
        self._report = report
        self._received = bytearray()

    def feed(self, data: bytes) -> bytes:
        """Bytes that come over the UART, and what the board sends back."""
        self._received += data
        sent = b""
        while (answer := self._step()) is not None:
            sent += answer
        return sent

    def _step(self) -> bytes | None:
        """Take one head or one frame from what has come; None if it has not come whole."""
        if len(self._received) < frame.HEAD_SIZE:
            return None
        length = frame.body_length(bytes(self._received[: frame.HEAD_SIZE]))
        if length is None:
            del self._received[: frame.HEAD_SIZE]
            return frame.ERROR
        end = frame.OVERHEAD + length
        if len(self._received) < end:
            return None
        whole = bytes(self._received[:end])
        del self._received[:end]
        if length == 0 or end > frame.BUFFER_SIZE or not frame.is_intact(whole):
            return frame.ERROR
        try:
            return frame.encode(self._execute(whole[frame.HEAD_SIZE : -frame.CRC_SIZE]))
        except BoardError as error:
            self._report(error)
            return frame.ERROR
