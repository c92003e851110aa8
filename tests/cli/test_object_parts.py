"""``object read --offset --length``: some bytes of an object, which are all there."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

import optiga
from tests.support.cli.mistakes import fails
from tests.support.cli.runner import Cli

CONTENT = bytes(range(0x40, 0x60))


@pytest.fixture
def filled(port: str) -> str:
    with optiga.open_chip(port) as chip:
        chip.write(0xF1D0, CONTENT)
    return port


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--offset", 30), CONTENT[30:]),
        (("--length", 3), CONTENT[:3]),
        (("--offset", 3, "--length", 20), CONTENT[3:23]),
        (("--offset", 0, "--length", 32), CONTENT),
        (("--offset", 0), CONTENT),
    ],
)
def test_each_form(cli: Cli, filled: str, words: tuple[object, ...], expected: bytes) -> None:
    read = ("--port", filled, "object", "read", "0xF1D0", *words)
    assert cli(*read, "--query", "data").out == f"{expected.hex()}\n"
    assert cli(*read, "--out", "part.bin").code == 0
    assert Path("part.bin").read_bytes() == expected
    assert cli(*read, "--query", "size").out == f"{len(expected)}\n"


def test_the_dump_has_the_objects_offsets(cli: Cli, filled: str) -> None:
    out = cli("--port", filled, "object", "read", "0xF1D0", "--offset", 3, "--length", 18).out
    assert [line[:8] for line in out.splitlines()] == ["00000003", "00000013"]
    assert "|CDEFGHIJKLMNOPQR|" in out


def test_part_of_a_certificate_is_bytes(cli: Cli, port: str) -> None:
    read = ("--port", port, "object", "read", "first")
    assert cli(*read).out.startswith("-----BEGIN CERTIFICATE-----")
    whole = bytes.fromhex(cli(*read, "--query", "data").out)
    assert cli(*read, "--length", 4, "--query", "[data, certificates]").out == f"['{whole[:4].hex()}', []]\n"
    assert cli(*read, "--length", 4).out.startswith("00000000  ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--offset", 32), "0xF1D0 has 32 bytes, no bytes at offset 32"),
        (("--offset", 40), "0xF1D0 has 32 bytes, no bytes at offset 40"),
        (("--length", 33), "0xF1D0 has 32 bytes, not 33 bytes"),
        (("--offset", 31, "--length", 2), "0xF1D0 has 32 bytes, not 2 bytes at offset 31"),
        (("--offset", 40, "--length", 2), "0xF1D0 has 32 bytes, not 2 bytes at offset 40"),
        (("--offset", 139, "--length", 2), "0xF1D0 has room for 140 bytes, not 2 bytes at offset 139"),
    ],
)
def test_what_is_not_there(cli: Cli, filled: str, words: tuple[object, ...], said: str) -> None:
    assert said in fails(cli, 2, "--port", filled, "object", "read", "0xF1D0", *words, "--out", "part.bin")
    assert not Path("part.bin").exists()


def test_what_no_chip_has_is_refused_before_one_is_made(cli: Cli, tmp_path: Path) -> None:
    fails(cli, 2, "--port", f"emulator:{tmp_path / 'new'}", "object", "read", "0xF1D0", "--offset", 200)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("words", [("--length", "0"), ("--length", "-1"), ("--offset", "-1"), ("--offset", "65536")])
def test_numbers_that_are_none(cli: Cli, port: str, words: tuple[str, str]) -> None:
    assert words[0] in fails(cli, 2, "--port", port, "object", "read", "0xF1D0", *words)


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_part_of_a_secret_is_a_secret(cli: Cli, port: str) -> None:
    assert cli("--port", port, "object", "read", "0xE140", "--length", 8, "--out", "part.bin").code == 0
    assert stat.S_IMODE(Path("part.bin").stat().st_mode) == 0o600
