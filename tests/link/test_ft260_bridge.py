"""Transfers through an FT260 as a pure machine, against an emulated one, with each trap of real ones."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optiga import BoardError
from optiga.emulator.board.ft260 import I2C, Ft260Board
from optiga.link.ft260.bridge import BUSY_S, STARTUP_S
from optiga.link.ft260.codes import GPIO, I2C_STATUS, SYSTEM
from optiga.link.ft260.steps import HidStep, Output
from tests.support.carried_hid import CarriedHid, Clock, Slave, Statuses, carried


def pattern(size: int) -> bytes:
    return bytes(number % 251 for number in range(size))


class TestStart:
    def fresh(self, **settings: bool | int) -> CarriedHid:
        clock = Clock()
        return CarriedHid(Ft260Board(Slave(), clock=clock, **settings), clock)  # type: ignore[arg-type]

    def test_infineons_bytes(self) -> None:
        fresh = self.fresh()
        fresh.start()
        assert fresh.sent == ["a120", "a1229001"]
        assert fresh.board.khz == 400

    def test_a_chip_in_reset_is_let_out(self) -> None:
        fresh = self.fresh()
        fresh.board.set_feature(I2C, bytes.fromhex("b015000520"))
        assert fresh.board.is_reset_low
        fresh.start()
        assert not fresh.board.is_reset_low
        assert fresh.sent[-1] == "b015002520", "other pins stay as they are"
        assert fresh.pauses[-1] == STARTUP_S

    def test_a_chip_that_stays_in_reset(self) -> None:
        fresh = self.fresh()
        fresh.on_feature = lambda report: bytes.fromhex("b000000020") if report[0] == GPIO else report
        with pytest.raises(BoardError, match="reset"):
            fresh.start()

    def test_i2c_that_is_off_is_switched_on(self) -> None:
        fresh = self.fresh()
        fresh.board.set_feature(I2C, bytes.fromhex("a10200"))
        fresh.start()
        assert fresh.sent[0] == "a10201"
        assert fresh.write(b"\x82")

    @pytest.mark.parametrize(
        ("damage", "words"),
        [
            (lambda report: bytes.fromhex("a004170200") if report[0] == 0xA0 else report, "not an FT260"),
            (lambda report: report[:3] + b"\x01" + report[4:] if report[0] == SYSTEM else report, "asleep"),
            (lambda report: b"", "does not answer"),
            (lambda report: report[:3], "does not answer"),
            (lambda report: b"\x00" + report, "does not answer"),
            (lambda report: bytes.fromhex("c020e80300") if report[0] == I2C_STATUS else report, "1000 kHz"),
            (Statuses(0x46, last_for_ever=True), "stuck"),
            (Statuses(0x01, last_for_ever=True), "stuck"),
        ],
    )
    def test_refused(self, damage: Callable[[bytes], bytes], words: str) -> None:
        fresh = self.fresh()
        fresh.on_feature = damage
        with pytest.raises(BoardError, match=words) as caught:
            fresh.start()
        assert caught.value.hint
        assert caught.value.port == "ft260"
        assert fresh.clock() < 101

    def test_uart_only(self) -> None:
        with pytest.raises(BoardError, match="UART only"):
            self.fresh(chip_mode=2).start()

    def test_i2c_only(self) -> None:
        fresh = self.fresh(chip_mode=1)
        fresh.start()
        assert fresh.read(5) == pattern(5)

    def test_a_slower_clock_is_good_enough(self) -> None:
        fresh = self.fresh()
        fresh.on_feature = lambda report: report[:2] + b"\x64\x00\x00" if report[0] == I2C_STATUS else report
        fresh.start()
        assert fresh.write(b"\x82")

    def test_a_sleeper_wakes_up(self) -> None:
        fresh = self.fresh()
        asleep = [True]
        fresh.on_feature = lambda report: (
            report[:3] + b"\x01" + report[4:] if report[0] == SYSTEM and asleep and asleep.pop() else report
        )
        fresh.start()
        assert fresh.write(b"\x82")

    def test_what_somebody_left_is_dropped(self) -> None:
        fresh = self.fresh()
        fresh.board.set_feature(I2C, bytes.fromhex("a1229001"))
        for _ in range(3):
            fresh.board.output(I2C, bytes.fromhex("c230060500"))
        fresh.board.output(I2C, bytes.fromhex("de3002018000"))  # a message that nobody will end
        fresh.start()
        assert fresh.read(4) == pattern(4)


class TestGolden:
    """What Infineon's library sends for the same transfers, and what the board says to it."""

    def test_the_first_transfers(self) -> None:
        slave = Slave([bytes.fromhex("08800000"), bytes.fromhex("00000190"), bytes.fromhex("0037")])
        bridge = carried(slave)
        assert bridge.write(b"\x82")
        assert bridge.read(4) == bytes.fromhex("08800000")
        assert bridge.write(bytes.fromhex("880000"))
        assert bridge.write(b"\x84")
        assert bridge.read(4) == bytes.fromhex("00000190")
        assert bridge.write(bytes.fromhex("810037"))
        assert bridge.write(b"\x81")
        assert bridge.read(2) == bytes.fromhex("0037")
        opening = bytes.fromhex("8003001500f0000010d27600000447656e417574684170706cc9b6")
        assert bridge.write(opening)
        assert bridge.sent == [
            "de30060182",
            "c2300604",
            "de30060388",
            "de30060184",
            "c2300604",
            "de300603810037",
            "de30060181",
            "c2300602",
            "de30061b" + opening.hex(),
        ]
        assert bridge.looks == 3 * len(bridge.sent), "41, 40, 20, and no more"


@pytest.mark.parametrize("size", [1, 4, 59, 60, 61, 62, 119, 120, 121, 180, 240, 241, 277, 600])
def test_any_length(size: int) -> None:
    slave = Slave()
    bridge = carried(slave)
    assert bridge.write(pattern(size))
    assert slave.written == [pattern(size)], "one transaction"
    size = min(size, 277)  # the longest register there is
    assert bridge.read(size) == pattern(size)
    begun = [bytes.fromhex(sent.ljust(10, "0")) for sent in bridge.sent if sent.startswith("c230")]
    assert all(int.from_bytes(each[3:5], "little") <= 60 for each in begun if each[2] & 2)
    assert bridge.clock() < 100.1, "no look waits for a bit that stays set between parts"


@pytest.mark.parametrize("size", [0, -1])
def test_no_transfer_of_nothing(size: int) -> None:
    bridge = carried()
    with pytest.raises(ValueError, match="at least one byte"):
        bridge.read(size)
    with pytest.raises(ValueError, match="at least one byte"):
        bridge.write(b"")
    assert not bridge.sent


HEADS = st.tuples(st.integers(0, 255), st.integers(0, 255))
HAPPENINGS = st.lists(
    st.one_of(st.none(), st.none(), st.just("lost"), st.just("cut"), HEADS, st.integers(1, 60)), max_size=8
)
ACTIONS = st.lists(st.tuples(st.booleans(), st.sampled_from([1, 4, 5, 37, 60, 61, 130, 277])), min_size=1, max_size=5)
STATUSES = st.lists(st.sampled_from([0x41, 0x40, 0x60, 0x20, 0x2E, 0x26, 0x46, 0x32, 0x01, 0x22]), max_size=12)


@given(ACTIONS, HAPPENINGS, STATUSES, st.booleans())
def test_whatever_happens_to_reports(
    actions: list[tuple[bool, int]], happenings: list[object], bits: list[int], is_gone: bool
) -> None:
    """A read brings the right bytes or none, every transfer ends, and it all works again afterwards."""
    slave = Slave()
    bridge = carried(slave)
    waiting: list[bytes] = []

    def on_input(report: bytes) -> bytes:
        if not report:
            return waiting.pop(0) if waiting else b""
        if waiting:
            waiting.append(report)
            return waiting.pop(0)
        happening = happenings.pop(0) if happenings else None
        if happening == "lost":
            return b""
        if happening == "cut":
            return report[: len(report) // 2]
        if isinstance(happening, tuple):  # its head is damaged
            return bytes(happening) + report[2:] if happening[1] != report[1] else b"\0" + report[1:]
        if isinstance(happening, int) and happening != report[1]:  # one from before comes first
            waiting.append(report)
            return bytes((0xD0 + (happening - 1) // 4, happening)).ljust(64, b"\x5a")
        return report

    bridge.on_input = on_input
    bridge.on_feature = Statuses(*bits)
    steps = 0

    def fails(step: HidStep) -> bool:
        nonlocal steps
        steps += isinstance(step, Output)
        return is_gone and steps == 3

    bridge.fails = fails
    for is_read, size in actions:
        began = bridge.clock()
        try:
            if is_read:
                assert bridge.read(size) in (pattern(size), None)
            else:
                bridge.write(pattern(size))
        except BoardError:
            pass
        assert bridge.clock() - began < 8
    bridge.on_input = lambda report: report
    bridge.on_feature = lambda report: report
    bridge.fails = lambda _: False
    assert bridge.write(b"\x82")
    assert bridge.read(37) == pattern(37)
    assert all(message in (b"\x82", *(pattern(size) for _, size in actions)) for message in slave.written)


class TestSlowMachine:
    """What is told late was so before: it is looked at again before anything is given up."""

    @pytest.mark.parametrize("bits", [0x41, 0x40, 0x60])
    def test_a_look_that_is_told_late(self, bits: int) -> None:
        one = carried(Slave())
        busy = Statuses(bits)

        def tell_late(report: bytes) -> bytes:
            seen = busy(report)
            if seen != report:
                one.clock.now += 10 * BUSY_S
            return seen

        one.on_feature = tell_late
        assert one.write(b"\x82")
        assert one.read(5) == pattern(5)
        assert "stuck" not in "".join(one.sent)
