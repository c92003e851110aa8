"""Emulated boards served from a thread of the tests, for as long as a context lasts."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import serial
from serial.rfc2217 import PortManager

from optiga.emulator import Board
from optiga.emulator.server import Stop, serve_pty, serve_tcp
from tests.support.patience import LIMIT_S


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
def board_on_rfc2217(board: Board) -> Iterator[str]:
    """Behind a serial server that speaks RFC 2217, pyserial's own; gives its URL."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with self.request.makefile("wb", buffering=0) as to_client:
                manager = PortManager(serial.serial_for_url("loop://"), to_client)
                while data := self.request.recv(1 << 12):
                    answer = board.feed(b"".join(manager.filter(data)))
                    to_client.write(b"".join(manager.escape(answer)))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"rfc2217://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


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
        assert ready.wait(LIMIT_S)
        yield ports[0]
    finally:
        stop()
        server.join()
        stop.close()
