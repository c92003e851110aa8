"""Slots by their numbers, wherever a slot is named; and the slot that was meant by what is nearly one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from optiga import ConfigurationError, ObjectRef, load_configuration
from optiga.chip.references import key_oid_of, oid_of
from optiga.identity.configuration import with_slot
from optiga.objects.addressing import resolve_slot, resolve_writable
from optiga.protocol.objects import SLOTS, Slot
from tests.support.cli.mistakes import USAGE, fails
from tests.support.cli.runner import Cli
from tests.support.places import CONFIG

NUMBERED = [(form.format(number), slot) for number, slot in enumerate(SLOTS, 1) for form in ("{}", "slot{}", "Slot{} ")]


@pytest.mark.parametrize(("text", "slot"), NUMBERED)
def test_a_number_is_a_slot(text: str, slot: Slot) -> None:
    assert ObjectRef.parse(text).slot is slot
    assert resolve_slot(text) is slot
    assert key_oid_of(text) == slot.key_oid
    if slot.certificate_oid is not None:
        assert oid_of(text) == slot.certificate_oid


@pytest.mark.parametrize("text", ["0", "7", "02", "-2", "2.0", "slot", "slot0", "slot7", "slot 2 3", "22", "٢"])
def test_other_numbers_are_none(text: str) -> None:
    assert ObjectRef.find(text) is None


def test_an_integer_is_an_identifier_as_it_was() -> None:
    assert ObjectRef.parse(2).oid == 2
    assert ObjectRef.parse(2).slot is None


@pytest.mark.parametrize("slot", [3, "3", "slot3", "three"])
def test_a_configuration_has_numbers(slot: object, tmp_path: Path) -> None:
    document = json.loads(CONFIG.read_text())
    document["csr_config"]["key_info"]["parameters"]["slot"] = slot
    (tmp_path / "c.jsn").write_text(json.dumps(document))
    assert load_configuration(tmp_path / "c.jsn").slot.name == "third"
    assert load_configuration(tmp_path / "c.jsn", slot="2").slot.name == "second"
    assert with_slot(load_configuration(tmp_path / "c.jsn"), "4").slot.name == "fourth"


@pytest.mark.parametrize("slot", [0, 7, -2, 1, 5, 57585, 10**400, True, 2.0, None, [2]])
def test_other_values_in_a_configuration_are_mistakes(slot: object, tmp_path: Path) -> None:
    document = json.loads(CONFIG.read_text())
    document["csr_config"]["key_info"]["parameters"]["slot"] = slot
    (tmp_path / "c.jsn").write_text(json.dumps(document))
    with pytest.raises(ConfigurationError, match="slot: "):
        load_configuration(tmp_path / "c.jsn")


def test_the_command_line_has_numbers(cli: Cli, port: str) -> None:
    at = ("--port", port)
    assert "0xE0F2" in cli(*at, "--csr", CONFIG, "--slot", "3").err
    Path("digits").write_text("0102")
    assert cli(*at, "object", "write", "4", "digits", "--hex", "--query", "oid").out == "0xE0E3\n"
    assert " 01 02 " in cli(*at, "object", "read", "4").out
    assert cli(*at, "--read", "4", "-q").out == cli(*at, "object", "read", "fourth", "-q").out
    assert cli(*at, "key", "generate", "2", "--yes", "--query", "slot").out == "second\n"


def test_a_number_is_the_same_as_its_word_for_an_object() -> None:
    assert resolve_writable(oid="2") == resolve_writable(oid="second")


@pytest.mark.parametrize(
    "words",
    [
        "--csr {config} --slot secnd",
        "--write {config} --slot secnd",
        "--read secnd",
        "object read secnd",
        "key generate secnd",
        "key sign secnd {config}",
        "deprovision --slot secnd --yes",
        "provision {config} --slot secnd",
    ],
)
def test_a_slot_that_is_nearly_one(cli: Cli, port: str, words: str) -> None:
    assert "did you mean 'second'?" in fails(cli, USAGE, "--port", port, *words.format(config=CONFIG).split())
