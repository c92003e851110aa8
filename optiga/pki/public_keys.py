"""Public keys: what algorithm of the chip they are of, and whether they verify a signature."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from optiga.protocol.algorithms import CURVES, RSA_KEY_BITS, KeyAlgorithm

if TYPE_CHECKING:
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


class PublicKey(NamedTuple):
    """A public key.

    :param algorithm: the chip's algorithm of this kind and size; None if the chip has no such keys.
    :param title: algorithm and size for people, for example ``secp256r1`` or ``RSA-4096``.
    """

    key: CertificatePublicKeyTypes
    algorithm: KeyAlgorithm | None
    title: str

    @classmethod
    def of(cls, key: CertificatePublicKeyTypes) -> PublicKey:
        """From cryptography's key, of whatever kind."""
        from cryptography.hazmat.primitives.asymmetric import ec

        if isinstance(key, ec.EllipticCurvePublicKey):
            name = key.curve.name.lower()
            algorithm = next((known for known in CURVES if known.title == name), None)
            return cls(key, algorithm, name)
        from cryptography.hazmat.primitives.asymmetric import rsa

        if isinstance(key, rsa.RSAPublicKey):
            algorithm = next((known for known, bits in RSA_KEY_BITS.items() if bits == key.key_size), None)
            return cls(key, algorithm, f"RSA-{key.key_size}")
        return cls(key, None, type(key).__name__.removesuffix("PublicKey"))

    @classmethod
    def of_point(cls, algorithm: KeyAlgorithm, point: bytes) -> PublicKey:
        """From a point of one of the chip's curves, uncompressed: ``04``, x, y.

        :raises ValueError: if it does not lie on the curve.
        """
        from cryptography.hazmat.primitives.asymmetric import ec

        curve = getattr(ec, _CURVE_CLASSES[algorithm])()
        return cls.of(ec.EllipticCurvePublicKey.from_encoded_point(curve, point))

    @classmethod
    def of_secret(cls, algorithm: KeyAlgorithm, secret: int) -> PublicKey:
        """Of a private key on one of the chip's curves.

        :raises ValueError: if it is none of the curve.
        """
        from cryptography.hazmat.primitives.asymmetric import ec

        return cls.of(ec.derive_private_key(secret, getattr(ec, _CURVE_CLASSES[algorithm])()).public_key())

    @classmethod
    def of_rsa(cls, modulus: int, exponent: int) -> PublicKey:
        """From the numbers of an RSA key.

        :raises ValueError: if they are none of an RSA key.
        """
        from cryptography.hazmat.primitives.asymmetric import rsa

        if modulus < 0 or exponent < 0:
            raise ValueError("a number of the RSA key is negative")
        return cls.of(rsa.RSAPublicNumbers(exponent, modulus).public_key())

    @classmethod
    def of_info(cls, info: bytes) -> PublicKey:
        """From SubjectPublicKeyInfo in DER.

        :raises ValueError: if it is none, or of a kind that certificates do not have.
        """
        from cryptography.hazmat.primitives.serialization import load_der_public_key

        from optiga.pki.x509_errors import one_error

        with one_error():
            return cls.of(cast("CertificatePublicKeyTypes", load_der_public_key(info)))

    @property
    def info(self) -> bytes:
        """SubjectPublicKeyInfo in DER."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return self.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def verifies(self, signature: bytes, data: bytes, hash_name: str) -> bool:
        """Whether a signature over data is of this key: ECDSA in DER, or PKCS #1 v1.5.

        :param hash_name: sha256, sha384 or sha512.
        """
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec

        digest: hashes.HashAlgorithm = getattr(hashes, hash_name.upper())()
        try:
            if isinstance(self.key, ec.EllipticCurvePublicKey):
                self.key.verify(signature, data, ec.ECDSA(digest))
                return True
            from cryptography.hazmat.primitives.asymmetric import padding, rsa

            if isinstance(self.key, rsa.RSAPublicKey):
                self.key.verify(signature, data, padding.PKCS1v15(), digest)
                return True
        except InvalidSignature:
            pass
        return False
