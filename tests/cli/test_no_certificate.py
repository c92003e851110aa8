"""Commands that take a certificate, given something else: what each says to do fits what it is for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PublicFormat,
    pkcs7,
    pkcs12,
)

import optiga
from optiga.errors import CertificateError
from optiga.pki.pem import encode_pem
from tests.support.cli.mistakes import CERTIFICATE, fails
from tests.support.cli.runner import Cli
from tests.support.other_ca import OtherCa
from tests.support.places import CONFIG

WRITES = ("--port emulator:chip --write {file}", "--port emulator:chip object write 0xE0E1 {file}")
TRUSTS = (
    f"--port emulator:chip provision {CONFIG} --ca root --no-cloud --trust {{file}} --dry-run",
    "--port emulator:chip object write 0xE0E8 {file}",
)
OTHERS = (
    "ca show {file} --ca root",
    "ca revoke {file} --ca root --yes",
    "ca import new --certificate other.pem --key other.key --issued {file} --no-passphrase",
)


@pytest.fixture
def given(cli: Cli) -> Callable[[str], str]:
    """A CA beside the files of another one; takes what a file is, returns its name."""
    assert cli("ca", "init", "root", "--no-passphrase").code == 0
    other, key = OtherCa("other"), ec.generate_private_key(ec.SECP256R1())
    device, name = other.certify("device"), x509.Name([])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    held = {
        "request": request.public_bytes(Encoding.DER),
        "key": other.key_pem(),
        "public key": key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "pkcs7": pkcs7.serialize_certificates([device], Encoding.DER),
        "pkcs12": pkcs12.serialize_key_and_certificates(None, None, None, [device], NoEncryption()),
        "trusted": encode_pem("TRUSTED CERTIFICATE", device.public_bytes(Encoding.DER)).encode(),
    }

    def make(kind: str) -> str:
        for path, content in (("given", held[kind]), ("other.pem", other.pem), ("other.key", other.key_pem())):
            Path(path).write_bytes(content)
            Path(path).chmod(0o600)
        return "given"

    return make


def hint_of(cli: Cli, command: str, file: str) -> str:
    error = fails(cli, CERTIFICATE, *command.format(file=file).split())
    assert "not a certificate. " in error
    return error.partition("not a certificate. ")[2]


@pytest.mark.parametrize("kind", ["request", "key", "public key"])
@pytest.mark.parametrize("command", OTHERS)
def test_nothing_is_written_there(cli: Cli, given: Callable[[str], str], command: str, kind: str) -> None:
    hint = hint_of(cli, command, given(kind))
    assert "certificate" in hint
    assert "write" not in hint
    assert "chip" not in hint


@pytest.mark.parametrize("command", WRITES)
def test_what_is_written_to_a_slot(cli: Cli, given: Callable[[str], str], command: str) -> None:
    assert "Have a CA sign the CSR" in hint_of(cli, command, given("request"))
    assert "The chip generates its own key" in hint_of(cli, command, given("key"))


@pytest.mark.parametrize("kind", ["request", "key", "public key"])
@pytest.mark.parametrize("command", TRUSTS)
def test_what_is_to_be_trusted(cli: Cli, given: Callable[[str], str], command: str, kind: str) -> None:
    hint = hint_of(cli, command, given(kind))
    assert "CA" in hint or "root" in hint
    assert "the CSR first" not in hint
    assert "its own key" not in hint


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("pkcs7", "openssl pkcs7 -inform DER -print_certs -in given"),
        ("pkcs12", "openssl pkcs12 -nokeys -in given"),
        ("trusted", "openssl x509 -in given"),
    ],
)
@pytest.mark.parametrize("command", OTHERS[:2])
def test_what_openssl_converts(cli: Cli, given: Callable[[str], str], command: str, kind: str, told: str) -> None:
    """The command can be typed as it stands."""
    assert hint_of(cli, command, given(kind)).endswith(f": {told}")


def test_the_certificate_of_a_ca_was_replaced(cli: Cli, given: Callable[[str], str]) -> None:
    Path("root/ca.pem").write_bytes(Path(given("request")).read_bytes())
    assert "backup" in hint_of(cli, "ca list --ca root", "")


def test_for_programs(given: Callable[[str], str]) -> None:
    given("request")
    with optiga.open_chip("emulator:chip") as chip, pytest.raises(CertificateError) as caught:
        optiga.write_certificate(chip, "given")
    assert "Have a CA sign the CSR" in caught.value.hint
    with pytest.raises(CertificateError) as caught:
        optiga.open_ca("root").revoke(Path("given"))
    assert "write" not in caught.value.hint
