"""A head towards the board that arrives damaged, a byte too many, a slow line: the run has its answer, or says why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import pytest

from optiga import BoardError
from optiga.chip import Chip
from optiga.emulator import EmulatedChip
from optiga.link import uart_frame as frame
from optiga.link.uart_bridge import LIMIT_S
from optiga.transport.uart import BridgeTransport
from tests.support.faulty_line import Fault, FaultyLine
from tests.support.sampling import sampled

HEAD_BITS = 8 * frame.HEAD_SIZE
LENGTH_BITS = range(8 * len(frame.START), HEAD_BITS)


def flip(*bits: int) -> Callable[[bytes], bytes]:
    def damage(data: bytes) -> bytes:
        damaged = bytearray(data)
        for bit in bits:
            damaged[bit // 8] ^= 0x80 >> bit % 8
        return bytes(damaged)

    return damage


def insert(position: int, byte: int) -> Callable[[bytes], bytes]:
    return lambda data: data[:position] + bytes([byte]) + data[position:]


def check(fault: Fault) -> None:
    """The run goes on behind the fault, with what is right."""
    line = FaultyLine(EmulatedChip().execute, fault)
    chip = Chip(BridgeTransport(line, port="board"), port="board")
    assert chip.uid.firmware_build == "2564"
    chip.write(0xF1D0, b"content")
    assert chip.read(0xF1D0) == b"content"
    assert line.now() < LIMIT_S


@pytest.mark.parametrize("exchange", [0, 1, 2])
@pytest.mark.parametrize("bit", range(HEAD_BITS))
def test_any_bit_of_a_head_flipped(bit: int, exchange: int) -> None:
    check(Fault(exchange, towards_board=flip(bit)))


@pytest.mark.parametrize("bits", sampled(combinations(LENGTH_BITS, 2), keep=12), ids=str)
def test_two_bits_of_a_length_flipped(bits: tuple[int, int]) -> None:
    check(Fault(0, towards_board=flip(*bits)))


@pytest.mark.parametrize("byte", [0x00, 0xBE, 0xFF])
@pytest.mark.parametrize("position", [*range(9), -1])
def test_a_stray_byte(position: int, byte: int) -> None:
    check(Fault(1, towards_board=insert(position, byte)))


@pytest.mark.parametrize("settled", [True, False], ids=["", "left by a killed run"])
@pytest.mark.parametrize("length", [0x0100, 0x0615, 0x4014, 0x8014, 0xFFFF])
def test_a_board_that_waits_for_bytes_since_a_run_before(length: int, settled: bool) -> None:
    """Six runs in a row said that it was the wrong port."""
    line = FaultyLine(EmulatedChip().execute)
    line.write(b"\xbe\xef\xde\xad" + length.to_bytes(2, "big") + bytes(20))
    chip = Chip(BridgeTransport(line, port="board", settled=settled), port="board")
    assert chip.uid.firmware_build == "2564"
    assert line.now() < LIMIT_S


def test_a_length_flipped_for_ever_is_said() -> None:
    line = FaultyLine(EmulatedChip().execute, Fault(0, persists=True, towards_board=flip(LENGTH_BITS[0])))
    with pytest.raises(BoardError) as caught:
        Chip(BridgeTransport(line, port="board"), port="board")
    assert caught.value.hint
    assert line.now() < LIMIT_S


@dataclass
class SlowLine(FaultyLine):
    """A line behind a server: what is sent is taken at once, and crosses the rest of the way slowly, as the answer."""

    bytes_per_s: float = 960

    def write(self, data: bytes) -> None:
        before, sending_from = self._time, max(self._time, self._free_at)
        coming = len(self._coming)
        super().write(data)
        self._time = before
        self._free_at = sending_from + len(data) / self.bytes_per_s
        new = b"".join(piece for _, piece in self._coming[coming:])
        del self._coming[coming:]
        for byte in new:
            self._free_at += 1 / self.bytes_per_s
            self._coming.append((self._free_at, bytes([byte])))


@pytest.mark.parametrize("baud", [9600, 19200, 57600])
def test_a_slow_line_is_slow_and_not_damaged(baud: int) -> None:
    line = SlowLine(EmulatedChip().execute, bytes_per_s=baud / 10)
    chip = Chip(BridgeTransport(line, port="board"), port="board")
    content = bytes(range(256)) * 6
    chip.write(0xE0E1, content)
    assert chip.read(0xE0E1) == content
    assert len(line.sent) == 3
    assert line.now() < 5


def test_a_slow_line_costs_no_fault_more() -> None:
    """A lost answer on it is had again."""
    line = SlowLine(EmulatedChip().execute, Fault(1, from_board=lambda _: b""))
    chip = Chip(BridgeTransport(line, port="board"), port="board")
    assert chip.uid.firmware_build == "2564"
    assert line.now() < LIMIT_S
