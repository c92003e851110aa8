"""Real timing: as long as the manual's command times and a line of 115200 baud."""

from __future__ import annotations

import pytest

from optiga.emulator import EmulatedChip
from optiga.emulator.timing import RealTiming


class Clock:
    """A clock that only sleeping, and the chip, move on."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


@pytest.mark.parametrize(
    ("command", "answer_size", "chip_ms"),
    [
        ("f0000010d27600000447656e417574684170706c", 4, 20),
        ("b8030009010002e0f102000110", 75, 55),
        ("b8420009010002e0fc02000110", 279, 2900),
        ("b11100280100" + "20" + "11" * 32 + "030002e0f1", 74, 65),
        ("810000" + "02" + "e0c2", 31, 30),
        ("8c0000020010", 20, 30),
    ],
)
@pytest.mark.parametrize("busy_s", [0.0, 0.01])
def test_an_exchange_takes_its_time(command: str, answer_size: int, chip_ms: float, busy_s: float) -> None:
    clock = Clock()
    given: list[bytes] = []

    def execute(apdu: bytes) -> bytes:
        given.append(apdu)
        clock.time += busy_s
        return bytes(answer_size)

    apdu = bytes.fromhex(command)
    began = clock.time
    assert RealTiming(execute, sleep=clock.sleep, now=clock.now)(apdu) == bytes(answer_size)
    line_ms = (len(apdu) + 8 + answer_size + 8) * 10 / 115.2
    assert (clock.time - began) * 1000 == pytest.approx(chip_ms + line_ms)
    assert given == [apdu]


def test_a_chip_that_is_slower_anyway_is_not_held_up() -> None:
    clock = Clock()

    def execute(apdu: bytes) -> bytes:
        clock.time += 9
        return bytes(4)

    RealTiming(execute, sleep=clock.sleep, now=clock.now)(bytes.fromhex("8c0000020010"))
    assert sum(clock.slept) == 0


def test_it_answers_as_the_chip_does() -> None:
    clock = Clock()
    timed = RealTiming(EmulatedChip().execute, sleep=clock.sleep, now=clock.now)
    assert timed(bytes.fromhex("f0000010d27600000447656e417574684170706c")) == bytes(4)
    assert timed(b"") == bytes.fromhex("ff000000")
