"""Public keys as the cryptography library has them, and whether they verify a signature."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from optiga.errors import ConfigurationError, Reason
from optiga.pki.x509_errors import one_error
from optiga.protocol import der
from optiga.protocol.algorithms import CURVES, RSA_KEY_BITS, KeyAlgorithm
from optiga.protocol.ecdsa import ecdsa
from optiga.protocol.public_key import PublicKey

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

_CURVE_CLASSES = {
    KeyAlgorithm.SECP256R1: "SECP256R1",
    KeyAlgorithm.SECP384R1: "SECP384R1",
    KeyAlgorithm.SECP521R1: "SECP521R1",
    KeyAlgorithm.BRAINPOOLP256R1: "BrainpoolP256R1",
    KeyAlgorithm.BRAINPOOLP384R1: "BrainpoolP384R1",
    KeyAlgorithm.BRAINPOOLP512R1: "BrainpoolP512R1",
}
"""Names of the curves' classes in cryptography."""


def curve_of(algorithm: KeyAlgorithm) -> ec.EllipticCurve:
    """Cryptography's curve of one of the chip's."""
    from cryptography.hazmat.primitives.asymmetric import ec

    curve: ec.EllipticCurve = getattr(ec, _CURVE_CLASSES[algorithm])()
    return curve


def public_key_of(key: CertificatePublicKeyTypes) -> PublicKey:
    """A public key from cryptography's, of whatever kind."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    info = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if isinstance(key, ec.EllipticCurvePublicKey):
        name = key.curve.name.lower()
        return PublicKey(info, next((known for known in CURVES if known.title == name), None), name)
    if isinstance(key, rsa.RSAPublicKey):
        algorithm = next((known for known, bits in RSA_KEY_BITS.items() if bits == key.key_size), None)
        return PublicKey(info, algorithm, f"RSA-{key.key_size}")
    return PublicKey(info, None, type(key).__name__.removesuffix("PublicKey"))


def public_key_of_info(info: bytes) -> PublicKey:
    """A public key from SubjectPublicKeyInfo in DER; in the one form that the cryptography library writes.

    :raises ValueError: if it is none, or of a kind that certificates do not have.
    """
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    with one_error():
        return public_key_of(cast("CertificatePublicKeyTypes", load_der_public_key(info)))


def public_key_of_point(algorithm: KeyAlgorithm, point: bytes) -> PublicKey:
    """A public key from a point of one of the chip's curves, uncompressed: ``04``, x, y.

    :raises ValueError: if it does not lie on the curve.
    """
    key = PublicKey.of_chip(algorithm, der.encode(der.BIT_STRING, b"\x00" + point))
    _load_point(algorithm, point)
    return key


def public_key_of_secret(algorithm: KeyAlgorithm, secret: int) -> PublicKey:
    """The public key of a private key on one of the chip's curves.

    :raises ValueError: if it is none of the curve.
    """
    from cryptography.hazmat.primitives.asymmetric import ec

    return public_key_of(ec.derive_private_key(secret, curve_of(algorithm)).public_key())


def public_key_of_numbers(modulus: int, exponent: int) -> PublicKey:
    """A public key from the numbers of an RSA key.

    :raises ValueError: if they are none of an RSA key.
    """
    from cryptography.hazmat.primitives.asymmetric import rsa

    if modulus < 0 or exponent < 0:
        raise ValueError("a number of the RSA key is negative")
    return public_key_of(rsa.RSAPublicNumbers(exponent, modulus).public_key())


def load_key(public_key: PublicKey) -> CertificatePublicKeyTypes:
    """Cryptography's key of a public key.

    :raises ValueError: if its numbers make no key.
    """
    if public_key.algorithm is not None and public_key.algorithm.is_ec:  # without what is slow to load
        return _load_point(public_key.algorithm, der.content_of(der.BIT_STRING, public_key.bit_string)[1:])
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    with one_error():
        return cast("CertificatePublicKeyTypes", load_der_public_key(public_key.info))


def verifies(public_key: PublicKey, signature: bytes, data: bytes, hash_name: str) -> bool:
    """Whether a signature over data is of a key: ECDSA in DER, or PKCS #1 v1.5.

    :param hash_name: sha256, sha384 or sha512.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    digest: hashes.HashAlgorithm = getattr(hashes, hash_name.upper())()
    key = load_key(public_key)
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, ecdsa(digest))
            return True
        from cryptography.hazmat.primitives.asymmetric import padding, rsa

        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), digest)
            return True
    except InvalidSignature:
        pass
    return False


def is_signed_by(certificate: x509.Certificate, key: CertificatePublicKeyTypes) -> bool:
    """Whether a key verifies the signature of a certificate; otherwise as :func:`is_signature_of`."""
    return is_signature_of(certificate, certificate.tbs_certificate_bytes, key)


def is_signature_of(
    whole: x509.Certificate | x509.CertificateRevocationList, signed: bytes, key: CertificatePublicKeyTypes
) -> bool:
    """Whether a key verifies the signature of a certificate or a CRL. Names are not looked at.

    :param signed: what the signature is over.
    :raises ValueError: if it does not say how it is signed.
    :raises UnsupportedAlgorithm: if the signature is of a kind that the cryptography library does not have.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

    signature, digest = whole.signature, whole.signature_hash_algorithm
    way = whole.signature_algorithm_parameters
    try:
        if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(way, ec.ECDSA):
            key.verify(signature, signed, way)
        elif isinstance(key, rsa.RSAPublicKey) and digest is not None and not isinstance(way, ec.ECDSA | None):
            key.verify(signature, signed, way, digest)
        elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey) and digest is None:
            key.verify(signature, signed)
        else:
            return False
    except InvalidSignature:
        return False
    return True


def require_chip_key(key: PublicKey, whose: str) -> PublicKey:
    """A public key that the chip takes with a command.

    :param whose: where it is from, for messages.
    :raises ConfigurationError: if the chip has no such algorithm.
    """
    if key.algorithm is None:
        raise ConfigurationError(f"{whose}: the chip does not support {key.title} keys", reason=Reason.UNSUPPORTED)
    try:
        return PublicKey.from_info(key.info)
    except ValueError as error:
        raise ConfigurationError(f"{whose}: {error}") from None


def _load_point(algorithm: KeyAlgorithm, point: bytes) -> CertificatePublicKeyTypes:
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.EllipticCurvePublicKey.from_encoded_point(curve_of(algorithm), point)
