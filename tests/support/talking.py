"""Others on a port that people have, who say a thing without end, and a line to them on which time costs nothing."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from optiga.transport.serial_line import TICK_S, SerialLine

BYTES_PER_S = 11520
_LOOK_S = 0.0001
"""What a look at the clock takes, so that none waits for ever."""
_PIECE = 1024
Coming = Callable[[], Iterator[bytes]]


class CountedLine(SerialLine):
    """A line whose time passes with the bytes on it, as at 115200 baud, and with waiting for more."""

    def __init__(self, port: str) -> None:
        super().__init__(port)
        self._time = 0.0

    def write(self, data: bytes) -> None:
        super().write(data)
        self._time += len(data) / BYTES_PER_S

    def read(self, seconds: float) -> bytes:
        deadline = self._time + seconds
        while not (data := super().read(min(seconds, _LOOK_S))) and self._time < deadline:
            self._time += TICK_S
        self._time += len(data) / BYTES_PER_S
        return data

    def now(self) -> float:
        self._time += _LOOK_S
        return self._time


def _pieces(coming: Coming) -> Iterator[bytes]:
    """What comes, in pieces that cost little."""
    gathered = b""
    for piece in coming():
        gathered += piece
        if len(gathered) >= _PIECE:
            yield gathered
            gathered = b""


def _pause(stop: threading.Event, piece: bytes, bytes_per_s: float | None) -> None:
    if bytes_per_s is not None:
        stop.wait(len(piece) / bytes_per_s)


@contextmanager
def talking_on_tcp(coming: Coming, bytes_per_s: float | None = None) -> Iterator[str]:
    """Says a thing to whoever connects, as fast as that is read where no speed is given; gives the URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stop = threading.Event()

        def talk() -> None:
            while not stop.is_set():
                client, _ = listener.accept()
                with client, contextlib.suppress(OSError):
                    client.settimeout(0.2)
                    for piece in _pieces(coming):
                        if stop.is_set():
                            return
                        client.sendall(piece)
                        _pause(stop, piece, bytes_per_s)

        thread = threading.Thread(target=talk)
        thread.start()
        try:
            yield f"socket://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            stop.set()
            with contextlib.suppress(OSError):
                socket.create_connection(listener.getsockname()[:2], 1).close()
            thread.join()


@contextmanager
def talking_on_pty(coming: Coming, bytes_per_s: float | None = None) -> Iterator[str]:
    """The same on a serial device; gives its name."""
    import pty
    import tty

    controller, device = pty.openpty()
    tty.setraw(device)
    os.set_blocking(controller, False)
    stop = threading.Event()

    def talk() -> None:
        for piece in _pieces(coming):
            if stop.is_set():
                return
            readable, writable, _ = select.select([controller], [controller], [], 0.1)
            if readable:
                os.read(controller, 4096)
            if writable:
                with contextlib.suppress(BlockingIOError):
                    os.write(controller, piece)
            _pause(stop, piece, bytes_per_s)

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield os.ttyname(device)
    finally:
        stop.set()
        thread.join()
        os.close(controller)
        os.close(device)


WAYS = {"tcp": talking_on_tcp}
if sys.platform != "win32":
    WAYS["pty"] = talking_on_pty
