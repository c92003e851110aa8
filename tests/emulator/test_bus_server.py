"""Emulated buses on Unix sockets: what programs that are led there find, and what happens to those that misbehave."""

from __future__ import annotations

import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from optiga.emulator.board import bus_server
from optiga.emulator.board.bus_server import I2cWire, serve_ft260, serve_i2c
from optiga.emulator.board.ft260 import Ft260Board
from optiga.emulator.board.ft260_usb import Ft260Usb
from optiga.emulator.server import Stop
from optiga.errors import BoardError, ConfigurationError
from tests.support.carried_hid import Slave
from tests.support.patience import LIMIT_S

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sockets that keep packets are Linux's")


class Running:
    """A server in a thread."""

    def __init__(self, serve: Callable[..., None], *arguments: object, **options: object) -> None:
        self.stop = Stop()
        ready = threading.Event()
        self.announced: list[str] = []

        def announce(path: str) -> None:
            self.announced.append(path)
            ready.set()

        options.update(announce=announce, stop=self.stop)
        self.thread = threading.Thread(target=serve, args=arguments, kwargs=options)
        self.thread.start()
        assert ready.wait(LIMIT_S)

    def end(self) -> None:
        self.stop()
        self.thread.join(LIMIT_S)
        assert not self.thread.is_alive(), "the server does not end"
        self.stop.close()


def dial(path: Path, kind: int = socket.SOCK_STREAM) -> socket.socket:
    client = socket.socket(socket.AF_UNIX, kind)
    client.settimeout(LIMIT_S)
    client.connect(str(path))
    return client


class TestFt260:
    @pytest.fixture
    def slave(self) -> Slave:
        return Slave([bytes.fromhex("08800000")] * 3)

    @pytest.fixture
    def path(self, tmp_path: Path, slave: Slave) -> Iterator[Path]:
        path = tmp_path / "ft260"
        running = Running(serve_ft260, Ft260Board(slave), path)
        assert running.announced == [str(path)]
        assert path.stat().st_mode & 0o777 == 0o600
        yield path
        running.end()
        assert not path.exists()

    def connect(self, path: Path) -> socket.socket:
        return dial(path, socket.SOCK_SEQPACKET)

    def ask(self, client: socket.socket, packet: bytes) -> tuple[int, bytes]:
        client.send(packet)
        answer = client.recv(1 << 13)
        return struct.unpack("<i", answer[:4])[0], answer[4:]

    def wait(self, interface: int, ms: int, size: int = 64) -> bytes:
        return b"I" + struct.pack("<BII", 0x81 + 2 * interface, ms, size)

    def test_descriptors(self, path: Path) -> None:
        with closing(self.connect(path)) as client:
            status, device = self.ask(client, b"D")
            assert status == 0
            assert len(device) == 18
            assert struct.unpack_from("<HHH", device, 8) == (0x0403, 0x6030, 0x2200)
            assert device[16] == 0, "no serial number"
            _, configuration = self.ask(client, b"C")
            assert int.from_bytes(configuration[2:4], "little") == len(configuration)
            assert configuration[4] == 2
            assert configuration.index(b"\x07\x05\x81") < configuration.index(b"\x07\x05\x02"), "IN comes first"
            assert self.ask(client, b"X" + struct.pack("<BBHHH", 0x80, 6, 0x0302, 0x0409, 255))[1][2:] == (
                "FT260".encode("utf-16-le")
            )
            for interface in (0, 1):
                _, report = self.ask(client, b"X" + struct.pack("<BBHHH", 0x81, 6, 0x2200, interface, 4096))
                assert report.startswith(bytes.fromhex("0600ff"))
                assert report.endswith(b"\xc0")
                assert len(report).to_bytes(2, "little") in configuration

    def test_a_transfer(self, path: Path, slave: Slave) -> None:
        with closing(self.connect(path)) as client, closing(self.connect(path)) as reader:
            assert self.ask(client, b"Kopen") == (0, b"")
            setting = bytes.fromhex("a1229001").ljust(64, b"\0")
            assert self.ask(client, b"X" + struct.pack("<BBHHH", 0x21, 9, 0x03A1, 0, 64) + setting) == (0, b"")
            out = bytes.fromhex("de30060182").ljust(64, b"\0")
            assert self.ask(client, b"O\x02" + out) == (0, struct.pack("<I", 64))
            assert slave.written == [b"\x82"]
            reader.send(self.wait(0, 10_000))  # it waits while the request goes out
            self.ask(client, b"O\x02" + bytes.fromhex("c230060400"))
            assert reader.recv(100) == bytes(4) + bytes.fromhex("d00408800000")
            status = b"X" + struct.pack("<BBHHH", 0xA1, 1, 0x03C0, 0, 64)
            assert [self.ask(client, status)[1].hex() for _ in range(3)] == ["c041900100", "c040900100", "c020900100"]
            assert len(self.ask(client, b"X" + struct.pack("<BBHHH", 0xA1, 1, 0x03A1, 0, 5))[1]) == 5

    def test_nothing_comes(self, path: Path) -> None:
        with closing(self.connect(path)) as client:
            assert self.ask(client, self.wait(0, 5)) == (-7, b"")
            assert self.ask(client, self.wait(1, 0)) == (-7, b"")

    def test_bare_reports(self, path: Path) -> None:
        with (
            closing(self.connect(path)) as control,
            closing(self.connect(path)) as one,
            closing(self.connect(path)) as two,
        ):
            for node in (one, two):
                node.send(b"H\x00")
            one.send(bytes.fromhex("c230060400"))
            assert one.recv(100) == two.recv(100) == bytes.fromhex("d00408800000"), "every opener gets each"
            self.ask(control, b"O\x02" + bytes.fromhex("c230060200"))
            assert one.recv(100)[:2] == b"\xd0\x02"

    def test_a_node_that_is_not_read(self, path: Path) -> None:
        with closing(self.connect(path)) as control, closing(self.connect(path)) as node:
            node.send(b"H\x00")
            for _ in range(600):
                assert self.ask(control, b"O\x02" + bytes.fromhex("c230063c00"))[0] == 0
            assert node.recv(100)[:2] == b"\xde\x3c"
            node.setblocking(False)
            kept = 1
            with suppress(BlockingIOError):
                while node.recv(100):
                    kept += 1
            assert kept < 600, "the rest is lost"
            self.ask(control, b"O\x02" + bytes.fromhex("c230060400"))
            node.settimeout(LIMIT_S)
            assert any(node.recv(100)[:2] == b"\xd0\x04" for _ in range(600)), "and it goes on"

    @pytest.mark.parametrize(
        "packet",
        [
            b"Z",
            b"X\x00",
            b"O",
            b"O\x02",
            b"O\x09\x00",
            b"O\x02\x55",
            b"I\x81",
            b"I\x02" + bytes(8),
            b"H",
            b"H\x07",
            b"X" + struct.pack("<BBHHH", 0xA1, 1, 0x03C0, 7, 64),
            b"X" + struct.pack("<BBHHH", 0xA1, 1, 0x0355, 0, 64),
            b"X" + struct.pack("<BBHHH", 0xA1, 1, 0x0155, 0, 64),
            b"X" + struct.pack("<BBHHH", 0x21, 9, 0x03A1, 0, 64) + b"\xb0",
            b"X" + struct.pack("<BBHHH", 0x21, 9, 0x01A1, 0, 64) + b"\xa1\x20",
            b"X" + struct.pack("<BBHHH", 0x80, 6, 0x0309, 0, 64),
            b"X" + struct.pack("<BBHHH", 0x80, 6, 0x0F00, 0, 64),
        ],
    )
    def test_nonsense_is_refused_and_harms_nobody(self, packet: bytes) -> None:
        usb = Ft260Usb(Ft260Board(Slave()))
        assert usb.node_of(packet) is None
        assert usb.wanted_by(packet) is None
        assert usb.answer(packet)[:4] in (struct.pack("<i", -2), struct.pack("<i", -9))

    def test_what_hosts_set_at_the_start(self) -> None:
        usb = Ft260Usb(Ft260Board(Slave(), chip_mode=1))
        for kind, request in [(0x21, 10), (0x21, 11), (0x00, 9), (0x01, 11)]:
            assert usb.answer(b"X" + struct.pack("<BBHHH", kind, request, 0, 0, 0)) == bytes(4)
        for value in (0x0100, 0x0200, 0x0300):
            assert len(usb.answer(b"X" + struct.pack("<BBHHH", 0x80, 6, value, 0, 255))) > 4
        out = bytes.fromhex("de30060182")
        assert usb.answer(b"X" + struct.pack("<BBHHH", 0x21, 9, 0x02DE, 0, 5) + out) == bytes(4)
        uart = Ft260Usb(Ft260Board(Slave(), chip_mode=2))
        assert b"\x85\xf0" in uart.answer(b"X" + struct.pack("<BBHHH", 0x81, 6, 0x2200, 0, 4096))

    def test_clients_come_and_go(self, path: Path) -> None:
        for _ in range(3):
            with closing(self.connect(path)) as client:
                client.send(self.wait(0, 3_600_000))
            with closing(self.connect(path)) as client:
                assert self.ask(client, b"D")[0] == 0


class TestI2c:
    @pytest.fixture
    def slave(self) -> Slave:
        return Slave([bytes.fromhex("08800000")])

    @pytest.fixture
    def pins(self) -> list[tuple[int, bool]]:
        return []

    @pytest.fixture
    def path(self, tmp_path: Path, slave: Slave, pins: list[tuple[int, bool]]) -> Iterator[Path]:
        path = tmp_path / "i2c"
        running = Running(serve_i2c, slave, path, on_pin=lambda *pin: pins.append(pin))
        yield path
        running.end()
        assert not path.exists()

    def ask(self, client: socket.socket, op: str, address: int, data: bytes | int) -> tuple[int, bytes]:
        size, body = (data, b"") if isinstance(data, int) else (len(data), data)
        client.sendall(op.encode() + bytes((address,)) + size.to_bytes(2, "big") + body)
        head = self.take(client, 3)
        return head[0], self.take(client, int.from_bytes(head[1:], "big"))

    def take(self, client: socket.socket, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = client.recv(size - len(data))
            assert more
            data += more
        return data

    def test_a_register(self, path: Path, slave: Slave, pins: list[tuple[int, bool]]) -> None:
        with closing(dial(path)) as client:
            assert self.ask(client, "W", 0x30, b"\x82") == (0, b"")
            assert self.ask(client, "R", 0x30, 4) == (0, bytes.fromhex("08800000"))
            assert len(self.ask(client, "R", 0x30, 8192)[1]) == 8192
            assert slave.written == [b"\x82"]
            assert self.ask(client, "P", 17, b"\x00") == (0, b"")
            assert self.ask(client, "P", 17, b"\x01") == (0, b"")
        assert pins == [(17, False), (17, True)]

    def test_not_acknowledged(self, path: Path, slave: Slave) -> None:
        slave.refuses = 2
        with closing(dial(path)) as client:
            assert self.ask(client, "W", 0x30, b"\x82")[0] == 1
            assert self.ask(client, "R", 0x30, 4) == (1, b"")
            assert self.ask(client, "W", 0x20, b"\x82")[0] == 1
            assert self.ask(client, "R", 0x30, 9000) == (3, b"")

    def test_no_repeated_start(self, path: Path, slave: Slave) -> None:
        """What one I2C_RDWR of two messages, or an SMBus read, comes to: OPTIGA does not take it."""
        with closing(dial(path)) as client:
            assert self.ask(client, "w", 0x30, b"\x82")[0] == 0
            assert self.ask(client, "R", 0x30, 4)[0] == 1
            assert slave.written == []
            assert self.ask(client, "r", 0x30, 4) == (0, bytes.fromhex("08800000"))
            assert self.ask(client, "W", 0x30, b"\x82")[0] == 1
            assert self.ask(client, "W", 0x30, b"\x82")[0] == 0

    def test_in_pieces_and_at_once(self) -> None:
        wire = I2cWire(Slave())
        received = bytearray(b"W\x30\x00")
        assert list(wire.feed(received)) == []
        received += b"\x01"
        assert list(wire.feed(received)) == []
        received += b"\x82R\x30\x00\x02R"
        assert list(wire.feed(received)) == [bytes(3), b"\x00\x00\x02\x00\x01"]
        assert received == b"R"

    def test_nonsense_ends_its_client_and_no_other(self, path: Path) -> None:
        with closing(dial(path)) as good, closing(dial(path)) as bad:
            bad.sendall(b"GET / HTTP/1.1\r\n")
            assert bad.recv(10) == b""
            assert self.ask(good, "W", 0x30, b"\x82")[0] == 0

    def test_a_client_that_takes_no_answers(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bus_server, "_SLOWEST_CLIENT_S", 0.01)
        with closing(dial(path)) as good, closing(dial(path)) as bad:
            with pytest.raises(ConnectionError):
                bad.sendall(b"R\x30\x20\x00" * 100_000)
            assert self.ask(good, "W", 0x30, b"\x82")[0] == 0

    def test_a_chip_that_fails(self) -> None:
        told: list[BoardError] = []

        class Broken(Slave):
            def write(self, data: bytes) -> bool:
                raise BoardError("its file cannot be written")

        wire = I2cWire(Broken(), report=told.append)
        assert list(wire.feed(bytearray(b"W\x30\x00\x01\x82"))) == [b"\x01\x00\x00"]
        assert len(told) == 1


class TestPlaces:
    def serve(self, path: Path) -> None:
        stop = Stop()
        stop()
        with closing(stop):
            serve_i2c(Slave(), path, announce=lambda _: None, stop=stop)

    def test_what_a_killed_server_left_is_replaced(self, tmp_path: Path) -> None:
        path = tmp_path / "i2c"
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(path))
        self.serve(path)
        assert not path.exists()

    @pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
    def test_what_is_served_is_not(self, tmp_path: Path, kind: int) -> None:
        path = tmp_path / "i2c"
        with socket.socket(socket.AF_UNIX, kind) as other:
            other.bind(str(path))
            if kind == socket.SOCK_STREAM:
                other.listen()
            with pytest.raises(BoardError, match="already"):
                self.serve(path)
        assert path.exists()

    def test_a_file_stays(self, tmp_path: Path) -> None:
        path = tmp_path / "precious"
        path.write_text("precious")
        with pytest.raises(BoardError, match="not a socket"):
            self.serve(path)
        assert path.read_text() == "precious"

    def test_no_place(self, tmp_path: Path) -> None:
        with pytest.raises(BoardError, match="cannot serve there"):
            self.serve(tmp_path / "nowhere" / "i2c")
        with pytest.raises(BoardError, match="short path"):
            self.serve(tmp_path / ("long" * 40))

    def test_a_colon(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match="colon"), closing(Stop()) as stop:
            serve_ft260(Ft260Board(Slave()), tmp_path / "a:b", announce=lambda _: None, stop=stop)

    def test_a_system_without(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delattr(socket, "SOCK_SEQPACKET")
        with pytest.raises(ConfigurationError, match="no Unix sockets"), closing(Stop()) as stop:
            serve_ft260(Ft260Board(Slave()), tmp_path / "ft260", announce=lambda _: None, stop=stop)
