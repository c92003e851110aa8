"""What is wrong with a SubjectPublicKeyInfo that the cryptography library does not take (RFC 5280, 4.1.2.7)."""

from __future__ import annotations

from optiga.pki.lenient import Part, dotted, only, parts_of
from optiga.protocol import der

_RSA = ("1.2.840.113549.1.1.1", "1.2.840.113549.1.1.7", "1.2.840.113549.1.1.10")
_EC = "1.2.840.10045.2.1"
_KINDS = {
    "1.2.840.10040.4.1": "DSA",
    "1.3.101.110": "X25519",
    "1.3.101.111": "X448",
    "1.3.101.112": "Ed25519",
    "1.3.101.113": "Ed448",
}
_CURVES = {
    "1.2.840.10045.3.1.1",
    "1.2.840.10045.3.1.7",
    "1.3.132.0.10",
    "1.3.132.0.33",
    "1.3.132.0.34",
    "1.3.132.0.35",
    "1.3.36.3.3.2.8.1.1.7",
    "1.3.36.3.3.2.8.1.1.11",
    "1.3.36.3.3.2.8.1.1.13",
}
"""Curves that the library knows, of those that certificates have."""
_POINTS = (0x02, 0x03, 0x04, 0x06, 0x07)


def why_no_key(info: bytes) -> str:
    """What is wrong with a public key, as the rest of a sentence that begins with "its public key".

    :param info: the SubjectPublicKeyInfo in DER.
    """
    try:
        whole = only(info)
        algorithm, bits = parts_of(whole.content)
        kind, *parameters = parts_of(algorithm.content)
        is_one = (whole.tag, algorithm.tag, bits.tag, kind.tag) == (
            der.SEQUENCE,
            der.SEQUENCE,
            der.BIT_STRING,
            der.OBJECT_IDENTIFIER,
        )
        oid = dotted(kind.content)
    except ValueError:
        is_one = False
    if not is_one:
        return "does not consist of an algorithm and a BIT STRING"
    if bits.content[:1] != b"\x00":
        return "does not consist of whole bytes"
    if oid == _EC:
        return _why_no_point(parameters, bits.content[1:])
    if oid in _RSA:
        return _why_no_rsa(bits.content[1:])
    return "is damaged" if oid in _KINDS else f"has the algorithm {oid}, which is not supported"


def _why_no_point(parameters: list[Part], point: bytes) -> str:
    if not parameters:
        return "names no curve"
    (curve, *_) = parameters
    if curve.tag == der.NULL:
        return "leaves its curve to the issuer's key, which is not supported"
    if curve.tag == der.OBJECT_IDENTIFIER:
        oid = dotted(curve.content)
        if oid not in _CURVES:
            return f"is on the curve {oid}, which is not supported"
    if point in (b"", b"\x00"):
        return "is the point at infinity, or no point"
    if point[0] not in _POINTS:
        return "is no point: its first byte is none of 02, 03, 04, 06 and 07"
    return "is not a point on its curve"


def _why_no_rsa(content: bytes) -> str:
    try:
        whole = only(content)
        modulus, exponent = parts_of(whole.content)
    except ValueError:
        return "is not a modulus and an exponent"
    if (whole.tag, modulus.tag, exponent.tag) != (der.SEQUENCE, der.INTEGER, der.INTEGER):
        return "is not a modulus and an exponent"
    for title, number in (("a modulus", modulus), ("an exponent", exponent)):
        value = int.from_bytes(number.content, "big", signed=True)
        if value <= 1 or value % 2 == 0:
            return f"has {title} that is not an odd number above 1"
    return "has numbers that no RSA key has, or is not written as DER has it"
