"""Certificates in DER that are built by hand, so that any part of them can break the rules; all are signed rightly."""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from optiga.protocol.der import BIT_STRING, INTEGER, OCTET_STRING, SEQUENCE, encode

BOOLEAN, OID, SET = 0x01, 0x06, 0x31
UTF8, PRINTABLE, T61, UTC, GENERALIZED = 0x0C, 0x13, 0x14, 0x17, 0x18
_ECDSA_SHA256 = encode(SEQUENCE, encode(OID, bytes.fromhex("2a8648ce3d040302")))
_CN = "550403"
DIGITAL_SIGNATURE = "0780"
TRUE, FALSE = encode(BOOLEAN, b"\xff"), encode(BOOLEAN, b"\x00")


def name(text: str | bytes, tag: int = UTF8, oid: str = _CN) -> bytes:
    """A name of one component."""
    value = text if isinstance(text, bytes) else text.encode()
    attribute = encode(SEQUENCE, encode(OID, bytes.fromhex(oid)) + encode(tag, value))
    return encode(SEQUENCE, encode(SET, attribute))


def extension(oid: str, value: bytes, critical: bytes = b"") -> bytes:
    """An extension.

    :param critical: in DER.
    """
    return encode(SEQUENCE, encode(OID, bytes.fromhex(oid)) + critical + encode(OCTET_STRING, value))


def key_usage(bits: str = DIGITAL_SIGNATURE) -> bytes:
    """The extension keyUsage.

    :param bits: the count of unused bits, and the bits, in hex.
    """
    return extension("551d0f", encode(BIT_STRING, bytes.fromhex(bits)), TRUE)


def basic_constraints(content: bytes = b"") -> bytes:
    """The extension basicConstraints."""
    return extension("551d13", encode(SEQUENCE, content), TRUE)


def odd_certificate(
    key: ec.EllipticCurvePrivateKey,
    *,
    version: bytes | None = b"\x02",
    serial: bytes = b"\x05",
    issuer: bytes | None = None,
    dates: tuple[bytes, bytes] = (encode(UTC, b"250101000000Z"), encode(UTC, b"450101000000Z")),
    subject: bytes | None = None,
    extensions: tuple[bytes, ...] | None = (basic_constraints(), key_usage()),
    info: bytes | None = None,
    signer: ec.EllipticCurvePrivateKey | None = None,
) -> bytes:
    """A certificate for a key.

    :param version: the number, None to leave it out as version 1 does.
    :param extensions: None for none.
    :param info: SubjectPublicKeyInfo; None for the key's.
    :param signer: None for the key itself.
    """
    public = info or key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    body = encode(
        SEQUENCE,
        (b"" if version is None else encode(0xA0, encode(INTEGER, version)))
        + encode(INTEGER, serial)
        + _ECDSA_SHA256
        + (name("odd CA") if issuer is None else issuer)
        + encode(SEQUENCE, b"".join(dates))
        + (name("odd device") if subject is None else subject)
        + public
        + (b"" if extensions is None else encode(0xA3, encode(SEQUENCE, b"".join(extensions)))),
    )
    signature = (signer or key).sign(body, ec.ECDSA(hashes.SHA256()))
    return encode(SEQUENCE, body + _ECDSA_SHA256 + encode(BIT_STRING, b"\x00" + signature))


def alt_names(tag: int, value: bytes) -> bytes:
    """The extension subjectAltName with one name."""
    return extension("551d11", encode(SEQUENCE, encode(tag, value)))


def compressed_info(key: ec.EllipticCurvePrivateKey) -> bytes:
    """SubjectPublicKeyInfo of a P-256 key whose point is compressed."""
    return _info(key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint))


def hybrid_info(key: ec.EllipticCurvePrivateKey) -> bytes:
    """SubjectPublicKeyInfo of a P-256 key whose point is whole, and says how y is compressed (X9.62, 4.3.6)."""
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return _info(bytes([6 | point[-1] & 1]) + point[1:])


def _info(point: bytes) -> bytes:
    algorithm = encode(OID, bytes.fromhex("2a8648ce3d0201")) + encode(OID, bytes.fromhex("2a8648ce3d030107"))
    return encode(SEQUENCE, encode(SEQUENCE, algorithm) + encode(BIT_STRING, b"\x00" + point))


def pkcs7(*ders: bytes) -> bytes:
    """SignedData without a signature, made by hand: the library takes no odd certificates."""
    data = encode(OID, bytes.fromhex("2a864886f70d010701"))
    certificates = encode(0xA0, b"".join(ders))
    inner = encode(INTEGER, b"\x01") + encode(SET, b"") + encode(SEQUENCE, data) + certificates + encode(SET, b"")
    return encode(SEQUENCE, encode(OID, bytes.fromhex("2a864886f70d010702")) + encode(0xA0, encode(SEQUENCE, inner)))
