"""A certificate is right wherever its key is on the chip; that of another key tells no public key of a slot."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

import optiga
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
    result = cli("--port", port, "--write", third, "--slot", "second", *options, "--query", "key_match")
    assert (result.code, result.out, "Warning" in result.err) == (0, "True\n", False)
    assert "0xE0F2" in result.err


def test_infineons_own(cli: Cli, port: str) -> None:
    cli("--port", port, "--read", "0xE0E0", "--out", "own.pem")
    cli("--port", port, "key", "generate", "second")
    result = cli("--port", port, "--write", "own.pem", "--strict", "--query", "key_match")
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
