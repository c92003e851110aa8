"""A program beside a board that is served for it; and what resets a chip on a board."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from optiga import BoardError, ConfigurationError, OptigaError
from optiga.emulator import EmulatedChip, MemoryStore, boards, running
from optiga.emulator.boards import Place, uart_place
from optiga.emulator.running import run_program, run_with_environment
from optiga.emulator.server import Announce, Stop
from tests.support.i2c_chips import factory_content
from tests.support.patience import LIMIT_S

PYTHON = sys.executable
TOUCH = (PYTHON, "-S", "-c", "open('ran', 'w')")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each works in a folder of its own, and leaves neither a thread nor a handler of signals behind."""
    monkeypatch.chdir(tmp_path)
    threads, handler = {*threading.enumerate()}, signal.getsignal(signal.SIGINT)
    yield
    assert {*threading.enumerate()} <= threads
    assert signal.getsignal(signal.SIGINT) == handler


class FakeBoard:
    """Announces a port, and waits until it is stopped.

    :ivar ended: whether it was stopped.
    """

    def __init__(self) -> None:
        self.ended = False

    def __call__(self, announce: Announce, stop: Stop) -> None:
        announce("/dev/board")
        socket_of_stop = socket.socket(fileno=socket.dup(stop.fileno()))
        with socket_of_stop:
            socket_of_stop.settimeout(LIMIT_S)
            socket_of_stop.recv(1)
        self.ended = True


def test_the_board_is_there_as_long_as_the_program() -> None:
    board = FakeBoard()
    assert run_program(TOUCH, board) == 0
    assert board.ended
    assert Path("ran").exists()


def test_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT", "yes")
    script = "import os, sys; open('said', 'w').write(' '.join([*map(os.environ.get, sys.argv[1:4]), *sys.argv[4:]]))"
    command = (PYTHON, "-S", "-c", script, "OPTIGA_PORT", "KEPT", "MORE", "{port}{port}", "{other}")
    code = run_program(command, FakeBoard(), place=lambda port: Place(f"p:{port}", {"MORE": "too"}))
    assert code == 0
    assert Path("said").read_text() == "p:/dev/board yes too p:/dev/boardp:/dev/board {other}"


def test_a_board_that_cannot_be_served() -> None:
    def serve(announce: Announce, stop: Stop) -> None:
        raise BoardError("cannot serve there")

    with pytest.raises(BoardError, match="cannot serve there"):
        run_program(TOUCH, serve)
    assert not Path("ran").exists()


def test_a_board_that_fails_in_the_middle() -> None:
    """The program ends as it does; that its board was gone is told behind it."""

    def serve(announce: Announce, stop: Stop) -> None:
        announce("/dev/board")
        raise BoardError("the disk is full")

    with pytest.raises(BoardError, match="the disk is full"):
        run_program(TOUCH, serve)


def test_a_program_that_cannot_be_shown_the_board() -> None:
    def place(_: str) -> Place:
        raise ConfigurationError("no C compiler found")

    board = FakeBoard()
    with pytest.raises(ConfigurationError, match="no C compiler"):
        run_program(TOUCH, board, place=place)
    assert board.ended
    assert not Path("ran").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="a shell hands descriptors over")
def test_what_a_shell_hands_over_is_the_programs() -> None:
    """``program <(command)``, the jobs of make."""
    reader, writer = os.pipe()
    try:
        os.set_inheritable(reader, True)
        os.write(writer, b"policy")
        os.close(writer)
        read = f"import sys; sys.exit(open('/dev/fd/{reader}').read() != 'policy')"
        assert run_with_environment([sys.executable, "-c", read], os.environ) == 0
    finally:
        os.close(reader)


@pytest.mark.skipif(sys.platform == "win32", reason="a SIGINT is a Ctrl-C there")
class TestInterrupt:
    @pytest.fixture(autouse=True)
    def _without_terminal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(running, "_TERMINAL", "/dev/none")

    def test_of_us_alone_is_passed_on(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(running, "_MOMENT_S", 0.01)
        ask = "kill -INT $PPID; exec sleep 60"
        assert run_with_environment(["sh", "-c", ask], os.environ) == 128 + signal.SIGINT

    def test_that_the_program_has_is_not_one_more(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(running, "_MOMENT_S", LIMIT_S)
        ask = "trap 'exit 9' INT; kill -INT $PPID; kill -INT $$; sleep 60"
        assert run_with_environment(["sh", "-c", ask], os.environ) == 9

    def test_of_a_terminal_is_the_programs_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Such as Ctrl-C in a shell of Python, which goes on."""
        monkeypatch.setattr(running, "_MOMENT_S", 0.0)
        monkeypatch.setattr(running, "_comes_from_a_terminal", lambda: True)
        ask = "trap 'exit 1' INT; kill -INT $PPID; sleep 0.05"
        assert run_with_environment(["sh", "-c", ask], os.environ) == 0


@pytest.mark.parametrize("name", ["./none", "no-such-program-anywhere", "nul\0l", "."])
def test_no_such_program(name: str) -> None:
    board = FakeBoard()
    with pytest.raises(ConfigurationError):
        run_program((name,), board)
    assert board.ended


def test_a_uart_is_where_it_is_announced() -> None:
    assert uart_place("/dev/pts/3") == Place("/dev/pts/3", {})


@pytest.mark.skipif(sys.platform == "win32", reason="sockets in files are POSIX's")
class TestPins:
    @pytest.fixture
    def client(self, tmp_path: Path) -> Iterator[socket.socket]:
        """A chip on an I2C bus, as a program reaches it."""
        reported: list[OptigaError] = []
        emulated = EmulatedChip(MemoryStore(factory_content()))
        chip = boards.Chip(emulated, emulated.execute, False, reported.append)
        serve, stop, ready = boards.serve_i2c(chip, tmp_path / "bus"), Stop(), threading.Event()
        thread = threading.Thread(target=serve, args=(lambda _: ready.set(), stop))
        thread.start()
        assert ready.wait(LIMIT_S)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(LIMIT_S)
            client.connect(str(tmp_path / "bus"))
            yield client
        stop()
        thread.join(LIMIT_S)
        stop.close()
        assert not reported

    def ask(self, client: socket.socket, op: bytes, where: int, size: int, data: bytes = b"") -> bytes | None:
        """Do one thing on the bus; None where it is not acknowledged."""
        client.sendall(op + bytes([where]) + size.to_bytes(2, "big") + data)
        head = client.recv(3, socket.MSG_WAITALL)
        size = int.from_bytes(head[1:], "big")
        answer = client.recv(size, socket.MSG_WAITALL) if size else b""
        return answer if head[0] == 0 else None

    def frame_limit(self, client: socket.socket) -> bytes:
        """DATA_REG_LEN, once the chip has started."""
        until = time.monotonic() + LIMIT_S
        while time.monotonic() < until:
            if self.ask(client, b"W", 0x30, 1, b"\x81") is not None:
                found = self.ask(client, b"R", 0x30, 2)
                if found is not None:
                    return found
            time.sleep(0.001)
        raise AssertionError("no answer")

    @pytest.mark.parametrize(("pin", "is_reset"), [(17, True), (27, True), (4, False)])
    def test_those_of_infineons_shield_reset_the_chip(self, client: socket.socket, pin: int, is_reset: bool) -> None:
        assert self.frame_limit(client) == b"\x01\x15"
        assert self.ask(client, b"W", 0x30, 3, b"\x81\x00\x40") is not None
        assert self.frame_limit(client) == b"\x00\x40"
        for level in (0, 1):
            assert self.ask(client, b"P", pin, 1, bytes([level])) is not None
        assert self.frame_limit(client) == (b"\x01\x15" if is_reset else b"\x00\x40")


FORWARDING = """
import signal, subprocess, threading
from optiga.emulator.running import _passed_on, _wait

with _passed_on() as begin:
    process = subprocess.Popen(["sleep", "60"])
    begin(process)
    threading.Timer(0.1, lambda: signal.pthread_kill(threading.get_ident(), signal.SIGTERM)).start()
    print(_wait(process))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no signals for threads")
def test_a_signal_that_the_system_gives_to_another_thread_is_passed_on() -> None:
    """As to one of the board's server: the main thread, which waits, is not woken up by it."""
    done = subprocess.run(
        [sys.executable, "-c", FORWARDING], capture_output=True, text=True, check=False, timeout=LIMIT_S
    )
    assert (done.returncode, done.stdout) == (0, "-15\n"), done.stderr
