"""The line over pyserial: to boards served on a socket and a pseudo terminal, and what becomes of its errors."""

from __future__ import annotations

import errno
import os
import socket
import sys
from pathlib import Path

import pytest
import serial
from serial import rfc2217

from optiga import BoardError, ConfigurationError, open_chip
from optiga.emulator import Board, EmulatedChip
from optiga.errors import Reason
from optiga.files.locks import PortLock, lock_path_for_port
from optiga.link import uart_frame as frame
from optiga.transport.serial_line import SerialLine
from tests.support.served_boards import board_on_pty, board_on_rfc2217, board_on_tcp

posix = pytest.mark.skipif(sys.platform == "win32", reason="pseudo terminals are POSIX")


class ForgetfulBoard(Board):
    """Loses the first answer that it gives to a command."""

    lost = 0

    def feed(self, data: bytes) -> bytes:
        answer = super().feed(data)
        if not self.lost and len(answer) > len(frame.ERROR):
            self.lost = len(answer)
            return b""
        return answer


def test_a_chip_over_a_socket() -> None:
    with board_on_tcp(Board(EmulatedChip().execute)) as port, open_chip(port) as chip:
        assert chip.port == port
        assert chip.uid.firmware_build == "2564"
        content = bytes(range(256)) * 6 + bytes(192)
        chip.write(0xE0E1, content)
        assert chip.read(0xE0E1) == content


@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")  # pyserial's own
def test_a_chip_behind_a_serial_server() -> None:
    with board_on_rfc2217(Board(EmulatedChip().execute)) as port, open_chip(port) as chip:
        assert chip.port == port
        content = bytes(range(256)) * 6  # with the byte 0xff, which RFC 2217 escapes
        chip.write(0xE0E1, content)
        assert chip.read(0xE0E1) == content


@posix
def test_a_chip_on_a_pseudo_terminal() -> None:
    with board_on_pty(Board(EmulatedChip().execute)) as port:
        for _ in range(2):
            with open_chip(port) as chip:
                assert len(chip.random(16)) == 16


def test_one_client_after_another_finds_the_same_chip() -> None:
    with board_on_tcp(Board(EmulatedChip().execute)) as port:
        with open_chip(port) as chip:
            chip.write(0xF1D0, b"kept")
        with open_chip(port) as chip:
            assert chip.read(0xF1D0) == b"kept"


@pytest.mark.long
def test_a_lost_answer_in_real_time() -> None:
    board = ForgetfulBoard(EmulatedChip().execute)
    with board_on_tcp(board) as port, open_chip(port) as chip:
        assert chip.uid.firmware_build == "2564"
    assert board.lost


def test_a_board_that_leaves_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        line = SerialLine(f"socket://127.0.0.1:{listener.getsockname()[1]}")
        listener.accept()[0].close()
        with pytest.raises(BoardError, match="connection broke") as caught:
            line.read(5)
        assert caught.value.hint
        line.close()
        line.close()


WHY_NOT = {
    "no permission": Reason.DENIED,
    "in use by another program": Reason.BUSY,
    "not a serial port": Reason.WRONG_TYPE,
}


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (serial.SerialException(errno.ENOENT, "no"), "there is no such port"),
        (serial.SerialException("could not open port 'COM9': FileNotFoundError(2, 'x')"), "there is no such port"),
        (serial.SerialException(errno.EACCES, "no"), "no permission"),
        (serial.SerialException("could not open port 'COM9': PermissionError(13, 'x')"), "no permission"),
        (serial.SerialException(errno.EBUSY, "no"), "in use by another program"),
        (serial.SerialException("Could not exclusively lock port /dev/x: [Errno 11]"), "in use by another program"),
        (serial.SerialException(errno.ENOTTY, "no"), "not a serial port"),
        (serial.SerialException("could not open port: something else"), "cannot be opened: something else"),
        (OSError(errno.EIO, "broken"), "cannot be opened"),
    ],
    ids=str,
)
def test_why_a_port_does_not_open(error: OSError, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(serial, "serial_for_url", refuse)
    with pytest.raises(BoardError, match=message) as caught:
        SerialLine("/dev/x")
    assert (caught.value.port, caught.value.reason) == ("/dev/x", WHY_NOT.get(message, Reason.NO_BOARD))
    assert caught.value.hint


def test_real_refusals(tmp_path: Path) -> None:
    with pytest.raises(BoardError, match="no such port"):
        SerialLine(str(tmp_path / "none"))
    with pytest.raises(ConfigurationError, match="not a port"):
        SerialLine("carrier-pigeon://loft")
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        where = f"127.0.0.1:{reserved.getsockname()[1]}"
        with pytest.raises(
            BoardError,
            match=r"nothing answers at this address: \w[^:]*\. Check that the other end is running, for example",
        ):
            SerialLine(f"socket://{where}")
        with pytest.raises(
            BoardError, match=r"nothing answers at this address: \w[^:]*\. Check that the other end is running$"
        ):
            SerialLine(f"rfc2217://{where}")


@posix
def test_what_is_no_terminal_is_no_port(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BoardError, match="not a serial port"):
        SerialLine(str(tmp_path / "file"))


@posix
def test_the_file_of_a_chip_is_no_port_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hint's port works."""
    monkeypatch.chdir(tmp_path)
    open_chip("emulator:a.chip").close()
    for word in ("a.chip", "./a.chip", "a.chip?model=trust-m-v3"):
        with pytest.raises(BoardError) as caught:
            open_chip(word)
        said = caught.value.hint
        assert f"the port emulator:{word}" in said
        open_chip(said.rpartition(" ")[2]).close()
    Path("other").touch()
    with pytest.raises(BoardError) as caught:
        open_chip("other")
    assert "emulator:" not in caught.value.hint
    if sys.platform == "linux":
        with pytest.raises(BoardError, match="not an I2C bus") as caught:
            open_chip("i2c:a.chip")
        assert "the port emulator:a.chip" in caught.value.hint


def test_a_board_that_takes_no_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    with board_on_tcp(Board(EmulatedChip().execute)) as port:
        line = SerialLine(port)

        def time_out(data: bytes) -> int:
            raise serial.SerialTimeoutException("Write timeout")

        monkeypatch.setattr(line._serial, "write", time_out)
        with pytest.raises(BoardError, match="does not accept data"):
            line.write(b"x")
        monkeypatch.undo()
        line.close()


def test_the_lock_is_held_while_a_board_is_open() -> None:
    with board_on_tcp(Board(EmulatedChip().execute)) as port:
        lock = PortLock(lock_path_for_port(port), port="second", wait_s=3600)
        with open_chip(port), pytest.raises(BoardError, match="second: in use by this process"):
            lock.acquire()
        lock.acquire()
        lock.release()


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")  # pyserial's own
@pytest.mark.parametrize(
    "answer", [pytest.param(None, marks=pytest.mark.long), b"\x7f"], ids=["no answer", "another value"]
)
def test_a_serial_server_that_declines_control_lines(answer: bytes | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is taken as with ign_set_control, without being asked to."""

    class Declining(rfc2217.PortManager):
        def _telnet_process_subnegotiation(self, suboption: bytes) -> None:
            if suboption[1:2] not in (rfc2217.SET_CONTROL, rfc2217.PURGE_DATA):
                super()._telnet_process_subnegotiation(suboption)
            elif answer is not None:
                self.rfc2217_send_subnegotiation(rfc2217.SERVER_SET_CONTROL, answer)

    monkeypatch.setattr("tests.support.served_boards.PortManager", Declining)
    with board_on_rfc2217(Board(EmulatedChip().execute)) as port, open_chip(port) as chip:
        assert chip.uid.firmware_build == "2564"


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")  # pyserial's own
def test_a_serial_server_that_declines_the_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Declining(rfc2217.PortManager):
        def _telnet_process_subnegotiation(self, suboption: bytes) -> None:
            if suboption[1:2] == rfc2217.SET_BAUDRATE:
                self.rfc2217_send_subnegotiation(rfc2217.SERVER_SET_BAUDRATE, b"\x00\x00\x25\x80")
            else:
                super()._telnet_process_subnegotiation(suboption)

    monkeypatch.setattr("tests.support.served_boards.PortManager", Declining)
    with board_on_rfc2217(Board(EmulatedChip().execute)) as port, pytest.raises(BoardError, match="115200"):
        open_chip(port)


@posix
@pytest.mark.parametrize("number", [errno.EIO, errno.EINVAL, errno.ENOTTY])
def test_a_device_that_refuses_its_settings(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """pyserial lets the error of the terminal through."""
    import termios

    def refuse(*_: object) -> None:
        raise termios.error(number, os.strerror(number))

    with board_on_pty(Board(EmulatedChip().execute)) as port:
        monkeypatch.setattr(termios, "tcsetattr", refuse)
        with pytest.raises(BoardError) as caught:
            SerialLine(port)
        monkeypatch.undo()
        assert caught.value.port == port
        assert caught.value.hint
        with open_chip(port) as chip:
            assert len(chip.random(8)) == 8
