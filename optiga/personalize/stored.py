"""Certificates as they lie on the chip."""

from __future__ import annotations

from optiga.personalize.certificate import Certificate, der_size
from optiga.protocol import der, tls_identity

EMPTY = b"\x00"
"""What an object that was never written reads as."""


def is_empty(data: bytes) -> bool:
    """Whether an object of a certificate holds nothing: it was never written, or erased."""
    return not data.strip(b"\x00\xff")


def decode_stored(data: bytes) -> list[Certificate]:
    """The certificates in an object's data: a TLS identity, or one in plain DER; leaf first.

    :raises ValueError: if they are neither, or do not parse.
    """
    if data[:1] == bytes([tls_identity.TAG]):
        ders = tls_identity.decode(data)
        if not ders:
            raise ValueError("a TLS identity without a certificate")
        return [Certificate.parse(der) for der in ders]
    size = der_size(data)
    if data[:1] != bytes([der.SEQUENCE]) or size is None or size > len(data):
        raise ValueError("neither a TLS identity nor a certificate in DER")
    return [Certificate.parse(data[:size])]
