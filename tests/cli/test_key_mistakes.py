"""What people get wrong with ``key``: what is typed, the one line shown, the exit code; and nothing is changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import optiga
from tests.support.cli.mistakes import CERTIFICATE, CHIP, Mistake, assert_mistake
from tests.support.cli.runner import Cli
from tests.support.makers import make_key
from tests.support.sampling import sampled

MISTAKES = [
    Mistake("key sign ninth m", "'ninth' is neither a slot nor.*Use one of the slots first, second"),
    Mistake("key sign third m", "0xE0F2 has no key yet.*'key generate third --port [^']+'", CHIP),
    Mistake("key sign third none", "cannot read the file none: no such file"),
    Mistake("key sign third .", "cannot read the file .: it is a folder"),
    Mistake("key sign third m --hash md5", "'md5' is not one of"),
    Mistake("key sign third m --out .", "names no file"),
    Mistake("key sign third m --query colour", "finds nothing"),
    Mistake("key generate first", "Infineon's own key"),
    Mistake("key generate third --algorithm rsa2048", "cannot hold rsa2048 keys.*five, six"),
    Mistake("key generate five --algorithm secp256r1", "cannot hold secp256r1 keys.*second, third, fourth"),
    Mistake("key generate third --bits 256", "--bits is for the AES key"),
    Mistake("key generate aes --algorithm secp256r1", "--algorithm is for key pairs"),
    Mistake("key generate aes --out k", "has no public key"),
    Mistake("key generate third --usage sing", "'sing' is not a key usage.*authentication, encryption"),
    Mistake("key generate third --usage=", "'' is not a key usage"),
    Mistake("key generate third --query colour", "finds nothing"),
    Mistake("key generate third --out none/k.pem", "the folder does not exist"),
    Mistake("key verify nobody m m", "cannot read the public key nobody"),
    Mistake("key verify m m m", "no public key, certificate or CSR", CERTIFICATE),
    Mistake("key verify private.pem m m", "holds a private key.*openssl pkey", CERTIFICATE),
    Mistake("key verify large.pem m m", "does not support RSA-3072 keys"),
    Mistake("key verify five m m", "no object for its certificate"),
    Mistake("key verify p256.pem - -", "cannot both be standard input"),
    Mistake("key ecdh third m", "no public key, certificate or CSR", CERTIFICATE),
    Mistake("key ecdh third large.pem", "has a key of type RSA-3072"),
    Mistake("key ecdh third p256.pem --session 5", "1 to 4"),
    Mistake("key ecdh third p256.pem --session 1 --out x", "do not go together"),
    Mistake("key ecdh third p256.pem", "0xE0F2 has no key yet", CHIP),
    Mistake("key decrypt five m", "0xE0FC has no key yet", CHIP),
    Mistake("key decrypt first m", "Use an RSA key"),
]


@pytest.fixture(scope="session")
def large() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 3072)


@pytest.mark.parametrize("mistake", sampled(MISTAKES, keep=12), ids=lambda mistake: mistake.typed)
def test_mistakes(cli: Cli, port: str, mistake: Mistake, large: rsa.RSAPrivateKey) -> None:
    """One line, the exit code, and neither the chip nor a file is changed."""
    Path("m").write_bytes(b"what is signed\n")
    key = make_key()
    Path("private.pem").write_bytes(key.pem)
    save_public(key.private, "p256.pem")
    save_public(large, "large.pem")
    cli("--port", port, "info")
    before, files = chip_state(port), set(Path().iterdir())
    assert_mistake(cli, mistake, "--port", port)
    assert (chip_state(port), set(Path().iterdir())) == (before, files)


def save_public(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, path: str) -> None:
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    Path(path).write_bytes(pem)


def chip_state(port: str) -> list[bytes]:
    with optiga.open_chip(port) as chip:
        return [chip.metadata(oid).encode() for oid in (0xE0F0, 0xE0F1, 0xE0F2, 0xE0F3, 0xE0FC, 0xE0FD, 0xE200)]


def test_a_key_that_nothing_could_use(cli: Cli, port: str) -> None:
    """The key that is there stays."""
    assert cli("--port", port, "key", "generate", "third", "--yes").code == 0
    assert cli("--port", port, "object", "metadata", "0xE0F2", "execute: never", "--yes").code == 0
    before = cli("--port", port, "emulator", "dump").out
    result = cli("--port", port, "key", "generate", "third", "--yes")
    assert (result.code, len(result.errors)) == (2, 1)
    assert "execute: never" in result.errors[0]
    assert cli("--port", port, "emulator", "dump").out == before
