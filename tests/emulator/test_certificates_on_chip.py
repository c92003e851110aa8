"""VerifySign with a certificate in an object, and the chip's own identity (SRM, "Certificate Parser Details")."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from optiga.emulator.identity import make_root_certificate, root_certificate_pem, root_key
from optiga.protocol import tls_identity, tlv
from optiga.protocol.codes import CommandCode, ErrorCode, ObjectType
from optiga.protocol.metadata import Tag
from tests.support.emulator.certificates import DIGEST, certify, signature_of
from tests.support.emulator.emulated import ALWAYS, ECDSA, ERASE, NEVER, Probe, in_der, two

ANCHOR = 0xE0E8
EC_PUBLIC_KEY = bytes.fromhex("2a8648ce3d0201")
"""The algorithm of every key on a curve, as an OBJECT IDENTIFIER has it."""


def to_verify(signature: bytes, oid: int = ANCHOR) -> bytes:
    return tlv.encode(0x01, DIGEST) + tlv.encode(0x02, signature) + tlv.encode(0x04, two(oid))


@pytest.fixture(scope="module")
def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize("usage", ["digital_signature", "key_cert_sign"])
@pytest.mark.parametrize("oid", [0xE0E1, 0xE0E8, 0xE0EF])
def test_certificates_that_verify(probe: Probe, key: ec.EllipticCurvePrivateKey, usage: str, oid: int) -> None:
    probe.write(oid, certify(key, usages={usage}), how=ERASE)
    assert probe.ok(CommandCode.VERIFY_SIGN, ECDSA, to_verify(signature_of(key), oid)) == b""
    stranger = ec.generate_private_key(ec.SECP256R1())
    refused = probe.refused(CommandCode.VERIFY_SIGN, ECDSA, to_verify(signature_of(stranger), oid))
    assert refused is ErrorCode.SIGNATURE_VERIFICATION_FAILURE


@pytest.mark.parametrize("bits", [1024, 2048])
def test_an_rsa_certificate_verifies(probe: Probe, bits: int) -> None:
    from cryptography.hazmat.primitives.asymmetric import padding

    rsa_key = rsa.generate_private_key(65537, bits)
    probe.write(ANCHOR, certify(rsa_key, usages={"digital_signature"}), how=ERASE)
    signature = rsa_key.sign(b"message", padding.PKCS1v15(), hashes.SHA256())
    assert probe.ok(CommandCode.VERIFY_SIGN, 0x01, to_verify(signature)) == b""


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda key: b"\x00", ErrorCode.INVALID_CERTIFICATE_FORMAT),
        (
            lambda key: tls_identity.encode([certify(key, usages={"digital_signature"})]),
            ErrorCode.INVALID_CERTIFICATE_FORMAT,
        ),
        (lambda key: certify(key, usages={"digital_signature"})[:-1], ErrorCode.INVALID_CERTIFICATE_FORMAT),
        (lambda key: certify(key, usages=None), ErrorCode.INVALID_CERTIFICATE_FORMAT),
        (lambda key: certify(key, usages={"digital_signature"}, issuer=""), ErrorCode.INVALID_CERTIFICATE_FORMAT),
        (lambda key: certify(key, usages={"crl_sign"}), ErrorCode.UNSUPPORTED_CERTIFICATE),
        (lambda key: certify(key, usages={"digital_signature"}, filler=1000), ErrorCode.UNSUPPORTED_CERTIFICATE),
        (
            lambda key: certify(ed25519.Ed25519PrivateKey.generate(), usages={"digital_signature"}),
            ErrorCode.UNSUPPORTED_CERTIFICATE,
        ),
        (
            lambda key: certify(ec.generate_private_key(ec.SECP256K1()), usages={"digital_signature"}),
            ErrorCode.UNSUPPORTED_CERTIFICATE,
        ),
        (
            lambda key: certify(key, usages={"digital_signature"}).replace(EC_PUBLIC_KEY, b"\x2b" + EC_PUBLIC_KEY[1:]),
            ErrorCode.UNSUPPORTED_CERTIFICATE,
        ),
    ],
    ids=[
        "unwritten",
        "chain",
        "cut off",
        "no usage",
        "no issuer",
        "other usage",
        "too long",
        "ed25519",
        "secp256k1",
        "unknown",
    ],
)
def test_certificates_that_the_chip_does_not_take(
    probe: Probe, key: ec.EllipticCurvePrivateKey, make: Any, code: ErrorCode
) -> None:
    probe.write(0xE0E1, make(key), how=ERASE)
    assert probe.refused(CommandCode.VERIFY_SIGN, ECDSA, to_verify(signature_of(key), 0xE0E1)) is code


def test_the_execute_condition_guards_the_certificate(probe: Probe, key: ec.EllipticCurvePrivateKey) -> None:
    probe.write(ANCHOR, certify(key, usages={"digital_signature"}), how=ERASE)
    probe.set_tags(ANCHOR, {Tag.EXECUTE: NEVER})
    refused = probe.refused(CommandCode.VERIFY_SIGN, ECDSA, to_verify(signature_of(key)))
    assert refused is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED


def test_the_object_is_a_trust_anchor_or_a_device_identity(probe: Probe, key: ec.EllipticCurvePrivateKey) -> None:
    """ "The data object type of OID must be set to either" (manual, API for verification)."""
    probe.set_tags(0xF1E0, {Tag.EXECUTE: ALWAYS})
    probe.write(0xF1E0, certify(key, usages={"digital_signature"}), how=ERASE)
    signed = to_verify(signature_of(key), 0xF1E0)
    assert probe.refused(CommandCode.VERIFY_SIGN, ECDSA, signed) is ErrorCode.INVALID_OID
    for kind in sorted(ObjectType):
        probe.set_tags(0xF1E0, {Tag.TYPE: bytes([kind])})
        if kind in (ObjectType.TRUST_ANCHOR, ObjectType.DEVICE_CERTIFICATE):
            assert probe.ok(CommandCode.VERIFY_SIGN, ECDSA, signed) == b""
        else:
            assert probe.refused(CommandCode.VERIFY_SIGN, ECDSA, signed) is ErrorCode.INVALID_OID


@pytest.mark.parametrize("oid", [0xE0F1, 0xE100, 0xBEEF])
def test_a_certificate_is_no_key_and_no_session(probe: Probe, key: ec.EllipticCurvePrivateKey, oid: int) -> None:
    assert probe.refused(CommandCode.VERIFY_SIGN, ECDSA, to_verify(signature_of(key), oid)) is ErrorCode.INVALID_OID


def test_the_shipped_root_is_that_of_the_published_key() -> None:
    shipped = x509.load_pem_x509_certificate(root_certificate_pem().encode())
    shipped.verify_directly_issued_by(shipped)
    assert shipped.public_key() == root_key().public_key()
    made = x509.load_pem_x509_certificate(make_root_certificate())
    assert (made.subject, list(made.extensions)) == (shipped.subject, list(shipped.extensions))


def own_certificate(probe: Probe) -> x509.Certificate:
    (certificate,) = tls_identity.decode(probe.read(0xE0E0))
    return x509.load_der_x509_certificate(certificate)


def test_the_chips_certificate_is_that_of_its_key(probe: Probe) -> None:
    public_key = own_certificate(probe).public_key()
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    public_key.verify(in_der(probe.sign(0xE0F0, DIGEST)), DIGEST, ec.ECDSA(Prehashed(hashes.SHA256())))


def test_names_say_that_nothing_is_proven(probe: Probe) -> None:
    certificate = own_certificate(probe)
    for name in (certificate.subject, certificate.issuer):
        assert "NOT A REAL DEVICE" in name.rfc4514_string()
    assert probe.read(0xE0C2).hex()[22:42] in certificate.subject.rfc4514_string()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_accepts_the_chain_strictly(probe: Probe, tmp_path: Path) -> None:
    (tmp_path / "root.pem").write_text(root_certificate_pem())
    (tmp_path / "chip.pem").write_bytes(own_certificate(probe).public_bytes(Encoding.PEM))
    ran = subprocess.run(
        ["openssl", "verify", "-x509_strict", "-CAfile", "root.pem", "chip.pem"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout.strip()) == (0, "chip.pem: OK"), ran.stderr


def compressed(der_certificate: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
    """A certificate whose point is compressed; its own signature, which nobody checks, is wrong then."""
    from asn1crypto import x509 as asn1

    certificate = asn1.Certificate.load(der_certificate)
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    certificate["tbs_certificate"]["subject_public_key_info"]["public_key"] = point
    return certificate.dump(force=True)


def with_algorithm(der_certificate: bytes, part: str | None, name: str, *, null: bool = False) -> bytes:
    """A certificate with another signature algorithm outside, or inside and outside."""
    from asn1crypto import core
    from asn1crypto import x509 as asn1
    from asn1crypto.algos import SignedDigestAlgorithm

    certificate = asn1.Certificate.load(der_certificate)
    algorithm: dict[str, Any] = {"algorithm": name}
    if null:
        algorithm["parameters"] = core.Null()
    certificate["signature_algorithm"] = SignedDigestAlgorithm(algorithm)
    if part is not None:
        certificate["tbs_certificate"][part] = SignedDigestAlgorithm(algorithm)
    return certificate.dump(force=True)


def test_details_that_the_manual_asks_of_a_certificate(probe: Probe, key: ec.EllipticCurvePrivateKey) -> None:
    """ "Only uncompressed Format", no parameters to ECDSA "not even as NULL", "must be same" in both places."""
    good = certify(key, usages={"digital_signature"})
    for certificate in (
        compressed(good, key),
        with_algorithm(good, None, "sha384_ecdsa"),
        with_algorithm(good, "signature", "sha256_ecdsa", null=True),
    ):
        probe.write(ANCHOR, certificate, how=ERASE)
        refused = probe.refused(CommandCode.VERIFY_SIGN, ECDSA, to_verify(signature_of(key)))
        assert refused is ErrorCode.INVALID_CERTIFICATE_FORMAT
    probe.write(ANCHOR, with_algorithm(good, "signature", "sha384_ecdsa"), how=ERASE)
    assert probe.ok(CommandCode.VERIFY_SIGN, ECDSA, to_verify(signature_of(key))) == b""


def with_field(der_certificate: bytes, field: str, value: Any) -> bytes:
    """A certificate with another value in one of its fields."""
    from asn1crypto import x509 as asn1

    certificate = asn1.Certificate.load(der_certificate)
    certificate["tbs_certificate"][field] = value
    return certificate.dump(force=True)


def test_a_certificate_is_of_version_3_with_a_serial_number_of_20_bytes(
    probe: Probe, key: ec.EllipticCurvePrivateKey
) -> None:
    """ "Must be v3 only"; "the length must be 1 to 20" bytes."""
    good = certify(key, usages={"digital_signature"})
    for field, value in (("version", "v1"), ("version", "v2"), ("serial_number", 1 << 159)):
        probe.write(ANCHOR, with_field(good, field, value), how=ERASE)
        refused = probe.refused(CommandCode.VERIFY_SIGN, ECDSA, to_verify(signature_of(key)))
        assert refused is ErrorCode.INVALID_CERTIFICATE_FORMAT
    probe.write(ANCHOR, with_field(good, "serial_number", (1 << 159) - 1), how=ERASE)
    assert probe.ok(CommandCode.VERIFY_SIGN, ECDSA, to_verify(signature_of(key))) == b""


@pytest.mark.parametrize(
    ("constraints", "is_taken"),
    [
        ("3000", True),
        ("30030101ff", True),
        ("30060101ff020100", True),
        ("3003020100", False),
        ("0401ff", False),
    ],
    ids=["no CA", "CA", "CA with a path", "path without CA", "rubbish"],
)
def test_basic_constraints(probe: Probe, key: ec.EllipticCurvePrivateKey, constraints: str, *, is_taken: bool) -> None:
    """A path length "exists only for CA certificate"."""
    probe.write(ANCHOR, certify(key, usages={"digital_signature"}, constraints=constraints), how=ERASE)
    if is_taken:
        assert probe.ok(CommandCode.VERIFY_SIGN, ECDSA, to_verify(signature_of(key))) == b""
    else:
        refused = probe.refused(CommandCode.VERIFY_SIGN, ECDSA, to_verify(signature_of(key)))
        assert refused is ErrorCode.INVALID_CERTIFICATE_FORMAT


@pytest.mark.parametrize(
    ("found", "changed"),
    [
        (bytes.fromhex("030205a0"), bytes.fromhex("03000500")),  # key usage: a BIT STRING without its first byte
        (bytes.fromhex("030205a0"), bytes.fromhex("0302ffa0")),
        (b"\x0c\x04test", b"\x03\x04\x00est"),  # the issuer: a BIT STRING in place of a text
        (b"\x0c\x04test", b"\x02\x04test"),
    ],
)
def test_damaged_values_are_refused(
    probe: Probe, key: ec.EllipticCurvePrivateKey, found: bytes, changed: bytes
) -> None:
    good = certify(key, usages={"digital_signature", "key_encipherment"})
    assert found in good
    probe.write(ANCHOR, good.replace(found, changed), how=ERASE)
    refused = probe.refused(CommandCode.VERIFY_SIGN, ECDSA, to_verify(signature_of(key)))
    assert refused is ErrorCode.INVALID_CERTIFICATE_FORMAT
