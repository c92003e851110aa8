"""The host's commands for hash contexts and hibernation, on an emulated chip."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from optiga.chip import Chip
from optiga.chip.commands import calc_hash
from optiga.chip.commands.calc_hash import CalcHash, ObjectPart
from optiga.chip.commands.close_application import Hibernate
from optiga.chip.commands.get_random import GetRandom
from optiga.chip.commands.open_application import OpenApplication
from optiga.emulator import EmulatedChip, MemoryStore
from optiga.errors import ChipError
from optiga.protocol.codes import ErrorCode
from optiga.protocol.commands.calc_hash import HashStep
from optiga.transport.emulated import EmulatedTransport, open_emulated

MESSAGE = bytes(range(256)) * 20


@pytest.fixture
def chip() -> Iterator[Chip]:
    with Chip(EmulatedTransport(EmulatedChip(MemoryStore()))) as chip:
        yield chip


def run(chip: Chip, commands: Iterable[CalcHash]) -> bytes:
    """The last command's result."""
    return [chip.execute(command) for command in commands][-1]


@pytest.mark.parametrize("size", [0, 1, 1550, 1551, 3100, len(MESSAGE)])
def test_messages_of_any_length(chip: Chip, size: int) -> None:
    assert run(chip, calc_hash.whole([MESSAGE[:size]])) == hashlib.sha256(MESSAGE[:size]).digest()


def test_objects_between_bytes(chip: Chip) -> None:
    chip.write(0xF1D0, b"held by the chip")
    parts = [b"what is ", ObjectPart(0xF1D0, 0, 16), b" is hashed"]
    assert run(chip, calc_hash.whole(parts)) == hashlib.sha256(b"what is held by the chip is hashed").digest()


def test_two_long_messages_in_turns(chip: Chip) -> None:
    first = chip.execute(CalcHash(b"", HashStep.START, export=True))
    second = chip.execute(CalcHash(b"", HashStep.START, export=True))
    for start in range(0, len(MESSAGE), 2000):
        first = run(chip, calc_hash.continuation(first, [MESSAGE[start : start + 2000]]))
        second = run(chip, calc_hash.continuation(second, [b"second", MESSAGE[:3000]]))
    assert chip.execute(CalcHash(b"", HashStep.FINAL, first)) == hashlib.sha256(MESSAGE).digest()
    expected = hashlib.sha256((b"second" + MESSAGE[:3000]) * 3).digest()
    assert chip.execute(CalcHash(b"", HashStep.FINAL_AND_KEEP, second)) == expected
    assert chip.execute(CalcHash(b"", HashStep.TERMINATE)) == b""
    with pytest.raises(ChipError, match="hash calculation") as refusal:
        chip.execute(CalcHash(b"", HashStep.FINAL))
    assert refusal.value.code == ErrorCode.COMMAND_OUT_OF_SEQUENCE


def test_hibernation_over_the_loss_of_power(tmp_path: Path) -> None:
    path = tmp_path / "my.chip"
    with Chip(open_emulated(path)) as chip:
        handle = chip.execute(Hibernate())
        with pytest.raises(ChipError, match="application is closed"):
            chip.execute(GetRandom(8))
    transport = open_emulated(path)
    try:
        assert transport.exchange(OpenApplication(handle).request()) == bytes(4)
        assert transport.exchange(OpenApplication(handle).request()) == bytes.fromhex("ff000000")
    finally:
        transport.close()
