"""The server of the controls of a chip that is served: see :mod:`optiga.emulator.control`."""

from __future__ import annotations

import json
import select
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from queue import Empty, Queue
from typing import Any

from optiga.emulator.control import MOST_LINE, Address
from optiga.emulator.control_requests import Desk, parse_request
from optiga.emulator.controls import Controls
from optiga.emulator.events import Event, Events
from optiga.emulator.server import Announce, Stop, no_address
from optiga.emulator.unix_socket import listening
from optiga.errors import BoardError, ConfigurationError, OptigaError, Reason

_MOST_CLIENTS = 16
_SLOWEST_CLIENT_S = 5.0
"""How long a client may take no answer, or leave a request unfinished, before it is left, in seconds."""
_LOOK_S = 0.1
"""How often it is looked whether somebody who follows events has left, in seconds."""
_CHUNK = 1 << 16


class ControlServer:
    """Answers everybody who controls a chip, each in a thread of its own.

    :param controls: of the chip; its commands are the events.
    :param is_slow: whether the chip takes as long as a real one.
    :param report: is told of each request that was refused.
    """

    def __init__(
        self, controls: Controls, *, is_slow: bool = False, report: Callable[[OptigaError], None] = lambda _: None
    ) -> None:
        self._events = Events(is_slow=is_slow)
        controls.chip.on_command = self._events.record
        self._desk = Desk(controls, self._events)
        self._report = report
        self._clients: list[threading.Thread] = []

    def serve(self, address: Address, *, announce: Announce, stop: Stop) -> None:
        """Serve until it is stopped.

        :param announce: is told the address once clients may come.
        :raises BoardError: if the address cannot be had.
        """
        with _listening(address) as listener:
            place = address if address.path is not None else Address(None, listener.getsockname()[1])
            announce(str(place))
            while stop not in _ready([listener, stop]):
                connection, _ = listener.accept()
                self._clients = [client for client in self._clients if client.is_alive()]
                if len(self._clients) >= _MOST_CLIENTS:
                    self._refuse(
                        connection, BoardError("too many clients control this chip at once", reason=Reason.BUSY)
                    )
                    connection.close()
                    continue
                client = threading.Thread(target=self._serve, args=(connection, stop), daemon=True)
                self._clients.append(client)
                client.start()
        for client in self._clients:
            client.join()

    def _serve(self, connection: socket.socket, stop: Stop) -> None:
        """Answer one client until it leaves, sends what is no request, or the server is stopped."""
        with connection, suppress(OSError):
            connection.settimeout(_SLOWEST_CLIENT_S)
            received = bytearray()
            while stop not in _ready([connection, stop]):
                data = connection.recv(_CHUNK)
                received += data
                while b"\n" in received:
                    line, _, rest = bytes(received).partition(b"\n")
                    received = bytearray(rest)
                    if not self._answer(connection, line, stop):
                        return
                if len(received) > MOST_LINE:
                    self._refuse(connection, ConfigurationError("the request has no end", reason=Reason.TOO_LARGE))
                    return
                if not data:
                    return

    def _answer(self, connection: socket.socket, line: bytes, stop: Stop) -> bool:
        """Answer a line; False if nothing more is to be taken from who has sent it.

        Who sends what is no request, as a browser does, is not listened to further.
        """
        try:
            request = parse_request(line)
        except OptigaError as error:
            self._refuse(connection, error)
            return False
        try:
            answer = self._desk.answer(request)
        except OptigaError as error:
            self._refuse(connection, error)
            return True
        _send(connection, {"ok": True, **answer})
        if request["verb"] == "events" and request.get("follow"):
            self._follow(connection, stop)
            return False
        return True

    def _follow(self, connection: socket.socket, stop: Stop) -> None:
        """Send events until the client sends anything, or leaves, or takes them too slowly."""
        queue = self._events.follow()
        try:
            while not _ready([connection, stop], 0):
                for event in _take(queue):
                    _send(connection, asdict(event))
                if not self._events.is_followed_by(queue):
                    self._refuse(connection, BoardError("the client reads the events too slowly", reason=Reason.BUSY))
                    return
        finally:
            self._events.leave(queue)

    def _refuse(self, connection: socket.socket, error: OptigaError) -> None:
        """Say on both ends why something was not done."""
        self._report(error)
        family = "configuration" if isinstance(error, ConfigurationError) else "board"
        told = {"family": family, "message": error.message, "hint": error.hint, "reason": error.reason.value}
        with suppress(OSError):
            _send(connection, {"error": told})


def _take(queue: Queue[Event]) -> Iterator[Event]:
    """The events that there are; waits a moment for the first."""
    with suppress(Empty):
        yield queue.get(timeout=_LOOK_S)
        while True:
            yield queue.get_nowait()


def _send(connection: socket.socket, value: Mapping[str, Any]) -> None:
    connection.sendall(json.dumps(value).encode() + b"\n")


def _ready(sources: list[socket.socket | Stop], seconds: float | None = None) -> list[socket.socket | Stop]:
    ready, _, _ = select.select(sources, [], [], seconds)
    return ready


@contextmanager
def _listening(address: Address) -> Iterator[socket.socket]:
    """A listening socket at an address.

    :raises BoardError: if it cannot be had.
    """
    if address.path is not None:
        with listening(address.path, "SOCK_STREAM") as listener:
            yield listener
        return
    with socket.socket(socket.AF_INET) as listener:
        try:
            listener.bind(("127.0.0.1", address.port))
            listener.listen()
        except OSError as error:
            raise no_address("127.0.0.1", address.port, error) from error
        yield listener
