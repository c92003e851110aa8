"""PEM with several blocks where one CRL or one public key is wanted: none is taken by its place."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from optiga.ca.revocation import read_crl, why_no_crl
from optiga.errors import CertificateError, Reason
from optiga.pki.crls import load_crl
from optiga.pki.public_key_files import parse_public_key
from tests.support.other_ca import OtherCa

CA = OtherCa("ca")
OLD, NEW = CA.revoke(CA.certify("a")), CA.revoke(CA.certify("b"))
CERTIFICATE = CA.certificate.public_bytes(Encoding.PEM)


def public(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


OTHER = public(ec.generate_private_key(ec.SECP256R1()))


def test_two_crls_are_refused() -> None:
    with pytest.raises(ValueError, match="2 CRLs"):
        load_crl(OLD + NEW)
    assert read_crl(OLD + NEW, CA.key.public_key()) is None
    error = why_no_crl(OLD + NEW, "f", "the CA")
    assert "f holds 2 CRLs" in error.message
    assert error.reason is Reason.AMBIGUOUS


@pytest.mark.parametrize("data", [OLD, OLD + OLD, OLD + CERTIFICATE, CERTIFICATE + OLD])
def test_one_crl_is_taken_whatever_is_beside_it(data: bytes) -> None:
    assert load_crl(data).der == x509.load_pem_x509_crl(OLD).public_bytes(Encoding.DER)


@pytest.mark.parametrize("data", [public(CA.key) + OTHER, CERTIFICATE + OTHER, OTHER + CERTIFICATE])
def test_two_public_keys_are_refused(data: bytes) -> None:
    with pytest.raises(CertificateError, match="f holds 2 different public keys") as caught:
        parse_public_key(data, "f")
    assert caught.value.reason is Reason.AMBIGUOUS


@pytest.mark.parametrize(
    "data",
    [
        public(CA.key),
        public(CA.key) * 2,
        CERTIFICATE + public(CA.key),
        CERTIFICATE + OtherCa("root").certificate.public_bytes(Encoding.PEM),
    ],
)
def test_one_public_key_is_taken(data: bytes) -> None:
    assert parse_public_key(data, "f").info == CA.key.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
