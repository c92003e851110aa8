"""Keys that a CA signs with: on a curve, or RSA where the CA was imported.

ECDSA takes the hash that is as strong as the key; RSA PKCS #1 v1.5 and SHA-256.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from optiga.protocol import der

if TYPE_CHECKING:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

CaKey: TypeAlias = "ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey"
CaPublicKey: TypeAlias = "ec.EllipticCurvePublicKey | rsa.RSAPublicKey"


def hash_of(key: CaPublicKey) -> hashes.SHA256 | hashes.SHA384:
    """The hash that is as strong as a key."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    is_long = isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size > 256
    return hashes.SHA384() if is_long else hashes.SHA256()


def sign(key: CaKey, data: bytes) -> bytes:
    """Sign data: ECDSA in DER, or PKCS #1 v1.5."""
    from cryptography.hazmat.primitives.asymmetric import ec, padding

    digest = hash_of(key.public_key())
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, ec.ECDSA(digest))
    return key.sign(data, padding.PKCS1v15(), digest)


def verifies(key: CaPublicKey, signature: bytes, data: bytes) -> bool:
    """Whether a signature over data is of a key."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec, padding

    digest = hash_of(key)
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, ec.ECDSA(digest))
        else:
            key.verify(signature, data, padding.PKCS1v15(), digest)
    except InvalidSignature:
        return False
    return True


def most_bytes_of_signature(key: CaPublicKey) -> int:
    """How long a signature of a key can be."""
    from cryptography.hazmat.primitives.asymmetric import ec

    if isinstance(key, ec.EllipticCurvePublicKey):
        return len(der.encode(der.SEQUENCE, der.encode_integer((1 << key.curve.key_size) - 1) * 2))
    return key.key_size // 8


def stranger_like(key: CaPublicKey) -> CaKey:
    """A new key of the same kind, for what is only measured; RSA is of 2048 bits, which are quick."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    if isinstance(key, ec.EllipticCurvePublicKey):
        return ec.generate_private_key(key.curve)
    return rsa.generate_private_key(65537, 2048)
