"""CSRs of any form, rightly signed: what no library builds."""

from __future__ import annotations

from typing import Any

from asn1crypto.core import ObjectIdentifier
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from optiga.protocol.der import BIT_STRING, INTEGER, SEQUENCE, encode

KEY = ec.generate_private_key(ec.SECP256R1())
COMMON_NAME = "2.5.4.3"
NO_ATTRIBUTES = encode(0xA0, b"")
ECDSA_SHA256 = encode(SEQUENCE, ObjectIdentifier("1.2.840.10045.4.3.2").dump())


def make_name(*values: tuple[str, int, bytes]) -> bytes:
    """A Name in DER from object identifiers, tags and contents."""
    pairs = (encode(SEQUENCE, ObjectIdentifier(oid).dump() + encode(tag, contents)) for oid, tag, contents in values)
    return encode(SEQUENCE, b"".join(encode(0x31, pair) for pair in pairs))


def make_form(
    subject: bytes | None = None,
    *,
    version: bytes = b"\x00",
    key_info: bytes | None = None,
    attributes: bytes = NO_ATTRIBUTES,
    algorithm: bytes = ECDSA_SHA256,
    sign: Any = None,
    unused_bits: int = 0,
) -> bytes:
    """A CSR in DER.

    :param attributes: the whole field; empty leaves it out.
    :param sign: makes the signature over bytes; ECDSA with SHA-256 by default.
    """
    info = encode(INTEGER, version) + (subject if subject is not None else make_name((COMMON_NAME, 12, b"device")))
    info += key_info or KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    signed = encode(SEQUENCE, info + attributes)
    signature = sign(signed) if sign else KEY.sign(signed, ec.ECDSA(hashes.SHA256()))
    return encode(SEQUENCE, signed + algorithm + encode(BIT_STRING, bytes([unused_bits]) + signature))
