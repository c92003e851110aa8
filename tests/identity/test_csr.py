"""The certificate signing request: byte for byte the seed's, and on every algorithm accepted by openssl."""

from __future__ import annotations

import ipaddress
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtensionOID, NameOID

from optiga.chip import Chip
from optiga.errors import CertificateError
from optiga.identity.configuration import load_configuration
from optiga.identity.csr import Csr, create_csr
from optiga.link import uart_frame as frame
from optiga.protocol.algorithms import CURVES
from tests.support.identity.csr_helpers import (
    SEED_CONFIG,
    SEED_PUBLIC_KEY,
    SEED_SIGNATURE,
    CountingTransport,
    SeedTransport,
    seed_config,
    write_config,
)

OPENSSL = shutil.which("openssl")
EC_ALGORITHMS = [(curve.name, curve.hash_name) for curve in CURVES.values()]
RSA_ALGORITHMS = [(f"rsa{bits}", name) for bits in (1024, 2048) for name in ("sha256", "sha384", "sha512")]


def configured(folder: Path, algorithm: str, hash_name: str, **csr_config: object) -> Path:
    """A configuration for an algorithm, otherwise the seed's."""
    config = seed_config()
    if algorithm.startswith("rsa"):
        parameters: dict[str, object] = {"key_size": algorithm.removeprefix("rsa"), "slot": "0xE0FC"}
        config["csr_config"]["key_info"] = {"algorithm_id": "rsa", "parameters": parameters}
        config["csr_config"]["signature_info"]["algorithm_id"] = "rsassa"
    else:
        config["csr_config"]["key_info"]["parameters"]["curve"] = algorithm
    config["csr_config"]["signature_info"]["parameters"]["hash_alg"] = hash_name
    config["csr_config"].update(csr_config)
    return write_config(folder, config)


def emulated_csr(path: Path) -> Csr:
    with Chip(CountingTransport()) as chip:
        return create_csr(chip, load_configuration(path))


def test_the_seed_csr_byte_for_byte():
    transport = SeedTransport()
    csr = create_csr(Chip(transport), load_configuration(SEED_CONFIG))
    assert csr.filename == "47478ea636328de8488a50236e79aa40720afc6f.csr"
    assert len(csr.der) == 362
    assert csr.public_key == SEED_PUBLIC_KEY
    assert {"filename": csr.filename, "public_key": csr.public_key} == {
        "filename": "47478ea636328de8488a50236e79aa40720afc6f.csr",
        "public_key": "0342000421d44d1bbe9f0357fc4ca506f38399c016457d0c3d419f284fd318c1ef7ef41b215e3a45570cb2700a"
        "1ba375fd4d6f1562f66afe519b4295e26b7a6bb432540b",
    }
    assert [command[:2].hex() for command in transport.sent] == ["f000", "b803", "b111"]
    assert transport.sent[1].hex() == "b8030009010002e0f102000121"


def test_a_signature_that_does_not_verify_gives_no_csr():
    wrong = SEED_SIGNATURE[:-2] + "b9"
    with pytest.raises(CertificateError, match="0xE0F1") as caught:
        create_csr(Chip(SeedTransport(wrong)), load_configuration(SEED_CONFIG))
    assert "does not verify" in caught.value.message


def test_a_public_key_that_is_none_gives_no_csr(monkeypatch):
    monkeypatch.setattr("tests.support.identity.csr_helpers.SEED_PUBLIC_KEY", SEED_PUBLIC_KEY[:-2] + "0c")
    with pytest.raises(CertificateError, match="the public key that the chip reported for 0xE0F1 is not valid"):
        create_csr(Chip(SeedTransport()), load_configuration(SEED_CONFIG))


def test_pem_has_lines_of_64_characters():
    csr = create_csr(Chip(SeedTransport()), load_configuration(SEED_CONFIG))
    lines = csr.pem.split("\n")
    assert lines[0] == "-----BEGIN CERTIFICATE REQUEST-----"
    assert lines[-2:] == ["-----END CERTIFICATE REQUEST-----", ""]
    assert {len(line) for line in lines[1:-3]} == {64}
    parsed = x509.load_pem_x509_csr(csr.pem.encode())
    assert parsed.public_bytes(Encoding.DER) == csr.der


@pytest.mark.parametrize(("algorithm", "hash_name"), EC_ALGORITHMS + RSA_ALGORITHMS)
def test_every_algorithm_on_the_emulated_chip(tmp_path, algorithm, hash_name):
    csr = emulated_csr(configured(tmp_path, algorithm, hash_name))
    parsed = x509.load_der_x509_csr(csr.der)
    assert parsed.is_signature_valid
    assert parsed.signature_hash_algorithm is not None
    assert parsed.signature_hash_algorithm.name == hash_name
    spki = parsed.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex()
    assert csr.public_key == spki if algorithm.startswith("rsa") else spki.endswith(csr.public_key)


@pytest.mark.skipif(OPENSSL is None, reason="needs the openssl command")
@pytest.mark.parametrize(("algorithm", "hash_name"), EC_ALGORITHMS + RSA_ALGORITHMS[::3])
def test_openssl_accepts_it_and_shows_what_the_seed_shows(tmp_path, algorithm, hash_name):
    path = tmp_path / "it.csr"
    path.write_text(emulated_csr(configured(tmp_path, algorithm, hash_name)).pem)
    command = [str(OPENSSL), "req", "-in", str(path), "-noout", "-text", "-verify"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "verify OK" in shown.stdout + shown.stderr
    text = " ".join(shown.stdout.replace(" = ", "=").split())
    assert "Subject: C=DE, ST=Bayern, O=Infineon Technologies AG, CN=OPTIGA(TM) Trust IoT" in text
    assert (
        "Requested Extensions: X509v3 Basic Constraints: CA:FALSE "
        "X509v3 Extended Key Usage: TLS Web Server Authentication, TLS Web Client Authentication "
        "X509v3 Key Usage: critical Digital Signature, Key Encipherment Signature Algorithm: "
    ) in text
    scheme = "WithRSAEncryption" if algorithm.startswith("rsa") else ""
    assert f"Signature Algorithm: {hash_name}{scheme}" in text or f"ecdsa-with-{hash_name.upper()}" in text


def test_three_exchanges_and_no_more_than_290_bytes():
    transport = CountingTransport()
    answers = []
    original = transport.exchange
    transport.exchange = lambda command: answers.append(original(command)) or answers[-1]  # type: ignore[method-assign]
    create_csr(Chip(transport), load_configuration(SEED_CONFIG))
    assert len(transport.sent) == 3
    assert sum(len(frame.encode(apdu)) for apdu in (*transport.sent, *answers)) <= 290


def test_the_uid_in_the_subject_costs_one_read(tmp_path):
    names = {"common_name": "d-{uid}", "serial_number": "{uid}", "organizational_unit_name": ["{x}", "B"]}
    extensions = {"subject_alt_names": [{"dns": "{uid}.example.com"}]}
    path = configured(tmp_path, "secp256r1", "sha256", certificate_info=names, extensions=extensions)
    transport = CountingTransport()
    chip = Chip(transport)
    parsed = x509.load_der_x509_csr(create_csr(chip, load_configuration(path)).der)
    assert len(transport.sent) == 4
    uid = chip.uid.hex
    assert len(uid) == 54
    shown = [(attribute.oid, attribute.value) for attribute in parsed.subject]
    assert shown == [
        (NameOID.SERIAL_NUMBER, uid),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "{x}"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "B"),
        (NameOID.COMMON_NAME, f"d-{uid}"),
    ]
    names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [f"{uid}.example.com"]


def test_extensions_of_ones_own(tmp_path):
    settings = {
        "subject_alt_names": [
            {"dns": "a.example.com"},
            {"ip": "192.0.2.7"},
            {"ip": "2001:db8::1"},
            {"uri": "urn:dev:x"},
            {"email": "a@b.com"},
        ],
        "key_usage": ["digital_signature", "key_agreement"],
        "extended_key_usage": ["client_auth", "1.3.6.1.4.1.311.20.2.2"],
    }
    csr = emulated_csr(configured(tmp_path, "secp384r1", "sha384", extensions=settings))
    extensions = x509.load_der_x509_csr(csr.der).extensions
    assert [(extension.oid, extension.critical) for extension in extensions] == [
        (ExtensionOID.BASIC_CONSTRAINTS, False),
        (ExtensionOID.EXTENDED_KEY_USAGE, False),
        (ExtensionOID.KEY_USAGE, True),
        (ExtensionOID.SUBJECT_ALTERNATIVE_NAME, False),
    ]
    purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [purpose.dotted_string for purpose in purposes] == ["1.3.6.1.5.5.7.3.2", "1.3.6.1.4.1.311.20.2.2"]
    usage = extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_encipherment, usage.key_agreement) == (True, False, True)
    assert list(extensions.get_extension_for_class(x509.SubjectAlternativeName).value) == [
        x509.DNSName("a.example.com"),
        x509.IPAddress(ipaddress.ip_address("192.0.2.7")),
        x509.IPAddress(ipaddress.ip_address("2001:db8::1")),
        x509.UniformResourceIdentifier("urn:dev:x"),
        x509.RFC822Name("a@b.com"),
    ]


def test_empty_lists_leave_extensions_out(tmp_path):
    settings: dict[str, object] = {"key_usage": [], "extended_key_usage": []}
    csr = emulated_csr(configured(tmp_path, "secp256r1", "sha256", extensions=settings))
    extensions = x509.load_der_x509_csr(csr.der).extensions
    assert [extension.oid for extension in extensions] == [ExtensionOID.BASIC_CONSTRAINTS]


def test_every_component_of_a_name_can_be_built(tmp_path):
    from asn1crypto.csr import CertificationRequest

    from optiga.pki.names import COMPONENTS, ValueForm

    samples = {ValueForm.COUNTRY: "DE", ValueForm.EMAIL: "a@example.com", ValueForm.HEX: "0a0b"}
    names = {name: samples.get(component.form, "Value") for name, component in COMPONENTS.items()}
    csr = emulated_csr(configured(tmp_path, "secp256r1", "sha256", certificate_info=names))
    subject = CertificationRequest.load(csr.der)["certification_request_info"]["subject"].native
    assert {name: value for name, value in subject.items() if name != "unique_identifier"} == {
        name: value for name, value in names.items() if name != "unique_identifier"
    }
    assert subject["unique_identifier"] == b"\x0a\x0b"


def test_key_usage_goes_to_the_chip(tmp_path):
    config = seed_config()
    config["csr_config"]["key_info"]["parameters"]["key_usage"] = ["signature"]
    transport = CountingTransport()
    create_csr(Chip(transport), load_configuration(write_config(tmp_path, config)))
    assert transport.sent[1].hex() == "b8030009010002e0f102000110"
