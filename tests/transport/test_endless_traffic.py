"""A line whose other side never rests: a run that hears no valid answer is over in time, and leaves nothing locked."""

from __future__ import annotations

import pytest

from optiga import BoardError, open_chip
from optiga.chip import Chip
from optiga.emulator import Board, EmulatedChip
from optiga.link.uart_bridge import LIMIT_S
from optiga.transport.uart import BridgeTransport
from tests.support.endless_traffic import ENDLESS, EndlessLine
from tests.support.faulty_line import FaultyLine
from tests.support.observed import request_of
from tests.support.sampling import sampled
from tests.support.talking import talking_on_tcp


def read_much(line: EndlessLine, *, settled: bool = True) -> None:
    """What a run may do: more exchanges than a line without a board can bear."""
    make_keys(Chip(BridgeTransport(line, port="board", settled=settled), port="board"))


def make_keys(chip: Chip) -> None:
    for _ in range(3):
        chip.generate_key("second")


@pytest.mark.long
@pytest.mark.parametrize("settled", sampled([True, False], keep=1), ids=["", "left by a killed run"])
@pytest.mark.parametrize("name", ENDLESS)
def test_endless_traffic_ends_in_time(name: str, settled: bool) -> None:
    line = EndlessLine(ENDLESS[name]())
    with pytest.raises(BoardError) as caught:
        read_much(line, settled=settled)
    assert line.now() < LIMIT_S
    assert caught.value.hint


@pytest.mark.parametrize("name", sampled(ENDLESS, keep=5))
def test_a_slow_drip_ends_in_time(name: str) -> None:
    line = EndlessLine(ENDLESS[name](), bytes_per_s=90)
    with pytest.raises(BoardError):
        read_much(line)
    assert line.now() < LIMIT_S + 1  # what is written takes its time, too


@pytest.mark.long
@pytest.mark.parametrize("name", sampled(ENDLESS, keep=6))
def test_traffic_that_begins_behind_a_valid_answer(name: str) -> None:
    """The time begins anew with each answer, and never for what is none."""
    line = FaultyLine(EmulatedChip().execute)
    chip = Chip(BridgeTransport(line, port="board"), port="board")
    endless = EndlessLine(ENDLESS[name]())
    began = line.now()
    endless._time = began
    chip._transport._line = endless  # type: ignore[attr-defined]
    with pytest.raises(BoardError):
        make_keys(chip)
    assert endless.now() - began < LIMIT_S


def test_noise_between_a_boards_answers_is_no_valid_answer() -> None:
    """The board is there and complains; its chip never answers."""
    board = Board(EmulatedChip().execute)
    line = EndlessLine(ENDLESS["noise"](), lambda data: board.feed(data)[:6])
    with pytest.raises(BoardError):
        read_much(line)
    assert line.now() < LIMIT_S


def test_a_line_that_was_given_up_stays_so() -> None:
    line = EndlessLine(ENDLESS["ff ff"]())
    transport = BridgeTransport(line, port="board")
    command = bytes.fromhex("f0000010d27600000447656e417574684170706c")
    with pytest.raises(BoardError):
        transport.exchange(request_of(command))
    for _ in range(5):
        with pytest.raises(BoardError):
            transport.exchange(request_of(command))
    assert line.now() < LIMIT_S
    assert not transport.is_settled


def test_what_opening_the_line_took_counts() -> None:
    line = EndlessLine(ENDLESS["zeros"]())
    with pytest.raises(BoardError):
        Chip(BridgeTransport(line, port="board", spent_s=15), port="board")
    assert line.now() < LIMIT_S - 15


def test_time_between_exchanges_does_not_count() -> None:
    """A run waits for a cloud or a person in between, and may be as long as it likes."""
    line = FaultyLine(EmulatedChip().execute)
    chip = Chip(BridgeTransport(line, port="board"), port="board")
    for _ in range(3):
        line._time += 10 * LIMIT_S
        assert len(chip.random(16)) == 16


def test_a_chip_that_looks_for_primes_may_take_longer() -> None:
    chip = EmulatedChip()
    line = FaultyLine(chip.execute)
    opened = Chip(BridgeTransport(line, port="board"), port="board")
    assert opened.uid.firmware_build == "2564"  # asked once, to know the model
    answer_later(line, 40.0)
    key = opened.generate_key("five", "rsa2048")
    assert key.public_key
    assert 40 < line.now() < 45


def answer_later(line: FaultyLine, seconds: float) -> None:
    """The next command takes the chip a long time, in which the board reads nothing."""
    feed = line._board.feed
    pending = bytearray()
    due = line.now() + seconds

    def late(data: bytes) -> bytes:
        pending.extend(data)
        if not pending.startswith(b"\xbe\xef\xde\xad"):
            return feed(data)
        line._free_at = due
        line._board.feed = feed  # type: ignore[method-assign]
        return feed(bytes(pending))

    line._board.feed = late  # type: ignore[method-assign]


@pytest.mark.parametrize("name", sampled(["ff ff", "zeros"], keep=1))
@pytest.mark.long
def test_a_flood_over_a_socket_is_given_up_soon(name: str) -> None:
    """More comes than any board can say: nobody waits for the time to pass."""
    with talking_on_tcp(ENDLESS[name]) as port, pytest.raises(BoardError):
        open_chip(port)
