"""An I2C bus behind an FT260: the habits of each platform's HID, and what becomes of its failures."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from optiga import BoardError
from optiga.emulator.board.ft260 import I2C, Ft260Board
from optiga.transport import ft260
from optiga.transport.ft260 import FRAME_LIMIT, Ft260Bus, open_ft260
from optiga.transport.hid_boards import HidBoard, Way
from optiga.transport.i2c_bus import Bus
from tests.support.carried_hid import Clock, Slave
from tests.support.hid_habits import HABITS, LinuxLibusb

Habit = Callable[[Ft260Board], Any]


def pattern(size: int) -> bytes:
    return bytes(number % 251 for number in range(size))


def open_bus(device: Any) -> Ft260Bus:
    clock = Clock()

    def sleep(seconds: float) -> None:
        clock.now += seconds

    return Ft260Bus(device, port="ft260", clock=clock, sleep=sleep)


@pytest.mark.parametrize("habit", HABITS)
class TestHabits:
    def test_transfers(self, habit: Habit) -> None:
        slave = Slave()
        bus: Bus = open_bus(habit(Ft260Board(slave)))
        for size in (1, 4, FRAME_LIMIT, 60, 61, 277):
            assert bus.write(pattern(size))
            assert bus.read(size) == pattern(size)
        assert slave.written == [pattern(size) for size in (1, 4, FRAME_LIMIT, 60, 61, 277)]
        slave.refuses = 2
        assert not bus.write(b"\x82")
        assert bus.read(4) is None
        assert bus.read(4) == pattern(4)

    def test_what_others_left_is_dropped(self, habit: Habit) -> None:
        board = Ft260Board(Slave([b"old!"] * 40))
        bus = open_bus(habit(board))
        for _ in range(40):
            board.output(I2C, bytes.fromhex("c230060400"))
        assert bus.read(4) == pattern(4)

    def test_unplugged(self, habit: Habit) -> None:
        device = habit(Ft260Board(Slave()))
        bus = open_bus(device)
        device.is_gone = True
        for act in (lambda: bus.write(b"\x82"), lambda: bus.read(4), bus.reset_chip):
            with pytest.raises(BoardError, match="connection broke") as caught:
                act()
            assert "unplugged" in str(caught.value)
            assert "not implemented" not in str(caught.value)
            assert "\n" not in str(caught.value)
        bus.close()
        bus.close()
        assert device.closed == 1
        with pytest.raises(BoardError, match="closed"):
            bus.read(4)

    def test_unplugged_in_the_middle(self, habit: Habit) -> None:
        device = habit(Ft260Board(Slave()))
        bus = open_bus(device)
        write, sent = device.write, []

        def count(data: bytes) -> int:
            sent.append(data)
            device.is_gone = len(sent) == 2
            return int(write(data))

        device.write = count
        with pytest.raises(BoardError, match="connection broke"):
            bus.write(pattern(150))
        assert len(sent) == 2

    def test_reset(self, habit: Habit) -> None:
        told: list[bool] = []
        bus = open_bus(habit(Ft260Board(Slave(), on_reset=told.append)))
        bus.reset_chip()
        assert told == [True, False]


def test_a_device_that_is_none_is_closed() -> None:
    device = LinuxLibusb(Ft260Board(Slave(), chip_mode=2))
    with pytest.raises(BoardError, match="UART only"):
        open_bus(device)
    assert device.closed == 1


def test_a_device_that_fails_to_close() -> None:
    device = LinuxLibusb(Ft260Board(Slave()))

    def close() -> None:
        raise OSError("gone")

    device.close = close  # type: ignore[method-assign]
    open_bus(device).close()


@pytest.mark.parametrize("failure", [OSError("no"), None])
def test_a_device_that_cannot_but_block(failure: OSError | None) -> None:
    device = LinuxLibusb(Ft260Board(Slave()))

    def refuse(on: int) -> int:
        if failure is not None:
            raise failure
        return -1

    device.set_nonblocking = refuse  # type: ignore[method-assign]
    assert open_bus(device).read(4) == pattern(4)


@pytest.mark.parametrize("failure", [OSError("no"), ValueError("not open")])
def test_an_error_that_has_no_words(failure: Exception) -> None:
    device = LinuxLibusb(Ft260Board(Slave()))
    bus = open_bus(device)
    device.is_gone = True

    def error() -> str:
        raise failure

    device.error = error  # type: ignore[method-assign]
    with pytest.raises(BoardError, match="does not accept reports"):
        bus.write(b"\x82")


def test_interrupted() -> None:
    """Ctrl-C between the parts of a message ends it, and the next one finds a free bus."""
    slave = Slave()
    device = LinuxLibusb(Ft260Board(slave))
    bus = open_bus(device)
    get = device.get_feature_report

    def interrupt(report_id: int, size: int) -> list[int]:
        device.get_feature_report = get  # type: ignore[method-assign]
        raise KeyboardInterrupt

    device.get_feature_report = interrupt  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        bus.write(pattern(100))
    assert bus.write(b"\x82")
    assert slave.written == [b"\x82"]


def test_a_reset_that_is_interrupted_leaves_the_line_high() -> None:
    board = Ft260Board(Slave())
    bus = open_bus(LinuxLibusb(board))

    def interrupt(_: float) -> None:
        assert board.is_reset_low
        raise KeyboardInterrupt

    bus._sleep = interrupt
    with pytest.raises(KeyboardInterrupt):
        bus.reset_chip()
    assert not board.is_reset_low


def test_no_data_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "optiga.transport")
    secret = bytes.fromhex("c0ffee0123456789")
    bus = open_bus(LinuxLibusb(Ft260Board(Slave([secret]))))
    bus.write(secret)
    assert bus.read(8) == secret
    assert "with data" in caplog.text
    assert "c0ffee" not in caplog.text


def test_the_real_clock() -> None:
    bus = Ft260Bus(LinuxLibusb(Ft260Board(Slave())), port="ft260")
    began = bus.now()
    bus.wait(0.001)
    assert bus.now() > began


def test_open(monkeypatch: pytest.MonkeyPatch) -> None:
    class Opened(LinuxLibusb):
        def __init__(self) -> None:
            super().__init__(Ft260Board(Slave()))

        def open_path(self, path: bytes) -> None:
            assert path == b"1-1:1.0"

    class Module:
        device = Opened

    def choose(path: str, **_: object) -> HidBoard:
        return HidBoard(path, (Way(path, Module),))

    monkeypatch.setattr(ft260, "choose_board", choose)
    assert open_ft260("1-1:1.0").read(4) == pattern(4)
