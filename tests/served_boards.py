"""Emulated boards served from a thread of the tests, for as long as a context lasts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from optiga.emulator import Board
from optiga.emulator.server import Stop, serve_pty, serve_tcp


@contextmanager
def board_on_pty(board: Board) -> Iterator[str]:
    """On a pseudo terminal; gives the device's name."""
    with _serve(serve_pty, board) as port:
        yield port


@contextmanager
def board_on_tcp(board: Board) -> Iterator[str]:
    """On a free TCP port; gives its URL."""
    with _serve(serve_tcp, board, "127.0.0.1", 0) as port:
        yield port


@contextmanager
def _serve(serve: Callable[..., None], *arguments: object) -> Iterator[str]:
    ready = threading.Event()
    ports: list[str] = []
    stop = Stop()

    def announce(port: str) -> None:
        ports.append(port)
        ready.set()

    server = threading.Thread(target=serve, args=arguments, kwargs={"announce": announce, "stop": stop})
    server.start()
    try:
        assert ready.wait(30)
        yield ports[0]
    finally:
        stop()
        server.join()
        stop.close()
