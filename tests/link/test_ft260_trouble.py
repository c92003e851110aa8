"""The FT260 bridge where something goes wrong: nobody acknowledges, reports are lost, the board is asleep or reset."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from optiga import BoardError
from optiga.emulator.board.ft260 import I2C, Ft260Board
from optiga.link.ft260.bridge import BUSY_S, INPUT_S
from optiga.link.ft260.codes import I2C_STATUS
from optiga.link.ft260.steps import GetFeature, HidStep, Pause
from tests.support.carried_hid import CarriedHid, Clock, Slave, Statuses, carried


def pattern(size: int) -> bytes:
    return bytes(number % 251 for number in range(size))


class TestNobodyAcknowledges:
    @pytest.mark.parametrize("size", [1, 60, 61, 277])
    def test_the_chip_sleeps(self, size: int) -> None:
        slave = Slave(refuses=2)
        bridge = carried(slave)
        assert not bridge.write(pattern(size))
        assert bridge.read(size) is None, "though as many bytes came"
        assert bridge.read(size) == pattern(size)
        assert bridge.write(pattern(size))

    @pytest.mark.parametrize(
        "bits", [(0x2E,), (0x41, 0x40, 0x2E), (0x40, 0x40, 0x26), (0x4F, 0x26), (0x46, 0x46, 0x26)]
    )
    def test_it_shows_late(self, bits: tuple[int, ...]) -> None:
        bridge = carried()
        bridge.on_feature = Statuses(*bits)
        assert not bridge.write(b"\x82")
        assert "a120" not in bridge.sent
        assert bridge.write(b"\x82")

    def test_a_read_that_brings_nothing_is_seen_in_the_status(self) -> None:
        bridge = carried(Slave(refuses=1))
        bridge.on_input = lambda _: b""
        began = bridge.clock()
        assert bridge.read(37) is None
        assert bridge.clock() - began < 0.2
        bridge.on_input = lambda report: report  # the junk comes after all
        assert bridge.read(37) == pattern(37)

    def test_a_bus_left_busy_is_reset(self) -> None:
        bridge = carried(Slave(refuses=1))
        assert bridge.read(100) is None
        assert bridge.sent == ["c230023c", "a120", "a1229001"], "the clock, too: it may not stay"
        bridge.on_feature = Statuses(0x41, 0x46)  # at once, as the kernel's driver saw it
        assert bridge.read(100) is None
        bridge.on_feature = Statuses(0x41, 0x40, 0x40, 0x41, 0x40, 0x20)
        assert bridge.read(100) == pattern(100)

    def test_void_bits_while_busy(self) -> None:
        bridge = carried()
        bridge.on_feature = Statuses(0x1F, 0x47, 0x20)
        assert bridge.write(b"\x82")


class TestTrouble:
    def test_stuck_once(self) -> None:
        bridge = carried()
        began = bridge.clock()
        bridge.on_feature = Statuses(*[0x40] * 100)
        assert not bridge.write(b"\x82")
        assert "a120" in bridge.sent
        assert bridge.clock() - began < 3 * BUSY_S
        bridge.on_feature = lambda report: report
        assert bridge.write(b"\x82")

    def test_stuck_again_and_again(self) -> None:
        bridge = carried()
        for _ in range(2):
            bridge.on_feature = Statuses(*[0x40] * 100)
            assert not bridge.write(b"\x82")
        bridge.on_feature = Statuses(*[0x40] * 100)
        with pytest.raises(BoardError, match="stuck"):
            bridge.write(b"\x82")
        bridge.on_feature = lambda report: report
        assert bridge.write(b"\x82")

    @pytest.mark.parametrize("bits", [0x40, 0x41, 0x01, 0x46])
    def test_stuck_for_ever(self, bits: int) -> None:
        bridge = carried()
        began = bridge.clock()
        bridge.on_feature = Statuses(bits, last_for_ever=True)
        with pytest.raises(BoardError, match="stuck"):
            bridge.write(b"\x82")
        assert bridge.clock() - began < 3 * BUSY_S
        bridge.on_feature = lambda report: report
        assert bridge.write(b"\x82"), "once it is free it works again"

    def test_arbitration_lost(self) -> None:
        bridge = carried()
        for _ in range(2):
            bridge.on_feature = Statuses(0x41, 0x32)
            assert not bridge.write(b"\x82")
        bridge.on_feature = Statuses(0x41, 0x32)
        with pytest.raises(BoardError, match="disturbed"):
            bridge.write(b"\x82")
        assert bridge.write(b"\x82")

    def test_a_lost_report(self) -> None:
        bridge = carried()
        bridge.on_input = lambda _: b""
        began = bridge.clock()
        assert bridge.read(4) is None
        assert bridge.read(4) is None
        with pytest.raises(BoardError, match="do not arrive"):
            bridge.read(4)
        assert bridge.clock() - began < 3 * (INPUT_S + 2 * BUSY_S)
        bridge.on_input = lambda report: report
        assert bridge.read(4) == pattern(4)

    def test_stale_reports(self) -> None:
        bridge = carried(Slave([b"stale", b"old"]))
        bridge.board.output(I2C, bytes.fromhex("c230060500"))
        bridge.board.output(I2C, bytes.fromhex("c230060300"))
        assert bridge.read(5) == pattern(5)

    def test_where_one_is_there_others_are_waited_for(self) -> None:
        bridge = carried(Slave([b"stale"]))
        bridge.board.output(I2C, bytes.fromhex("c230060500"))
        bridge.late = [(bridge.clock() + 0.004, b"\xd1\x05later\0\0\0")]
        assert bridge.read(5) == pattern(5)

    @pytest.mark.parametrize("report", ["d00411223344", "f00102", "d109" + "00" * 9, "b1000000"])
    def test_others_that_come_between(self, report: str) -> None:
        bridge = carried()
        bridge.late = [(bridge.clock() + 0.0005, bytes.fromhex(report))]
        assert bridge.read(5) == pattern(5)
        assert not bridge.late

    def test_the_junk_of_a_refused_read_that_comes_late(self) -> None:
        bridge = carried(Slave(refuses=1))
        bridge.on_input = lambda _: b""
        assert not bridge.late
        bridge.on_feature = self.then_late(bridge, b"\xd1\x05later\0\0\0")
        assert bridge.read(5) is None
        bridge.on_input = lambda report: report if report[2:] != b"\xff" * 5 + b"\0\0\0" else b""
        assert bridge.read(5) == pattern(5)

    @staticmethod
    def then_late(bridge: CarriedHid, report: bytes) -> Callable[[bytes], bytes]:
        """Has a report come 3 ms after an error was seen, once."""

        def on_feature(feature: bytes) -> bytes:
            if feature[0] == I2C_STATUS and feature[1] & 2 and report not in [late for _, late in bridge.late]:
                bridge.late = [(bridge.clock() + 0.003, report)]
                bridge.on_feature = lambda same: same
            return feature

        return on_feature

    def test_data_without_end(self) -> None:
        bridge = carried()
        bridge.on_input = lambda _: bytes.fromhex("d00411223344")
        with pytest.raises(BoardError, match="keeps sending"):
            bridge.read(5)

    def test_broken_off(self) -> None:
        """A Ctrl-C, say, between the parts of a message: the bus is free before the next."""
        bridge = carried()
        bridge.fails = lambda step: isinstance(step, GetFeature)
        with pytest.raises(BoardError, match="gone"):
            bridge.write(pattern(100))
        bridge.fails = lambda _: False
        bridge.sent.clear()
        assert bridge.write(b"\x82")
        assert bridge.sent == ["a120", "a1229001", "de30060182"]

    def test_a_report_is_asked_for_again(self) -> None:
        bridge = carried()
        failures = [True, True]
        bridge.fails = lambda step: isinstance(step, GetFeature) and bool(failures) and failures.pop()
        assert bridge.write(b"\x82")


class TestSleep:
    """A part that has slept loses the NACK of the first transfer, until it was looked at once."""

    def test_the_nack_is_not_lost(self) -> None:
        slave = Slave()
        bridge = carried(slave, saves_power=True)
        for act in (lambda: bridge.write(b"\x82"), lambda: bridge.read(4) is not None):
            bridge.clock.now += 6
            slave.refuses = 1
            assert not act()
            assert act()

    def test_only_after_it_was_idle(self) -> None:
        bridge = carried(saves_power=True)
        bridge.clock.now += 6
        bridge.looks = 0
        bridge.write(b"\x82")
        assert bridge.looks == 2
        bridge.looks = 0
        bridge.write(b"\x82")
        assert bridge.looks == 3

    def test_ones_alone_are_no_answer_then(self) -> None:
        bridge = carried(Slave([b"\xff" * 4] * 2), saves_power=True)
        bridge.clock.now += 6
        assert bridge.read(4) is None
        assert bridge.read(4) == b"\xff" * 4


class TestReset:
    def test_pulse(self) -> None:
        told: list[bool] = []
        clock = Clock()
        bridge = CarriedHid(Ft260Board(Slave(), on_reset=told.append, clock=clock), clock)
        bridge.start()
        bridge.carry(bridge.bridge.reset_chip(clock()))
        assert told == [True, False]
        assert bridge.sent[-2:] == ["b000000020", "b000002020"]
        assert bridge.write(b"\x82")

    @pytest.mark.parametrize("kind", [Pause, GetFeature])
    def test_never_left_low(self, kind: type[HidStep]) -> None:
        bridge = carried()
        bridge.fails = lambda step: isinstance(step, kind) and (kind is Pause or bridge.board.is_reset_low)
        if kind is Pause:
            with pytest.raises(BoardError, match="gone"):
                bridge.carry(bridge.bridge.reset_chip(bridge.clock()))
        else:
            bridge.carry(bridge.bridge.reset_chip(bridge.clock()))
        assert not bridge.board.is_reset_low
