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
        ("luc 0xE121", "the counter 0xE121 is at its end"),
        ("conf 0xE140", ""),
        ("int 0xE140", ""),
        ("conf 0xF1D2", "a shielded connection has the secret in 0xE140, not in 0xF1D2"),
        ("int 0xE0E8", "a shielded connection has"),
        ("always", ""),
    ],
)
def test_conditions(chip: optiga.Chip, condition: str, said: str) -> None:
    chip.objects.write(0xE120, bytes(7) + b"\x05")
    told = weak(chip, 0xF1D1, f"read: {condition}")
    assert len(told) == bool(said)
    assert all(said in one and "read" in one for one in told)
    chip.write_metadata(0xF1D2, parse_metadata_words(AUTHORIZATION))
    chip.write(0xF1D2, b"secret")
    assert bool(weak(chip, 0xF1D1, f"read: {condition}")) is (bool(said) and "authorization" not in said)


def test_a_condition_that_everybody_fulfils(chip: optiga.Chip) -> None:
    chip.write_metadata(0xF1D2, parse_metadata_words(AUTHORIZATION))
    assert "0xF1D2 holds only zeros, which everybody knows" in weak(chip, 0xF1D1, "change: auto 0xF1D2")[0]


def test_what_no_update_changes_any_more(chip: optiga.Chip) -> None:
    for condition, said in (
        ("int 0xE0E8", "0xE0E8 is empty"),
        ("int 0xF1D2", "0xF1D2 is not a trust anchor"),
        ("int 0xE0E8 && conf 0xF1D2", "0xF1D2 is not an update secret"),
    ):
        for tag in ("change", "metadata_update"):
            told = " ".join(weak(chip, 0xF1D1, f"{tag}: {condition}"))
            assert said in told
            assert "nothing fulfils this condition" in told
    chip.write(0xE0E8, b"0")
    chip.write(0xF1D2, b"secret")
    chip.write_metadata(0xF1D2, parse_metadata_words(["type: update_secret"]))
    assert weak(chip, 0xF1D1, "change: int 0xE0E8 && conf 0xF1D2") == []


def test_an_object_that_names_itself(chip: optiga.Chip) -> None:
    chip.write(0xF1D1, b"anchor")
    assert weak(chip, 0xF1D1, "change: int 0xF1D1", "type: trust_anchor") == []


def test_locking_looks_at_what_is_there(chip: optiga.Chip) -> None:
    chip.write_metadata(0xF1D1, parse_metadata_words(["read: auto 0xF1D2"]))
    assert "0xF1D2 is not an authorization reference" in plan_lock(chip, OBJECTS[0xF1D1]).warnings[0]
    assert plan_lock(chip, OBJECTS[0xF1D3]).warnings == []
