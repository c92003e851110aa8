"""Metadata that take a use away from a live key: said before it is done."""

from __future__ import annotations

from pathlib import Path

import pytest

import optiga
from optiga.protocol.metadata_words import parse_metadata_words
from tests.support.cli.runner import Cli


@pytest.fixture
def live(cli: Cli, port: str) -> str:
    """A chip with a key in the second slot that authenticates and agrees on keys."""
    assert cli("--port", port, "key", "generate", "second", "--yes").code == 0
    return port


@pytest.mark.parametrize(
    ("words", "lost", "kept"),
    [
        (["execute: never"], ["authentication", "key agreement", "no use remains"], []),
        (["key_usage: key_agreement"], ["authentication"], ["key agreement", "no use remains"]),
        (["key_usage: authentication"], ["key agreement"], ["authentication"]),
        (["execute: lcso < operational", "lcso: operational"], ["authentication", "no use remains"], []),
    ],
    ids=str,
)
def test_what_is_lost(cli: Cli, live: str, words: list[str], lost: list[str], kept: list[str]) -> None:
    result = cli("--port", live, "-q", "object", "metadata", "0xE0F1", *words, "--yes")
    assert result.code == 0
    (warning,) = [line for line in result.err.splitlines() if line.startswith("Warning: the secp256r1 key")]
    assert "0xE0F1" in warning
    assert all(word in warning for word in lost)
    assert not any(word in warning for word in kept)


@pytest.mark.parametrize(
    ("oid", "words"),
    [
        ("0xE0F1", ["execute: always"]),
        ("0xE0F1", ["key_usage: authentication, key_agreement, signature"]),
        ("0xE0F1", ["execute: lcso < operational"]),
        ("0xE0F2", ["execute: never"]),  # there is no key
        ("0xF1D0", ["read: never"]),
    ],
    ids=str,
)
def test_nothing_is_lost(cli: Cli, live: str, oid: str, words: list[str]) -> None:
    result = cli("--port", live, "-q", "object", "metadata", oid, *words, "--yes")
    assert result.code == 0, result.err
    assert "can no longer be used" not in result.err


def test_by_a_lock(cli: Cli, live: str) -> None:
    with optiga.open_chip(live) as chip:
        chip.write_metadata(0xE0F1, parse_metadata_words(["execute: lcso < operational"]))
    result = cli("--port", live, "-q", "object", "lock", "0xE0F1", "--yes")
    assert "can no longer be used" in result.err


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_by_an_import(cli: Cli, live: str, tmp_path: Path, options: tuple[str, ...]) -> None:
    other = f"emulator:{tmp_path / 'other'}"
    with optiga.open_chip(other) as chip:
        chip.write_metadata(0xE0F1, parse_metadata_words(["execute: never"]))
    assert cli("--port", other, "export", "other.json", "--object", "0xE0F1").code == 0
    result = cli("--port", live, "-q", "import", "other.json", "--yes", *options)
    assert result.code == 0, result.err
    assert "can no longer be used" in result.err
