"""Finds answers in the bytes that come from a board: behind noise, in pieces, one behind another."""

from __future__ import annotations

from typing import NamedTuple

from optiga.link import uart_frame as frame


class Found(NamedTuple):
    """An answer found on the line.

    :param apdu: the answer APDU; None for the firmware's error answer ``ff ff``.
    """

    apdu: bytes | None

    @property
    def is_error(self) -> bool:
        return self.apdu is None


_ERROR_LENGTH = 0xFFFF


class AnswerScanner:
    """Collects bytes and gives out whole answers.

    ``damaged`` counts frames whose CRC was wrong or that were given up half way, ``noise`` the bytes outside frames,
    both since the last :meth:`clear`.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.damaged: int = 0
        self.noise: int = 0

    @property
    def has_begun(self) -> bool:
        """Whether an answer has begun among the bytes that are not given out yet."""
        return frame.START in self._buffer

    @property
    def is_empty(self) -> bool:
        """Whether all bytes are given out or dropped."""
        return not self._buffer

    def feed(self, data: bytes) -> None:
        """Add bytes from the line."""
        self._buffer += data

    def clear(self) -> None:
        """Forget what has come and is not given out yet, and begin to count afresh."""
        self._buffer.clear()
        self.damaged = self.noise = 0

    def next(self) -> Found | None:
        """The next whole answer, None if it has not come yet."""
        while True:
            start = self._buffer.find(frame.START)
            if start < 0:
                self._drop_noise(max(0, len(self._buffer) - len(frame.START) + 1))
                return None
            self._drop_noise(start)
            if len(self._buffer) < frame.HEAD_SIZE:
                return None
            length = frame.body_length(bytes(self._buffer[: frame.HEAD_SIZE]))
            if length == _ERROR_LENGTH:
                del self._buffer[: frame.HEAD_SIZE]
                return Found(None)
            if length is None or length > frame.MAX_APDU:
                self._skip_start()
                continue
            end = frame.OVERHEAD + length
            if len(self._buffer) < end:
                return None
            whole = bytes(self._buffer[:end])
            if frame.is_intact(whole):
                del self._buffer[:end]
                return Found(whole[frame.HEAD_SIZE : -frame.CRC_SIZE])
            self._skip_start()

    def give_up_partial(self) -> None:
        """Stop waiting for the rest of a frame that has begun: what follows its start is looked at afresh.

        For when the line has gone quiet; a board that sent half an answer will never send the rest.
        """
        if self._buffer.startswith(frame.START):
            self._skip_start()

    def _skip_start(self) -> None:
        self.damaged += 1
        del self._buffer[: len(frame.START)]

    def _drop_noise(self, count: int) -> None:
        self.noise += count
        del self._buffer[:count]
