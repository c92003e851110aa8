"""Other sides of a line that never stop to talk, or say something else than a board does."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

from optiga.link import uart_frame as frame
from optiga.protocol.apdu import encode_answer

DONE = frame.encode(encode_answer())
DATA = frame.encode(encode_answer(bytes(27)))
REFUSED = frame.encode(encode_answer(ok=False))
TICK_S = 0.005
"""How long bytes are gathered that come one behind another, as a USB bridge does."""
I2C_FRAME = bytes.fromhex("03000800810000562020000a00")

ENDLESS: dict[str, Callable[[], Iterator[bytes]]] = {
    "zeros": lambda: itertools.repeat(bytes(64)),
    "ones": lambda: itertools.repeat(b"\xff" * 64),
    "noise": lambda: (bytes((place * 167 + number * 31) % 251 for place in range(64)) for number in itertools.count()),
    "text": lambda: itertools.repeat(b"login: \r\nPassword: \r\n"),
    "ff ff": lambda: itertools.repeat(frame.ERROR),
    "answers without data": lambda: itertools.repeat(DONE),
    "answers with data": lambda: itertools.repeat(DATA),
    "new answers": lambda: (frame.encode(encode_answer(number.to_bytes(4, "big"))) for number in itertools.count()),
    "refusals": lambda: itertools.repeat(REFUSED),
    "answers of all kinds": lambda: itertools.cycle([DONE, REFUSED, DATA, frame.ERROR]),
    "starts": lambda: itertools.repeat(frame.START),
    "heads of long answers": lambda: itertools.repeat(frame.START + b"\x07\xb0"),
    "heads of impossible answers": lambda: itertools.repeat(frame.START + b"\xff\xfe"),
    "wrong CRC": lambda: itertools.repeat(DATA[:-1] + b"\x00"),
    "half answers": lambda: itertools.repeat(DATA[:-5]),
    "frames of another protocol": lambda: itertools.repeat(I2C_FRAME),
    "commands": lambda: itertools.repeat(frame.encode(bytes.fromhex("f0000010d27600000447656e417574684170706c"))),
}
"""What comes without end, in pieces, whatever is sent."""


class EndlessLine:
    """A line with a clock of its own, on which one of the above comes at the speed of 115200 baud, or slower.

    :param board: takes what is sent and says what comes before the next piece; nobody by default.
    :param bytes_per_s: what it carries.
    """

    def __init__(
        self, coming: Iterator[bytes], board: Callable[[bytes], bytes] | None = None, bytes_per_s: float = 11520
    ) -> None:
        self._coming = coming
        self._board = board
        self._bytes_per_s = bytes_per_s
        self._time = 0.0
        self._answer = b""
        self.closed = False

    def write(self, data: bytes) -> None:
        self._time += len(data) / self._bytes_per_s
        if self._board is not None:
            self._answer += self._board(data)

    def read(self, seconds: float) -> bytes:
        data, self._answer = self._answer, b""
        if not data:
            data = next(self._coming)
            while len(data) < self._bytes_per_s * TICK_S:
                data += next(self._coming)
        self._time += len(data) / self._bytes_per_s
        return data

    def now(self) -> float:
        return self._time

    def close(self) -> None:
        self.closed = True
