"""A certificate of another slot's key is no slot's; in an object it is right wherever its key is on the chip. That of
another key tells no public key of a slot.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

import optiga
from optiga.errors import CertificateError
from tests.support.cli.runner import Cli
from tests.support.makers import make_certificate


@pytest.fixture
def third(cli: Cli, port: str) -> Path:
    """A certificate of the third slot's key; the second has one of its own."""
    cli("--port", port, "key", "generate", "second")
    public = load_pem_public_key(cli("--port", port, "key", "generate", "third").out.encode())
    path = Path("third.pem")
    path.write_bytes(make_certificate(public_key=public))  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize("options", [(), ("--strict",)])
def test_a_certificate_in_another_slots_object(cli: Cli, port: str, third: Path, options: tuple[str, ...]) -> None:
    result = cli("--port", port, "--write", third, "--id", "0xE0E1", *options, "--query", "key_match")
    assert (result.code, result.out, "Warning" in result.err) == (0, "True\n", False)
    assert "0xE0F2" in result.err


SLOT = [(), ("--slot", "second"), ("--slot", "0xE0E1"), ("--slot", "0xE0F1"), ("--id", "second")]


@pytest.mark.parametrize("slot", SLOT)
def test_a_certificate_in_another_slot(cli: Cli, port: str, third: Path, slot: tuple[str, ...]) -> None:
    """Whoever has forgotten --slot learns where it belongs, whether the slot has a key or not."""
    with optiga.open_chip(port) as chip:
        before = chip.read(0xE0E1)
    result = cli("--port", port, "-q", "--write", third, *slot, "--strict")
    assert (result.code, result.out, len(result.errors)) == (5, "", 1)
    for word in ("0xE0F2, slot third", "--slot third", "--id 0xE0E1", "Nothing was written"):
        assert word in result.errors[0]
    with optiga.open_chip(port) as chip:
        assert chip.read(0xE0E1) == before
    result = cli("--port", port, "-q", "--write", third, *slot, "--output", "json")
    said = json.loads(result.out)
    assert (result.code, said["key_match"], said["key_oid"], said["written"]) == (0, False, "0xE0F1", True)
    (warning,) = said["warnings"]
    assert "--slot third" in warning
    assert f"Warning: {warning}" in result.err
    told = cli("--port", port, "-q", "info", "--output", "json", "--query", "slots.second")
    assert (json.loads(told.out)["key_match"], "slot third" in json.loads(told.out)["key_note"]) == (False, True)
    result = cli("--port", port, "-q", "--write", third, "--slot", "third", "--strict", "--query", "key_match")
    assert (result.code, result.out) == (0, "True\n")


def test_of_a_slot_without_a_key(cli: Cli, port: str) -> None:
    public = load_pem_public_key(cli("--port", port, "key", "generate", "third").out.encode())
    Path("third.pem").write_bytes(make_certificate(public_key=public))  # type: ignore[arg-type]
    assert cli("--port", port, "-q", "--write", "third.pem", "--strict").code == 5
    assert "--slot third" in cli("--port", port, "-q", "--write", "third.pem").err
    assert cli("--port", port, "-q", "info", "--query", "slots.second.key_match").out == "False\n"


def test_of_an_rsa_key_which_has_no_object_of_its_own(cli: Cli, port: str) -> None:
    public = load_pem_public_key(cli("--port", port, "key", "generate", "five").out.encode())
    Path("five.pem").write_bytes(make_certificate(public_key=public))  # type: ignore[arg-type]
    result = cli("--port", port, "-q", "--write", "five.pem", "--strict", "--query", "key_match")
    assert (result.code, result.out) == (0, "True\n")
    assert cli("--port", port, "-q", "info", "--query", "slots.second.key_match").out == "True\n"


def test_a_program_names_a_slot_or_an_object(cli: Cli, port: str, third: Path) -> None:
    with optiga.open_chip(port) as chip:
        with pytest.raises(CertificateError, match="object='third'"):
            optiga.write_certificate(chip, third, "second", strict=True)
        assert optiga.write_certificate(chip, third, 0xE0E1, strict=True).key_match is True
        assert optiga.write_certificate(chip, third, "0xE0E1", strict=True).key_match is True
        result = optiga.write_certificate(chip, third)
        assert (result.key_match, len(result.warnings)) == (False, 1)


def test_infineons_own(cli: Cli, port: str) -> None:
    cli("--port", port, "--read", "0xE0E0", "--out", "own.pem")
    cli("--port", port, "key", "generate", "second")
    assert "slot first" in cli("--port", port, "--write", "own.pem", "--strict").err
    result = cli("--port", port, "--write", "own.pem", "--id", "0xE0E1", "--strict", "--query", "key_match")
    assert (result.code, result.out) == (0, "True\n")
    assert "0xE0F0" in result.err


def test_of_no_key(cli: Cli, port: str, third: Path) -> None:
    Path("other.pem").write_bytes(make_certificate())
    result = cli("--port", port, "--write", "other.pem", "--strict")
    assert (result.code, len(result.errors)) == (5, 1)


def test_public_of_another_key(cli: Cli, port: str, third: Path) -> None:
    cli("--port", port, "--write", third, "--slot", "second")
    result = cli("--port", port, "key", "public", "second", "--out", "public.pem")
    assert (result.code, result.out, Path("public.pem").exists()) == (5, "", False)
    assert "0xE0F1" in result.errors[0]
    assert cli("--port", port, "key", "public", "third", "--certificate", "0xE0E1").code == 0


def test_public_of_no_key(cli: Cli, port: str) -> None:
    Path("other.pem").write_bytes(make_certificate())
    cli("--port", port, "--write", "other.pem", "--slot", "second")
    result = cli("--port", port, "key", "public", "second")
    assert (result.code, result.out) == (5, "")


def test_a_counted_key_is_not_used_to_search(cli: Cli, port: str, third: Path) -> None:
    with optiga.open_chip(port) as chip:
        chip.write(0xE120, bytes(7) + b"\x05")
    cli("--port", port, "object", "metadata", "0xE0F2", "execute: luc 0xE120", "--yes")
    result = cli("--port", port, "--write", third, "--slot", "second", "--query", "key_match")
    assert result.out == "False\n"
    with optiga.open_chip(port) as chip:
        assert chip.read(0xE120)[:4] == bytes(4)
