"""Secrets that everybody knows, and conditions that nothing fulfils, are told before they are made."""

from __future__ import annotations

from pathlib import Path

import pytest

import optiga
from optiga.objects.objects import plan_lock, plan_metadata
from optiga.protocol.metadata_words import parse_metadata_words
from optiga.protocol.objects import OBJECTS

AUTHORIZATION = ["type: authorization_reference"]


@pytest.fixture
def chip(tmp_path: Path):
    with optiga.open_chip(f"emulator:{tmp_path / 'file'}") as chip:
        yield chip


def weak(chip: optiga.Chip, oid: int, *words: str) -> list[str]:
    return plan_metadata(chip, OBJECTS[oid], parse_metadata_words(words)).warnings


@pytest.mark.parametrize("kind", ["authorization_reference", "pre_shared_secret", "update_secret", "platform_binding"])
def test_zeros_that_become_a_secret(chip: optiga.Chip, kind: str) -> None:
    (said,) = weak(chip, 0xF1D1, f"type: {kind}", "read: never")
    assert "0xF1D1 becomes a secret of 100 zeros" in said
    chip.write(0xF1D1, bytes(63) + b"\x01")
    assert weak(chip, 0xF1D1, f"type: {kind}", "read: never") == []


def test_what_is_no_secret_or_is_one_already(chip: optiga.Chip) -> None:
    assert weak(chip, 0xF1D1, "type: byte_string", "read: never") == []
    chip.write_metadata(0xF1D1, parse_metadata_words(AUTHORIZATION))
    assert weak(chip, 0xF1D1, "type: pre_shared_secret") == []


def test_what_cannot_be_read_may_be_anything(chip: optiga.Chip) -> None:
    chip.write_metadata(0xF1D1, parse_metadata_words(["read: never"]))
    assert weak(chip, 0xF1D1, *AUTHORIZATION) == []


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("auto 0xF1D2", "0xF1D2 is not an authorization reference"),
        ("conf 0xE140 || auto 0xF1D2", "0xF1D2 is not an authorization reference"),
        ("luc 0xF1D2", "0xF1D2 is not a counter"),
        ("luc 0xF1DF", "no object 0xF1DF"),
        ("luc 0xE120", ""),
        ("conf 0xE140", ""),
        ("always", ""),
    ],
)
def test_conditions(chip: optiga.Chip, condition: str, said: str) -> None:
    told = weak(chip, 0xF1D1, f"read: {condition}")
    assert len(told) == bool(said)
    assert all(said in one and "read" in one for one in told)
    chip.write_metadata(0xF1D2, parse_metadata_words(AUTHORIZATION))
    assert bool(weak(chip, 0xF1D1, f"read: {condition}")) is ("counter" in said or "no object" in said)


def test_locking_looks_at_what_is_there(chip: optiga.Chip) -> None:
    chip.write_metadata(0xF1D1, parse_metadata_words(["read: auto 0xF1D2"]))
    assert "0xF1D2 is not an authorization reference" in plan_lock(chip, OBJECTS[0xF1D1]).warnings[0]
    assert plan_lock(chip, OBJECTS[0xF1D3]).warnings == []
