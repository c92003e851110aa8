"""An answer that comes twice: what a run says is right, or it says that it is not sure."""

from __future__ import annotations

import pytest
from cryptography import x509

from optiga import BoardError
from optiga.chip import Chip
from optiga.emulator import EmulatedChip
from optiga.identity.configuration import load_configuration
from optiga.identity.csr import create_csr
from optiga.link import uart_frame as frame
from optiga.transport.uart import BridgeTransport
from tests.support.doubling_line import DoublingLine
from tests.support.faulty_line import FaultyLine
from tests.support.places import CONFIG
from tests.support.sampling import sampled

LATER_S = {"at once": 0.0, "0.3 ms": 0.0003, "5 ms": 0.005, "30 ms": 0.03}
CHIP_S = {"a fast chip": 0.0, "a chip's own speed": 0.03}
OBJECTS = (0xE0C2, 0xF1D0, 0xF1D1, 0xE0E1, 0xE0E8, 0xF1E0, 0xE0C5, 0xF1D2)


def fill(chip: EmulatedChip) -> None:
    """Objects with something of their own in them."""
    opened = Chip(BridgeTransport(FaultyLine(chip.execute), port="board"))
    for number, oid in enumerate(OBJECTS[1:4]):
        opened.write(oid, bytes([number]) * (20 + number))


def look(chip: EmulatedChip, line: FaultyLine) -> dict[str, str]:
    """What a run reads: data, metadata, refusals."""
    opened = Chip(BridgeTransport(line, port="board"), port="board")
    seen = {}
    for oid in OBJECTS:
        seen[f"{oid:x}"] = (opened.objects.read_if_allowed(oid) or b"none").hex()
        seen[f"{oid:x} metadata"] = opened.metadata(oid).encode().hex()
    seen["e0f1"] = str(opened.objects.read_if_allowed(0xE0F1))
    return seen


COMMANDS = 2 * len(OBJECTS) + 4
MATRIX = [
    pytest.param(later, speed, number, id=f"{later_name}, {speed_name}, {number}")
    for later_name, later in LATER_S.items()
    for speed_name, speed in CHIP_S.items()
    for number in [None, *range(COMMANDS)]
]


@pytest.mark.parametrize(("later_s", "chip_s", "doubled"), sampled(MATRIX, keep=60))
def test_reads_are_right_or_refused(later_s: float, chip_s: float, doubled: int | None) -> None:
    chip = EmulatedChip()
    fill(chip)
    right = look(chip, FaultyLine(chip.execute))
    line = DoublingLine(chip.execute, doubled=doubled, later_s=later_s, chip_s=chip_s)
    try:
        seen = look(chip, line)
    except BoardError:
        assert doubled is None or later_s > 0
    else:
        assert seen == right
    assert line.now() < 20 + COMMANDS


@pytest.mark.parametrize("doubled", [None, 0, 1, 2])
@pytest.mark.parametrize("chip_s", CHIP_S.values(), ids=CHIP_S)
@pytest.mark.parametrize("later_s", LATER_S.values(), ids=LATER_S)
def test_a_csr_is_right(later_s: float, chip_s: float, doubled: int | None) -> None:
    line = DoublingLine(EmulatedChip().execute, doubled=doubled, later_s=later_s, chip_s=chip_s)
    chip = Chip(BridgeTransport(line, port="board"), port="board")
    assert x509.load_der_x509_csr(create_csr(chip, load_configuration(CONFIG)).der).is_signature_valid
    assert line.now() < 20


@pytest.mark.parametrize("chip_s", CHIP_S.values(), ids=CHIP_S)
@pytest.mark.parametrize("later_s", LATER_S.values(), ids=LATER_S)
def test_random_bytes_are_never_given_twice(later_s: float, chip_s: float) -> None:
    line = DoublingLine(EmulatedChip().execute, doubled=None, later_s=later_s, chip_s=chip_s)
    chip = Chip(BridgeTransport(line, port="board"), port="board")
    drawn = [chip.random(16) for _ in range(8)]
    assert len(set(drawn)) == len(drawn)


def test_what_is_on_the_line_before_a_command_is_dropped() -> None:
    line = FaultyLine(EmulatedChip().execute)
    chip = Chip(BridgeTransport(line, port="board"), port="board")
    line._coming.append((line.now(), b"\x00\xff noise"))
    assert len(chip.random(8)) == 8
    assert chip.uid.firmware_build == "2564"


def test_an_answer_nobody_asked_for_shows_that_answers_were_shifted() -> None:
    line = FaultyLine(EmulatedChip().execute)
    chip = Chip(BridgeTransport(line, port="board"), port="board")
    assert chip.uid.firmware_build == "2564"
    line._coming.append((line.now(), frame.encode(bytes.fromhex("0000000461626364"))))
    with pytest.raises(BoardError, match="twice or out of order") as caught:
        chip.metadata(0xE0F1)
    assert caught.value.hint


def test_equal_answers_cost_a_head_of_filler_and_no_command_more() -> None:
    """Objects that hold the same give the same answer, with a board that is well."""
    line = FaultyLine(EmulatedChip().execute)
    chip = Chip(BridgeTransport(line, port="board"), port="board")
    assert chip.read(0xF1D0) == chip.read(0xF1D1)
    assert len(line.sent) == 3
    assert line.carried < 120 + 2 * 99, "each holds 100 bytes"
    assert line.now() < 0.1


def test_equal_writes_cost_nothing_more() -> None:
    line = FaultyLine(EmulatedChip().execute)
    chip = Chip(BridgeTransport(line, port="board"), port="board")
    before = line.carried
    chip.write(0xF1D0, b"one")
    chip.write(0xF1D1, b"two")
    assert line.carried - before == 2 * (9 + 2 + 8 + 4 + 8)
