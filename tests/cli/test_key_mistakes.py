"""What people get wrong with ``key``: what is typed, the one line shown, the exit code; and nothing is changed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import Cli
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from makers import make_key

import optiga

MISTAKES = {
    "key sign ninth m": (2, "'ninth' is not a slot"),
    "key sign third m": (4, "0xE0F2 holds no key yet"),
    "key sign third none": (2, "cannot read the file none: there is no such file"),
    "key sign third .": (2, "cannot read the file .: it is a folder"),
    "key sign third m --hash md5": (2, "'md5' is not one of"),
    "key sign third m --out .": (2, "names no file"),
    "key sign third m --query colour": (2, "finds nothing"),
    "key generate first": (2, "Infineon's own identity"),
    "key generate third --algorithm rsa2048": (2, "takes no rsa2048 keys.*five, six"),
    "key generate five --algorithm secp256r1": (2, "takes no secp256r1 keys.*second, third, fourth"),
    "key generate third --bits 256": (2, "--bits is for the AES key"),
    "key generate aes --algorithm secp256r1": (2, "--algorithm is for key pairs"),
    "key generate aes --out k": (2, "has no public key"),
    "key generate third --usage sing": (2, "'sing' is no usage.*authentication, encryption"),
    "key generate third --usage=": (2, "'' is no usage"),
    "key generate third --query colour": (2, "finds nothing"),
    "key generate third --out none/k.pem": (2, "no such folder"),
    "key verify nobody m m": (2, "cannot read the public key nobody"),
    "key verify m m m": (5, "neither a public key nor a certificate"),
    "key verify private.pem m m": (5, "holds a private key.*openssl pkey"),
    "key verify large.pem m m": (2, "does not know keys RSA-3072"),
    "key verify five m m": (2, "no object for its certificate"),
    "key verify p256.pem - -": (2, "cannot both be standard input"),
    "key ecdh third m": (5, "neither a public key nor a certificate"),
    "key ecdh third large.pem": (2, "holds a key RSA-3072"),
    "key ecdh third p256.pem --session 5": (2, "1<=x<=4"),
    "key ecdh third p256.pem --session 1 --out x": (2, "do not go together"),
    "key ecdh third p256.pem": (4, "0xE0F2 holds no key yet"),
    "key decrypt five m": (4, "0xE0FC holds no key yet"),
    "key decrypt first m": (2, "RSA keys decrypt"),
}


@pytest.fixture(scope="session")
def large() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 3072)


@pytest.mark.parametrize("typed", MISTAKES)
def test_mistakes(cli: Cli, port: str, typed: str, large: rsa.RSAPrivateKey) -> None:
    """One line, the exit code, and neither the chip nor a file is changed."""
    Path("m").write_bytes(b"what is signed\n")
    key = make_key()
    Path("private.pem").write_bytes(key.pem)
    save_public(key.private, "p256.pem")
    save_public(large, "large.pem")
    cli("--port", port, "info")
    before, files = chip_state(port), set(Path().iterdir())
    code, line = MISTAKES[typed]
    result = cli("--port", port, *typed.split())
    assert (result.code, result.out) == (code, ""), result.err
    (error,) = result.errors
    assert re.search(line, error, re.IGNORECASE), error
    assert (chip_state(port), set(Path().iterdir())) == (before, files)


def save_public(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, path: str) -> None:
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    Path(path).write_bytes(pem)


def chip_state(port: str) -> list[bytes]:
    with optiga.open_chip(port) as chip:
        return [chip.metadata(oid).encode() for oid in (0xE0F0, 0xE0F1, 0xE0F2, 0xE0F3, 0xE0FC, 0xE0FD, 0xE200)]
