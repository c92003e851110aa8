"""Emulated buses on Unix sockets, for programs that use USB or ``/dev/i2c-N`` and are redirected here.

The packets of an FT260 are in :mod:`~optiga.emulator.board.ft260_usb`. A bare I2C bus is a stream: a request is op,
address, length (2, big endian) and, to write, data; an answer is status, length (2) and data. Ops: ``W`` write and
STOP, ``w`` write without STOP, ``R`` read and STOP, ``r`` read without STOP, ``P`` a pin (its number in place of the
address, one byte: its level). Status: 0 done, 1 address not acknowledged, 2 data not acknowledged, 3 bus error.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from optiga.emulator.board.ft260 import ADDRESS, Ft260Board, I2cSlave
from optiga.emulator.board.ft260_usb import MOST_PACKET, OK, TIMEOUT, Ft260Usb, Wanted, reply
from optiga.emulator.server import Announce, Stop
from optiga.emulator.unix_socket import listening
from optiga.errors import BoardError, ConfigurationError

_DONE, _NO_ADDRESS, _NO_DATA, _BUS_ERROR = range(4)
_HEAD_SIZE = 4
_MOST_BYTES = 8192
_CHUNK = 1 << 14
_LONGEST_WAIT_S = 3600.0
_SLOWEST_CLIENT_S = 1.0
"""How long a client may take no answers before it is left, in seconds: others wait meanwhile."""


def serve_ft260(board: Ft260Board, path: Path, *, announce: Announce, stop: Stop) -> None:
    """Serve an emulated FT260 on a SOCK_SEQPACKET socket until it is stopped. Linux only.

    :param path: of the socket; it is taken away at the end.
    :param announce: is told the path once clients may come.
    :raises BoardError: if the socket cannot be made.
    :raises ConfigurationError: if the system has no such sockets, or the path has a colon, which separates several.
    """
    if ":" in str(path):
        raise ConfigurationError(
            f"{path}: the name has a colon, which separates boards", hint="Use a socket name without a colon"
        )
    with listening(path, "SOCK_SEQPACKET") as listener:
        announce(str(path))
        _Ft260Server(Ft260Usb(board), listener).run(stop)


def serve_i2c(
    slave: I2cSlave,
    path: Path,
    *,
    announce: Announce,
    stop: Stop,
    on_pin: Callable[[int, bool], None] = lambda *_: None,
    report: Callable[[BoardError], None] = lambda _: None,
) -> None:
    """Serve an I2C bus with a chip at address 0x30 on a stream socket until it is stopped. POSIX only.

    :param path: of the socket; it is taken away at the end.
    :param announce: is told the path once clients may come.
    :param on_pin: is told of a pin that a client has set: its number, and whether it is high.
    :param report: is told why the chip did not answer; it acknowledges nothing, then.
    :raises BoardError: if the socket cannot be made.
    :raises ConfigurationError: if the system has no such sockets.
    """
    bus = I2cWire(slave, on_pin=on_pin, report=report)
    with listening(path, "SOCK_STREAM") as listener:
        announce(str(path))
        clients: dict[socket.socket, bytearray] = {}
        try:
            while (ready := _ready([listener, *clients], stop)) is not None:
                for each in ready:
                    if each is listener:
                        clients[_accept(listener, _SLOWEST_CLIENT_S)] = bytearray()
                    elif not _serve_stream(each, clients[each], bus):
                        del clients[each]
                        each.close()
        finally:
            for client in clients:
                client.close()


def _serve_stream(client: socket.socket, received: bytearray, bus: I2cWire) -> bool:
    """Answer what a client has sent; False once it has left."""
    try:
        data = client.recv(_CHUNK)
        received += data
        for answer in bus.feed(received):
            client.sendall(answer)
    except (OSError, ValueError):
        return False
    return bool(data)


class I2cWire:
    """An I2C bus with one chip, as the stream has it.

    A message without STOP is followed by a repeated START, which OPTIGA does not take: the next message is not
    acknowledged, and what was written is lost.

    :param slave: the chip.
    :param on_pin: is told of a pin that is set.
    :param report: is told why the chip did not answer.
    """

    def __init__(
        self,
        slave: I2cSlave,
        *,
        on_pin: Callable[[int, bool], None] = lambda *_: None,
        report: Callable[[BoardError], None] = lambda _: None,
    ) -> None:
        self._slave = slave
        self._on_pin = on_pin
        self._report = report
        self._is_open = False

    def feed(self, received: bytearray) -> Iterator[bytes]:
        """Take the whole requests from what has come, and answer each.

        :raises ValueError: if there is no such request.
        """
        while len(received) >= _HEAD_SIZE:
            op, size = bytes(received[:1]), int.from_bytes(received[2:4], "big")
            if op not in (b"W", b"w", b"R", b"r", b"P"):
                raise ValueError(f"no such request: {op!r}")
            end = _HEAD_SIZE + (0 if op in (b"R", b"r") else size)
            if len(received) < end:
                return
            status, data = self._do(op, received[1], size, bytes(received[_HEAD_SIZE:end]))
            del received[:end]
            yield bytes((status,)) + len(data).to_bytes(2, "big") + data

    def _do(self, op: bytes, address: int, size: int, data: bytes) -> tuple[int, bytes]:
        if op == b"P":
            self._on_pin(address, data[:1] not in (b"", b"\0"))
            return _DONE, b""
        is_repeated, self._is_open = self._is_open, False
        if address != ADDRESS or is_repeated:
            return _NO_ADDRESS, b""
        if size > _MOST_BYTES:
            return _BUS_ERROR, b""
        self._is_open = op in (b"w", b"r")
        try:
            if op in (b"R", b"r"):
                answer = self._slave.read(size)
                return (_NO_ADDRESS, b"") if answer is None else (_DONE, answer[:size].ljust(size, b"\xff"))
            return (_DONE if self._is_open or self._slave.write(data) else _NO_ADDRESS), b""
        except BoardError as error:
            self._report(error)
            return _NO_ADDRESS, b""


@dataclass
class _Client:
    """A connection of a program's.

    :param node: the interface whose bare reports it wants; None if it asks.
    :param wanted: the transfer that it waits for, and the time at which it ends.
    """

    node: int | None = None
    wanted: Wanted | None = None
    until: float = 0.0


class _Ft260Server:
    """All clients of one board.

    Each of its interfaces has one queue of input reports: every hidraw node gets each, and of those who ask, the first.
    """

    def __init__(self, usb: Ft260Usb, listener: socket.socket) -> None:
        self._usb = usb
        self._listener = listener
        self._clients: dict[socket.socket, _Client] = {}

    def run(self, stop: Stop) -> None:
        try:
            while (ready := _ready([self._listener, *self._clients], stop, self._patience())) is not None:
                for each in ready:
                    if each is self._listener:
                        self._clients[_accept(self._listener, 0)] = _Client()
                    else:
                        self._serve(each)
                self._deliver()
        finally:
            for client in self._clients:
                client.close()

    def _patience(self) -> float:
        ends = [client.until for client in self._clients.values() if client.wanted is not None]
        return max(0.0, min(ends) - time.monotonic()) if ends else _LONGEST_WAIT_S

    def _serve(self, connection: socket.socket) -> None:
        client = self._clients[connection]
        try:
            packet = connection.recv(MOST_PACKET)
        except OSError:
            packet = b""
        if not packet:
            self._drop(connection)
        elif client.node is not None:
            self._usb.board.output(client.node, packet)
        elif (node := self._usb.node_of(packet)) is not None:
            client.node = node
        elif (wanted := self._usb.wanted_by(packet)) is not None:
            client.wanted = wanted
            client.until = time.monotonic() + min(wanted.wait_s, _LONGEST_WAIT_S)
        else:
            self._send(connection, self._usb.answer(packet))

    def _deliver(self) -> None:
        """Give input reports to those who want them, and up what was waited for in vain."""
        for interface in self._usb.board.interfaces:
            while True:
                nodes = [one for one, client in self._clients.items() if client.node == interface]
                asking = [one for one, client in self._clients.items() if _wants(client, interface)]
                if not nodes and not asking:
                    break
                report = self._usb.board.take_input(interface)
                if report is None:
                    break
                for node in nodes:
                    self._send(node, report)
                for one in asking[:1]:
                    wanted, self._clients[one].wanted = self._clients[one].wanted, None
                    if wanted is not None:
                        self._send(one, reply(OK, report[: wanted.size]))
        now = time.monotonic()
        for one, client in list(self._clients.items()):
            if client.wanted is not None and client.until <= now:
                client.wanted = None
                self._send(one, reply(TIMEOUT))

    def _send(self, connection: socket.socket, packet: bytes) -> None:
        try:
            connection.send(packet)
        except BlockingIOError:
            if self._clients[connection].node is None:  # it asks, and takes no answers
                self._drop(connection)  # a node that is not read loses reports, as a real one
        except OSError:
            self._drop(connection)

    def _drop(self, connection: socket.socket) -> None:
        self._clients.pop(connection, None)
        connection.close()


def _wants(client: _Client, interface: int) -> bool:
    return client.wanted is not None and client.wanted.interface == interface


def _ready(sources: list[socket.socket], stop: Stop, patience: float | None = None) -> list[socket.socket] | None:
    """Which of them have something to read, after a time at the latest; None if the server shall end."""
    watched: list[socket.socket | int] = [*sources, stop.fileno()]
    ready, _, _ = select.select(watched, [], [], patience)
    return None if stop.fileno() in ready else [each for each in sources if each in ready]


def _accept(listener: socket.socket, patience: float) -> socket.socket:
    """A client that has come.

    :param patience: how long sending to it may take, in seconds; 0 to try and go on.
    """
    connection, _ = listener.accept()
    connection.settimeout(patience)
    return connection
