"""Boards behind TCP ports and serial devices: clients come and go, the board stays."""

from __future__ import annotations

import errno
import os
import select
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from optiga.emulator import Board
from optiga.emulator.server import Stop, no_address, serve_pty, serve_tcp
from optiga.errors import BoardError, Reason
from optiga.link.uart_frame import ERROR, encode
from tests.support.patience import LIMIT_S

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo terminals")
PING, PONG = encode(b"ping"), encode(b"pong")


def answer(apdu: bytes) -> bytes:
    return b"pong" if apdu == b"ping" else apdu * 300


class Running:
    """A server in a thread."""

    def __init__(self, serve: Callable[..., None], *args: object) -> None:
        self.stop = Stop()
        self._ready = threading.Event()
        self._ports: list[str] = []
        self.thread = threading.Thread(target=serve, args=args, kwargs={"announce": self._announce, "stop": self.stop})
        self.thread.start()
        assert self._ready.wait(LIMIT_S)
        (self.port,) = self._ports

    def _announce(self, port: str) -> None:
        self._ports.append(port)
        self._ready.set()

    def end(self) -> None:
        self.stop()
        self.thread.join(LIMIT_S)
        assert not self.thread.is_alive(), "the server does not end"
        self.stop.close()


@pytest.fixture
def tcp() -> Iterator[Running]:
    running = Running(serve_tcp, Board(answer), "127.0.0.1", 0)
    yield running
    running.end()


def connect(running: Running) -> socket.socket:
    assert running.port.startswith("socket://127.0.0.1:")
    client = socket.create_connection(("127.0.0.1", int(running.port.rsplit(":", 1)[1])), LIMIT_S)
    client.settimeout(LIMIT_S)
    return client


def receive(client: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = client.recv(count - len(data))
        assert more, "the server has hung up"
        data += more
    return data


def test_an_exchange_over_tcp(tcp: Running) -> None:
    with connect(tcp) as client:
        for _ in range(3):
            client.sendall(PING)
            assert receive(client, len(PONG)) == PONG


def test_what_the_board_has_received_stays_when_a_client_leaves(tcp: Running) -> None:
    with connect(tcp) as client:
        client.sendall(PING + PING[:7])
        assert receive(client, len(PONG)) == PONG
    with connect(tcp) as client:
        client.sendall(PING[7:])
        assert receive(client, len(PONG)) == PONG


def test_the_second_client_is_served_when_the_first_has_left(tcp: Running) -> None:
    first, second = connect(tcp), connect(tcp)
    with second:
        second.sendall(PING)
        with first:
            first.sendall(PING)
            assert receive(first, len(PONG)) == PONG
            assert select.select([second], [], [], 0.05)[0] == []
        assert receive(second, len(PONG)) == PONG


def test_a_client_that_breaks_off_does_no_harm(tcp: Running) -> None:
    client = connect(tcp)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset in place of a farewell
    client.sendall(PING[:3])
    client.close()
    with connect(tcp) as other:
        other.sendall(PING[3:] + PING)
        assert receive(other, len(PONG))


def test_it_ends_while_a_client_is_there(tcp: Running) -> None:
    with connect(tcp) as client:
        client.sendall(PING)
        assert receive(client, len(PONG)) == PONG
        tcp.stop()
        tcp.thread.join(LIMIT_S)
        assert not tcp.thread.is_alive()
        assert client.recv(1) == b""


@pytest.mark.parametrize("serve", [serve_tcp, pytest.param(serve_pty, marks=posix)])
def test_it_outlives_a_chip_that_cannot_be_written(serve: Callable[..., None]) -> None:
    """The board says what one says whose chip does not answer; why, the server says."""
    is_full = True
    reported: list[BoardError] = []

    def write(apdu: bytes) -> bytes:
        if is_full:
            raise BoardError("the disk is full", port="chip")
        return answer(apdu)

    board = Board(write, report=reported.append)
    running = Running(serve, board, *(("127.0.0.1", 0) if serve is serve_tcp else ()))
    try:
        for wanted in (ERROR, ERROR, PONG):
            is_full = wanted == ERROR
            assert exchange(running, PING, len(wanted)) == wanted
    finally:
        running.end()
    assert [error.message for error in reported] == ["the disk is full"] * 2


def exchange(running: Running, data: bytes, count: int) -> bytes:
    if not running.port.startswith("socket://"):
        return ask(running.port, data, count)
    with connect(running) as client:
        client.sendall(data)
        return receive(client, count)


class Flood(Board):
    """A board with more to say than any buffer holds."""

    def __init__(self) -> None:
        super().__init__(answer)
        self.asked = threading.Event()

    def feed(self, data: bytes) -> bytes:
        self.asked.set()
        return bytes(50_000_000)


def test_it_ends_though_a_client_takes_no_answers() -> None:
    board = Flood()
    running = Running(serve_tcp, board, "127.0.0.1", 0)
    with connect(running) as client:
        client.sendall(PING)
        assert board.asked.wait(LIMIT_S)
        assert receive(client, 10) == bytes(10)
        running.end()


def test_a_port_that_is_taken(tcp: Running) -> None:
    port = int(tcp.port.rsplit(":", 1)[1])
    with Stop_() as stop, pytest.raises(BoardError, match=r"cannot serve there.*port 0") as raised:
        serve_tcp(Board(answer), "127.0.0.1", port, announce=lambda _: None, stop=stop)
    assert raised.value.reason is Reason.BUSY


def test_a_host_that_is_none() -> None:
    with Stop_() as stop, pytest.raises(BoardError, match="cannot serve there") as raised:
        serve_tcp(Board(answer), "256.0.0.1", 0, announce=lambda _: None, stop=stop)
    assert raised.value.reason is Reason.NOT_FOUND
    assert "port 0" not in raised.value.hint


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.EADDRINUSE, Reason.BUSY),
        (errno.EACCES, Reason.DENIED),
        (errno.EADDRNOTAVAIL, Reason.NOT_FOUND),
        (socket.EAI_NONAME, Reason.NOT_FOUND),
    ],
)
def test_why_an_address_cannot_be_had(number: int, reason: Reason) -> None:
    error = no_address("127.0.0.1", 80, OSError(number, "the system's words"))
    assert (error.reason, error.port) == (reason, "127.0.0.1:80")
    assert str(error).startswith("127.0.0.1:80: cannot serve there: the system's words. Use ")


class Stop_(Stop):  # noqa: N801
    """A stop that is closed with its context."""

    def __enter__(self) -> Stop:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def ask(device: str, data: bytes, count: int) -> bytes:
    """Open a serial device, send, and read so many bytes; leave."""
    descriptor = os.open(device, os.O_RDWR | os.O_NOCTTY)
    try:
        os.write(descriptor, data)
        received = b""
        while len(received) < count:
            assert select.select([descriptor], [], [], LIMIT_S)[0]
            received += os.read(descriptor, count - len(received))
        return received
    finally:
        os.close(descriptor)


@posix
def test_clients_of_a_serial_device_come_and_go() -> None:
    running = Running(serve_pty, Board(answer))
    try:
        for _ in range(3):
            assert ask(running.port, PING, len(PONG)) == PONG
        assert ask(running.port, PING + PING[:9], len(PONG)) == PONG
        assert ask(running.port, PING[9:], len(PONG)) == PONG
    finally:
        running.end()


@posix
def test_every_byte_goes_through_a_serial_device() -> None:
    """No echo, no line ends turned into others, no control characters."""
    running = Running(serve_pty, Board(lambda apdu: apdu))
    try:
        data = encode(bytes(range(256)))
        assert ask(running.port, data, len(data)) == data
    finally:
        running.end()


@posix
def test_a_link_to_the_device_lives_as_long_as_the_server(tmp_path: Path) -> None:
    link = tmp_path / "board"
    running = Running(serve_pty, Board(answer), link)
    try:
        assert running.port == str(link)
        assert ask(str(link), PING, len(PONG)) == PONG
        assert [file.name for file in tmp_path.iterdir()] == ["board"]
    finally:
        running.end()
    assert list(tmp_path.iterdir()) == []


@posix
def test_a_link_that_a_killed_server_has_left_is_replaced(tmp_path: Path) -> None:
    link = tmp_path / "board"
    link.symlink_to("/dev/pts/gone")
    running = Running(serve_pty, Board(answer), link)
    try:
        assert ask(str(link), PING, len(PONG)) == PONG
    finally:
        running.end()
    assert list(tmp_path.iterdir()) == []


@posix
def test_a_link_of_somebody_else_is_left(tmp_path: Path) -> None:
    """Neither a user's own link nor that of a server which runs is replaced; nor is it taken away at the end."""
    link, device = tmp_path / "board", tmp_path / "device"
    running = Running(serve_pty, Board(answer), device)
    try:
        for target in ("/etc/passwd", "gone", str(device.readlink())):
            link.symlink_to(target)
            with pytest.raises(BoardError, match=f"already exists and leads to {target}"):
                serve_pty(Board(answer), link, announce=str, stop=running.stop)
            assert str(link.readlink()) == target
            link.unlink()
        device.unlink()
        device.symlink_to("elsewhere")
    finally:
        running.end()
    assert str(device.readlink()) == "elsewhere"


@pytest.mark.parametrize(("host", "told"), [("0.0.0.0", "127.0.0.1"), ("127.0.0.1", "127.0.0.1")])
def test_the_address_that_is_told_can_be_connected_to(host: str, told: str) -> None:
    running = Running(serve_tcp, Board(answer), host, 0)
    try:
        assert running.port.startswith(f"socket://{told}:")
        with connect(running) as client:
            client.sendall(PING)
            assert receive(client, len(PONG)) == PONG
    finally:
        running.end()


@posix
@pytest.mark.parametrize("is_folder", [False, True])
def test_what_is_no_link_is_never_replaced(tmp_path: Path, is_folder: bool) -> None:
    link = tmp_path / "precious"
    if is_folder:
        link.mkdir()
    else:
        link.write_text("data")
    with Stop_() as stop, pytest.raises(BoardError, match="not a symbolic link"):
        serve_pty(Board(answer), link, announce=lambda _: None, stop=stop)
    assert link.is_dir() if is_folder else link.read_text() == "data"


@posix
def test_a_link_where_nothing_can_be_made(tmp_path: Path) -> None:
    with Stop_() as stop, pytest.raises(BoardError, match="link cannot be made"):
        serve_pty(Board(answer), tmp_path / "nowhere" / "board", announce=lambda _: None, stop=stop)


@posix
def test_it_ends_though_nobody_takes_the_answers() -> None:
    board = Flood()
    running = Running(serve_pty, board)
    descriptor = os.open(running.port, os.O_RDWR | os.O_NOCTTY)
    try:
        os.write(descriptor, PING)
        assert board.asked.wait(LIMIT_S)
        assert os.read(descriptor, 1) == b"\0"
        running.end()
    finally:
        os.close(descriptor)
