"""A program that generates a key is told of the slot where the chip was asked and its answer is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import optiga
from optiga.chip.key_fate import KeyFate
from optiga.emulator.chip import EmulatedChip
from optiga.emulator.store import SqliteStore
from optiga.errors import BoardError, ChipError, ClosedError, OptigaError, Reason
from optiga.protocol.codes import CommandCode, ErrorCode
from optiga.protocol.metadata_words import parse_metadata_words
from optiga.transport.emulated import EmulatedTransport
from tests.support.places import CONFIG
from tests.support.told_wire import Wire, raising

Generate = Callable[[optiga.Chip], object]
PAIR, AES = CommandCode.GEN_KEY_PAIR, CommandCode.GEN_SYM_KEY
WAYS: dict[str, tuple[int, str, Generate]] = {
    "chip": (PAIR, "0xE0F1", lambda chip: chip.generate_key("second")),
    "crypto": (PAIR, "0xE0F2", lambda chip: chip.crypto.generate_key("third", "secp384r1")),
    "aes": (AES, "0xE200", lambda chip: chip.crypto.generate_aes_key(128)),
}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> tuple[int, str, Generate]:
    return WAYS[request.param]


def test_a_lost_answer(way: tuple[int, str, Generate]) -> None:
    code, label, generate = way
    wire = Wire()
    wire.before[code] = raising(BoardError("no answer", hint="Check the cable", reason=Reason.OUTCOME_UNKNOWN))
    with pytest.raises(BoardError) as raised:
        generate(optiga.Chip(wire))
    assert f"no answer. {label} may have a new key" in str(raised.value)
    assert "Check the cable" in str(raised.value)
    assert "generate the key again" in str(raised.value)
    assert ("optiga info'" in str(raised.value)) is (label != "0xE200")  # which has no certificate


def test_a_refusal_and_an_argument_that_is_wrong(way: tuple[int, str, Generate]) -> None:
    _, label, generate = way
    chip = optiga.Chip(Wire())
    chip.write_metadata(label, parse_metadata_words(["change: never"]))
    with pytest.raises(ChipError) as raised:
        generate(chip)
    assert raised.value.code == ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED
    assert "may have" not in str(raised.value)
    with pytest.raises(OptigaError) as refused:
        chip.generate_key("seventh")
    assert "may have" not in str(refused.value)


def test_a_chip_that_is_closed(way: tuple[int, str, Generate]) -> None:
    _, _, generate = way
    chip = optiga.Chip(Wire())
    chip.close()
    with pytest.raises(ClosedError) as raised:
        generate(chip)
    assert raised.value.reason is Reason.DISCONNECTED
    assert "may have" not in str(raised.value)


def test_a_csr_of_a_chip_that_is_closed(tmp_path: Path) -> None:
    with optiga.open_chip(f"emulator:{tmp_path / 'chip'}") as chip:
        pass
    with pytest.raises(ClosedError, match=r"^emulator:.*the chip is closed\. Open it again$"):
        optiga.csr(chip, CONFIG)


def test_an_emulated_chip_that_cannot_be_saved(tmp_path: Path, way: tuple[int, str, Generate]) -> None:
    _, label, generate = way
    store = SqliteStore(tmp_path / "chip")
    chip = optiga.Chip(EmulatedTransport(EmulatedChip(store)))
    chip.write_metadata(label, parse_metadata_words(["change: always"]))
    store._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(BoardError, match="file cannot be written") as raised, KeyFate(int(label, 16)):
        generate(chip)
    assert "may have" not in str(raised.value)
    assert str(raised.value).count(f"The key in {label} did not change") == 1
    chip.close()


def test_it_is_said_once() -> None:
    wire = Wire()
    wire.before[PAIR] = raising(BoardError("no answer"))
    fate = KeyFate(0xE0F1, had_certificate=True)
    fate.asked()
    with pytest.raises(BoardError) as raised, fate:
        optiga.Chip(wire).generate_key("second")
    assert str(raised.value).count("new key") == 1
