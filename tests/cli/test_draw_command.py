"""``key draw``: keys that the chip makes for its host."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from tests.support.cli.runner import Cli
from tests.support.sampling import sampled

CURVES = ("secp256r1", "secp384r1", "secp521r1", "brainpoolp256r1", "brainpoolp384r1", "brainpoolp512r1")


def name_of(key: Any) -> str:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.curve.name.lower()
    assert isinstance(key, rsa.RSAPrivateKey)
    return f"rsa{key.key_size}"


@pytest.mark.long
@pytest.mark.parametrize("algorithm", sampled([*CURVES, "rsa1024", "rsa2048"], keep=2))
def test_a_key_pair(cli: Cli, algorithm: str) -> None:
    result = cli("--port", "emulator:chip", "key", "draw", algorithm, "--output", "json")
    assert result.code == 0, result.err
    assert "this is a secret key" in result.err
    told = json.loads(result.out)
    key = load_pem_private_key(told["key"].encode(), None)
    assert name_of(key) == told["algorithm"] == algorithm
    assert key.public_key() == load_pem_public_key(told["public_key"].encode())
    again = cli("--port", "emulator:chip", "key", "draw", algorithm, "--query", "key").out
    assert load_pem_private_key(again.encode(), None).public_key() != key.public_key()


@pytest.mark.parametrize(("algorithm", "size"), [("aes128", 16), ("AES192", 24), ("aes256", 32)])
def test_an_aes_key(cli: Cli, algorithm: str, size: int) -> None:
    shown = cli("--port", "emulator:chip", "key", "draw", algorithm)
    assert len(bytes.fromhex(shown.out)) == size
    assert cli("--port", "emulator:chip", "key", "draw", algorithm, "--out", "key").out == ""
    assert len(Path("key").read_bytes()) == size


def test_the_file_is_for_nobody_else(cli: Cli) -> None:
    result = cli("--port", "emulator:chip", "-vv", "key", "draw", "secp256r1", "--out", "key.pem", "--query", "key")
    assert (result.code, result.out) == (0, "None\n")
    pem = Path("key.pem").read_bytes()
    key = load_pem_private_key(pem, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert f"{key.private_numbers().private_value:064x}" not in result.err
    if os.name == "posix":
        assert stat.S_IMODE(Path("key.pem").stat().st_mode) == 0o600


def test_the_chip_keeps_nothing_of_it(cli: Cli) -> None:
    before = cli("--port", "emulator:chip", "object", "list", "--output", "json").out
    assert cli("--port", "emulator:chip", "key", "draw", "secp256r1").code == 0
    assert cli("--port", "emulator:chip", "object", "list", "--output", "json").out == before


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("--port emulator:chip key draw des", "'des' is not a key algorithm of the chip"),
        ("--port emulator:x?model=trust-x key draw rsa2048", "an OPTIGA Trust X, which does not support rsa2048 keys"),
        (
            "--port emulator:x?model=trust-x key draw aes128",
            "an OPTIGA Trust X, which does not support command GenSymKey",
        ),
        ("--port emulator:chip key draw secp256r1 --out none/key", "the folder does not exist"),
    ],
)
def test_mistakes(cli: Cli, words: str, line: str) -> None:
    result = cli(*words.split())
    assert (result.code, result.out) == (2, "")
    assert line in result.errors[0]
