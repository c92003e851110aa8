"""A file that goes on behind its DER causes the same warning for every kind, where it is used."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.ca_helpers import make_request
from tests.support.cli.runner import Cli
from tests.support.other_ca import OtherCa
from tests.support.places import CONFIG

FILLER = b"\r\n\x00"
WARNING = "3 bytes behind the DER in {} are left out"


@pytest.fixture
def own(cli: Cli) -> str:
    assert cli("ca", "init", "own", "--no-passphrase").code == 0
    return "own"


def public_key(name: str) -> str:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    Path(name).write_bytes(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) + FILLER)
    return name


def test_a_csr(cli: Cli, own: str) -> None:
    Path("device.csr").write_bytes(make_request() + FILLER)
    result = cli("ca", "sign", "device.csr", "--ca", own)
    assert result.code == 0
    assert result.err.count(WARNING.format("device.csr")) == 1


def test_a_published_crl(cli: Cli, own: str) -> None:
    crl = x509.load_pem_x509_crl(Path(own, "crl.pem").read_bytes())
    Path("crl.der").write_bytes(crl.public_bytes(Encoding.DER) + FILLER)
    Path("device.csr").write_bytes(make_request())
    result = cli("ca", "sign", "device.csr", "--ca", own, "--crl", "crl.der")
    assert result.code == 0
    assert result.err.count(WARNING.format("crl.der")) == 1
    assert WARNING.format("crl.der") in cli("ca", "crl", "--ca", own, "--crl", "crl.der").err


def test_the_crl_of_an_import(cli: Cli) -> None:
    old = OtherCa("old")
    Path("old.pem").write_bytes(old.pem + old.key_pem())
    Path("old.pem").chmod(0o600)
    crl = x509.load_pem_x509_crl(old.revoke(old.certify("device")))
    Path("crl.der").write_bytes(crl.public_bytes(Encoding.DER) + FILLER)
    result = cli("ca", "import", "new", "--certificate", "old.pem", "--crl", "crl.der", "--no-passphrase")
    assert result.code == 0, result.err
    assert result.err.count(WARNING.format("crl.der")) == 1


def test_a_public_key(cli: Cli, port: str) -> None:
    assert cli("--port", port, "--csr", CONFIG).code == 0
    result = cli("--port", port, "key", "ecdh", "second", public_key("peer.der"))
    assert result.err.count(WARNING.format("peer.der")) == 1
    Path("data").write_bytes(b"data")
    assert cli("--port", port, "key", "sign", "second", "data", "--out", "signature").code == 0
    result = cli("--port", port, "key", "verify", public_key("key.der"), "signature", "data")
    assert result.code == 5
    assert result.err.count(WARNING.format("key.der")) == 1


def test_trusted_roots(cli: Cli, port: str, own: str) -> None:
    root = OtherCa("root").certificate
    Path("root.der").write_bytes(root.public_bytes(Encoding.DER) + FILLER)
    result = cli("--port", port, "provision", CONFIG, "--ca", own, "--no-cloud", "--dry-run", "--trust", "root.der")
    assert result.err.count(WARNING.format("root.der")) == 1
