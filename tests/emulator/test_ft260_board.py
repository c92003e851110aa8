"""An emulated FT260 as hosts see it: the statuses of real parts, and their traps."""

from __future__ import annotations

import pytest

from optiga import BoardError
from optiga.emulator.board.ft260 import I2C, UART, Ft260Board
from tests.support.carried_hid import Clock, Slave


def board(slave: Slave | None = None, *, saves_power: bool = False, chip_mode: int = 3) -> Ft260Board:
    return Ft260Board(slave or Slave(), saves_power=saves_power, chip_mode=chip_mode, clock=Clock())


def send(board: Ft260Board, report: str) -> None:
    assert board.output(I2C, bytes.fromhex(report).ljust(64, b"\0"))


def put(board: Ft260Board, report: str) -> None:
    assert board.set_feature(I2C, bytes.fromhex(report).ljust(64, b"\0"))


def looks(board: Ft260Board, count: int = 3) -> list[int]:
    return [status(board) for _ in range(count)]


def status(board: Ft260Board) -> int:
    report = board.get_feature(I2C, 0xC0)
    assert report is not None
    assert len(report) == 5, "Infineon's library takes no other"
    return report[1]


def inputs(board: Ft260Board) -> list[str]:
    found = []
    while (report := board.take_input(I2C)) is not None:
        found.append(report.hex())
    return found


class TestSettings:
    def test_who_it_is(self) -> None:
        assert (board().get_feature(I2C, 0xA0) or b"").hex() == "a002600200" + "00" * 8
        system = board(saves_power=True).get_feature(I2C, 0xA1) or b""
        assert len(system) == 26
        assert (system[1], system[3], system[5], system[14]) == (3, 0, 1, 1)

    @pytest.mark.parametrize(
        ("asked", "khz"),
        [("9001", 400), ("6400", 100), ("3c00", 60), ("480d", 3400), ("3b00", 100), ("490d", 100), ("0190", 100)],
    )
    def test_clock(self, asked: str, khz: int) -> None:
        one = board()
        put(one, "a122" + asked)
        assert (one.get_feature(I2C, 0xC0) or b"")[2:4] == khz.to_bytes(2, "little")
        put(one, "a120")
        assert one.khz == khz

    def test_settings_show_where_they_are_read(self) -> None:
        one = board()
        for request, value, place in [("01", 1, 2), ("02", 0, 5), ("03", 2, 6), ("06", 4, 8), ("0b", 1, 11)]:
            put(one, f"a1{request}{value:02x}")
            assert (one.get_feature(I2C, 0xA1) or b"")[place] == value
        put(one, "a1ff00")  # what is not known changes nothing

    def test_reports_there_are_not(self) -> None:
        one = board()
        assert one.get_feature(I2C, 0xE0) is None
        assert one.get_feature(I2C, 0x55) is None
        assert not one.set_feature(I2C, b"\x55\x00")
        assert not one.set_feature(I2C, b"")
        assert not one.output(I2C, b"")
        assert not one.output(I2C, b"\xf0\x01\x41")
        assert not one.output(I2C, bytes.fromhex("d0300605") + bytes(5)), "no room for five bytes"
        assert not one.output(I2C, bytes.fromhex("de30060500")), "cut short"
        assert not one.output(I2C, b"\xc2\x30")

    def test_the_uart_beside_it(self) -> None:
        one = board()
        assert one.interfaces == (I2C, UART)
        assert one.get_feature(UART, 0xE0)
        assert one.get_feature(UART, 0xA1) == one.get_feature(I2C, 0xA1)
        assert one.get_feature(UART, 0xC0) is None
        assert one.set_feature(UART, b"\xe2\x00")
        assert one.output(UART, b"\xf0\x01\x41")
        assert not one.output(UART, b"\xc2\x30\x06\x04\x00")
        assert board(chip_mode=1).interfaces == (0,)
        assert board(chip_mode=2).get_feature(0, 0xC0) is None


class TestTransfers:
    def test_written(self) -> None:
        slave = Slave()
        one = board(slave)
        assert status(one) == 0x20
        send(one, "de30060182")
        assert looks(one, 4) == [0x41, 0x40, 0x20, 0x20]
        send(one, "d030060182")
        assert slave.written == [b"\x82", b"\x82"]

    def test_written_in_parts(self) -> None:
        slave = Slave()
        one = board(slave)
        send(one, "de3002020102")
        assert looks(one) == [0x41, 0x40, 0x60], "the bus is held"
        send(one, "de30000103")
        assert looks(one) == [0x41, 0x40, 0x60]
        assert slave.written == []
        send(one, "de30040104")
        assert looks(one) == [0x41, 0x40, 0x20]
        assert slave.written == [b"\x01\x02\x03\x04"]

    def test_read(self) -> None:
        one = board(Slave([bytes.fromhex("08800000"), bytes.fromhex("0037")]))
        send(one, "c230060400")
        assert inputs(one) == ["d00408800000"]
        assert looks(one) == [0x41, 0x40, 0x20]
        send(one, "c230060200")
        assert inputs(one) == ["d00200370000"], "padded to the report"

    def test_read_in_parts(self) -> None:
        one = board()
        send(one, "c230023c00")
        send(one, "c230000200")
        send(one, "c230040500")
        assert inputs(one) == ["de3c" + bytes(range(60)).hex(), "d0023c3d0000", "d1053e3f404142000000"]

    def test_62_bytes_come_as_60_and_2(self) -> None:
        one = board()
        send(one, "c230063e00")
        assert [report[:4] for report in inputs(one)] == ["de3c", "d002"]


class TestTraps:
    def test_a_write_that_nobody_acknowledges(self) -> None:
        one = board(Slave(refuses=1))
        send(one, "de30060182")
        assert looks(one) == [0x41, 0x40, 0x2E]

    def test_a_read_that_nobody_acknowledges_brings_junk(self) -> None:
        one = board(Slave(refuses=1))
        send(one, "c230060400")
        assert looks(one) == [0x41, 0x40, 0x26]
        assert inputs(one) == ["d004ffffffff"]

    def test_of_a_long_one_the_status_does_not_tell(self) -> None:
        one = board(Slave(refuses=1))
        send(one, "c230063d00")
        assert looks(one) == [0x41, 0x40, 0x20]

    def test_another_address(self) -> None:
        slave = Slave()
        one = board(slave)
        send(one, "de20060182")
        assert looks(one)[-1] == 0x2E
        assert slave.written == []

    def test_without_stop_the_bus_stays_busy_until_it_is_reset(self) -> None:
        one = board(Slave(refuses=1))
        send(one, "c230023c00")
        assert looks(one) == [0x41, 0x40, 0x46]
        send(one, "de30060182")
        assert looks(one) == [0x46] * 3
        put(one, "a120")
        assert status(one) == 0x20
        send(one, "de30060182")
        assert looks(one)[-1] == 0x20

    @pytest.mark.parametrize("report", ["de300600", "c230060000"])
    def test_nothing_at_all_locks_it_up(self, report: str) -> None:
        one = board()
        send(one, report)
        assert looks(one) == [0x40] * 3
        put(one, "a120")
        assert status(one) == 0x20

    def test_no_repeated_start(self) -> None:
        slave = Slave()
        one = board(slave)
        send(one, "de30020182")
        looks(one)
        send(one, "c230070400")
        assert looks(one)[-1] == 0x26
        assert slave.written == []

    def test_the_nack_of_a_sleeper_is_lost(self) -> None:
        clock = Clock()
        one = Ft260Board(Slave(refuses=1), saves_power=True, clock=clock)
        clock.now += 5.1
        send(one, "de30060182")
        assert looks(one, 2) == [0x20, 0x2E]

    def test_a_chip_that_fails(self) -> None:
        told: list[BoardError] = []

        class Broken(Slave):
            def write(self, data: bytes) -> bool:
                raise BoardError("its file cannot be written")

        one = Ft260Board(Broken(), report=told.append)
        send(one, "de30060182")
        assert looks(one)[-1] == 0x2E
        assert len(told) == 1

    def test_input_that_nobody_takes(self) -> None:
        one = board()
        for _ in range(100):
            send(one, "c230060100")
        assert len(inputs(one)) == 64


class TestResetLine:
    def test_infineons_reset(self) -> None:
        told: list[bool] = []
        one = Ft260Board(Slave(), on_reset=told.append)
        assert (one.get_feature(I2C, 0xB0) or b"").hex() == "b000002000", "exactly five bytes"
        put(one, "b000000020")
        assert one.is_reset_low
        send(one, "de30060182")
        assert looks(one)[-1] == 0x2E, "in reset it acknowledges nothing"
        put(one, "b000002020")
        send(one, "de30060182")
        assert looks(one)[-1] == 0x20
        put(one, "b000002020")
        assert told == [True, False]
        assert (one.get_feature(I2C, 0xB0) or b"").hex() == "b000002020"
