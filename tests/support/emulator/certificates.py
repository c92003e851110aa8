"""Certificates for the emulated chip to verify with."""

from __future__ import annotations

import datetime
import hashlib
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding

from tests.support.makers import key_usage

DIGEST = hashlib.sha256(b"message").digest()
YEAR = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)


def certify(
    key: Any, *, usages: set[str] | None, filler: int = 0, issuer: str = "test", constraints: str = ""
) -> bytes:
    """A self-signed certificate in DER; ``filler`` bytes of extension make it longer, basic constraints are in hex."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)] if issuer else [])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(5).not_valid_before(YEAR).not_valid_after(YEAR + datetime.timedelta(days=9))
    if usages is not None:
        builder = builder.add_extension(key_usage(*usages), critical=True)
    for oid, content in (("1.2.3.4", bytes(filler)), ("2.5.29.19", bytes.fromhex(constraints))):
        if content:
            extension = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), content)
            builder = builder.add_extension(extension, critical=False)
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, algorithm).public_bytes(Encoding.DER)


def signature_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A signature of DIGEST in the chip's form."""
    return key.sign(DIGEST, ec.ECDSA(Prehashed(hashes.SHA256())))[2:]
