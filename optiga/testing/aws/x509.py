"""Certificates as AWS IoT issues, takes and refuses them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from optiga.testing.aws.terms import now, refuse

AWS_ISSUER = "Amazon Web Services O=Amazon.com Inc. L=Seattle ST=Washington C=US"
"""The one attribute, an organizational unit, of the name that AWS IoT's own certificates bear for their issuer."""

_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_SIGNS = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
_CLOCK_SKEW = timedelta(minutes=2)
_LAST_DAY = datetime(2049, 12, 31, 23, 59, 59, tzinfo=timezone.utc)


@cache
def _issuer_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certify(subject: x509.Name, public: Any) -> x509.Certificate:
    """A certificate with the names, times and extensions of AWS IoT's own."""
    key = _issuer_key()
    unsaid = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "AWS IoT Certificate")])
    return (
        x509.CertificateBuilder()
        .subject_name(subject if len(subject) else unsaid)
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, AWS_ISSUER)]))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now() - _CLOCK_SKEW)
        .not_valid_after(_LAST_DAY)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_SIGNS, critical=True)
        .sign(key, hashes.SHA256())
    )


def read_csr(pem: str) -> x509.CertificateSigningRequest:
    """A CSR that AWS certifies.

    :raises AwsError: if its signature or its key is not good.
    """
    try:
        request = x509.load_pem_x509_csr(pem.encode())
        public = request.public_key()
        is_signed = request.is_signature_valid
    except Exception:  # whatever it is that cryptography does not take
        refuse("CSR violates constraints")
    if not is_signed or not has_good_key(public):
        refuse("CSR violates constraints")
    return request


def has_good_key(public: object) -> bool:
    """Whether AWS certifies a key, and takes a certificate of it."""
    is_rsa = isinstance(public, rsa.RSAPublicKey) and public.key_size >= 2048
    return is_rsa or (isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name in _CURVES)


def read_certificate(pem: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        refuse("The certificate could not be parsed", "CertificateValidationException")


def pem_of(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def is_ca(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def is_issued_by(certificate: x509.Certificate, ca: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(ca)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
