"""Two values in each other's place: the error says which."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.ca_helpers import make_request
from tests.support.cli.runner import Cli
from tests.support.other_ca import OtherCa
from tests.support.places import CONFIG

IMPORT = "ca import new --no-passphrase"
SWAPPED = {
    f"{IMPORT} --certificate ca.key --key ca.crt": "--certificate and --key are swapped",
    f"{IMPORT} --certificate=ca.key --key=ca.crt": "--certificate and --key are swapped",
    f"{IMPORT} --certificate crl --key ca.key --crl ca.crt": "--certificate and --crl are swapped",
    "ca sign own --ca device.csr": "The CSR and --ca are swapped",
    "ca revoke own --ca ca.crt --yes": "The certificate and --ca are swapped",
    "ca show own --ca ca.crt": "The certificate and --ca are swapped",
    "provision own --ca config --no-cloud": "The configuration and --ca are swapped",
    "key sign data second": "The slot and the file are swapped",
    "key decrypt data third": "The slot and the file are swapped",
    "key ecdh public second": "The slot and the file of the peer are swapped",
    "key verify signature public data": "The key and the signature are swapped",
    "key verify data signature public": "The key and the file are swapped",
    "key verify public data signature": "The signature and the file are swapped",
    "object write data 0xF1D0 --yes": "The object and the file are swapped",
    "rsa encrypt public --key data": "The file and --key are swapped",
    "--write second --slot ca.crt": "--write and --slot are swapped",
    "--write 0xF1D0 --id data": "--write and --id are swapped",
}
NOT_SWAPPED = [
    f"{IMPORT} --certificate ca.crt --key ca.crt",
    f"{IMPORT} --certificate ca.key --key ca.key",
    f"{IMPORT} --certificate ca.key --key none",
    "ca sign none --ca device.csr",
    "ca sign own --ca own",
    "key sign data data",
    "key sign none second",
    "key verify public data data",
    "object write data data",
    "--write none --slot second",
    "--write data --slot ca.crt",
]


@pytest.fixture(autouse=True)
def _files(cli: Cli) -> None:
    ca = OtherCa("old")
    public = ca.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    contents = {
        "ca.crt": ca.pem,
        "ca.key": ca.key_pem(),
        "crl": ca.revoke(ca.certify("device")),
        "device.csr": make_request(),
        "config": CONFIG.read_bytes(),
        "data": b"data",
        "public": public,
        "signature": encode_dss_signature(2**255, 2**250),
    }
    for name, content in contents.items():
        Path(name).write_bytes(content)
    Path("ca.key").chmod(0o600)
    Path("own").mkdir()
    Path("own/ca.pem").write_bytes(OtherCa("own", key=ec.generate_private_key(ec.SECP256R1())).pem)


@pytest.mark.parametrize("typed", SWAPPED)
def test_swapped(cli: Cli, port: str, typed: str) -> None:
    result = cli("--port", port, *typed.split())
    assert result.code in (2, 5)
    assert result.errors[0].endswith(f"{SWAPPED[typed]}")
    assert not Path("new").exists()


@pytest.mark.parametrize("typed", NOT_SWAPPED)
def test_not_swapped(cli: Cli, port: str, typed: str) -> None:
    result = cli("--port", port, *typed.split())
    assert result.code in (2, 5)
    assert "are swapped" not in result.err
