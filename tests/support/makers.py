"""Keys and certificates for tests, made with the cryptography library."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

KEY_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


class TestKey(NamedTuple):
    __test__ = False
    private: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def make_key() -> TestKey:
    return TestKey(ec.generate_private_key(ec.SECP256R1()))


def make_certificate(
    subject_key: TestKey | None = None,
    *,
    public_key: object = None,
    name: str = "test device",
    issuer: TestKey | None = None,
    issuer_name: str = "test CA",
    ca: bool = False,
    days: tuple[int, int] = (-1, 365),
    usage: tuple[str, ...] = (),
) -> bytes:
    """A certificate in PEM, issued by a key of its own where no issuer is given.

    :param public_key: the subject's public key where only that is known.
    :param days: begin and end of its validity, in days from now.
    :param usage: flags of keyUsage; without any it has none.
    """
    public = public_key if public_key is not None else (subject_key or make_key()).private.public_key()
    now = datetime.now(timezone.utc)
    signer = (issuer or subject_key or make_key()).private
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer_name)]))
        .public_key(public)  # type: ignore[arg-type]
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if usage:
        builder = builder.add_extension(key_usage(*usage), critical=True)
    return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def key_usage(*names: str) -> x509.KeyUsage:
    """The extension with the flags named, and no others."""
    return x509.KeyUsage(**{name: name in names for name in KEY_USAGES})


def make_certificate_for(csr: Path, *, issuer: TestKey | None = None) -> bytes:
    """A certificate in PEM for the key of a CSR's file."""
    request = x509.load_pem_x509_csr(csr.read_bytes())
    return make_certificate(public_key=request.public_key(), issuer=issuer)
