"""Key algorithms of the chip: identifiers, names and sizes.

Source: SRM, table "Algorithm Identifier". Names are those of the configuration files and of asn1crypto.
"""

from __future__ import annotations

from enum import unique

from optiga.arguments import takes
from optiga.protocol import der
from optiga.protocol.codes import CodeEnum, KeyUsage, SignatureScheme
from optiga.values import Value, frozen


@unique
class KeyAlgorithm(CodeEnum):
    """Parameter of GenKeyPair and GenSymKey, and value of the metadata tag 0xE0."""

    SECP256R1 = 0x03
    SECP384R1 = 0x04
    SECP521R1 = 0x05
    BRAINPOOLP256R1 = 0x13
    BRAINPOOLP384R1 = 0x15
    BRAINPOOLP512R1 = 0x16
    RSA1024 = 0x41
    RSA2048 = 0x42
    AES128 = 0x81
    AES192 = 0x82
    AES256 = 0x83

    @classmethod
    @takes
    def find(cls, name: str) -> KeyAlgorithm | None:
        """Find an algorithm by name, in any letter case and with or without dashes; None if the name is unknown.

        :param name: the name in configurations, or another usual name: ``P-256``, ``prime256v1`` and ``nistp256`` are
            ``secp256r1``.

        Source: NIST SP 800-186, ANSI X9.62, SEC 2, RFC 5639, and OpenSSL's names.
        """
        word = name.strip().lower().translate(_NO_DASHES)
        word = _OTHER_NAMES.get(word, word)
        return next((known for known in cls if known.title == word), None)

    @property
    def names(self) -> tuple[str, ...]:
        """All names of the algorithm, its own name first, without dashes."""
        title = self.title
        return (title, *(name for name, meant in _OTHER_NAMES.items() if meant == title))

    @property
    def is_ec(self) -> bool:
        return self in CURVES

    @property
    def is_rsa(self) -> bool:
        return self in RSA_KEY_BITS

    @property
    def hash_name(self) -> str:
        """Name of the digest that fits the algorithm: the one of its curve; sha256 for RSA."""
        return CURVES[self].hash_name if self.is_ec else "sha256"

    @takes
    def scheme(self, hash_name: str) -> SignatureScheme:
        """The signature scheme for a digest: sha256, sha384 or sha512."""
        return SignatureScheme.ECDSA if self.is_ec else RSA_SCHEMES[hash_name]

    @property
    def usages(self) -> KeyUsage:
        """Every key usage that the chip's commands need for this algorithm. SRM, "Key Usage Identifier" and the
        commands.

        CalcSign needs authentication or signature, CalcSSec needs key agreement, and DecryptAsym and AES need
        encryption.
        """
        if self.is_ec:
            return KeyUsage.AUTHENTICATION | KeyUsage.SIGNATURE | KeyUsage.KEY_AGREEMENT
        if self.is_rsa:
            return KeyUsage.AUTHENTICATION | KeyUsage.SIGNATURE | KeyUsage.ENCRYPTION
        return KeyUsage.ENCRYPTION

    @property
    def title(self) -> str:
        """The name in configurations and results, for example ``secp256r1`` or ``rsa2048``."""
        return self.name.lower()


_DASHES = "-_ "
_NO_DASHES = str.maketrans("", "", _DASHES)
_OTHER_NAMES = {
    "prime256v1": "secp256r1",
    **{
        form.format(bits): f"secp{bits}r1"
        for bits in (256, 384, 521)
        for form in ("p{}", "nistp{}", "nist{}", "ecp{}", "secp{}", "ansip{}r1")
    },
    **{
        form.format(bits): f"brainpoolp{bits}r1"
        for bits in (256, 384, 512)
        for form in ("brainpool{}r1", "brainpoolp{}", "brainpool{}", "bp{}r1")
    },
}
ALGORITHM_NAMES = {name: known.title for known in KeyAlgorithm for name in known.names}
"""Every name of an algorithm, without dashes, and the name that it has in configurations."""
"""What else an algorithm is called, without dashes."""


@frozen
class Curve(Value):
    """An elliptic curve.

    :param coordinate_size: bytes of one coordinate, which is also the size of r and of s.
    :param hash_name: name of the digest that belongs to it.
    """

    algorithm: KeyAlgorithm
    coordinate_size: int
    hash_name: str

    @property
    def name(self) -> str:
        return self.algorithm.title


CURVES = {
    curve.algorithm: curve
    for curve in (
        Curve(KeyAlgorithm.SECP256R1, 32, "sha256"),
        Curve(KeyAlgorithm.SECP384R1, 48, "sha384"),
        Curve(KeyAlgorithm.SECP521R1, 66, "sha512"),
        Curve(KeyAlgorithm.BRAINPOOLP256R1, 32, "sha256"),
        Curve(KeyAlgorithm.BRAINPOOLP384R1, 48, "sha384"),
        Curve(KeyAlgorithm.BRAINPOOLP512R1, 64, "sha512"),
    )
}
RSA_KEY_BITS = {KeyAlgorithm.RSA1024: 1024, KeyAlgorithm.RSA2048: 2048}
RSA_PADDING_SIZE = 11
"""Fewest bytes that RSAES-PKCS1-v1.5 adds to a message (RFC 8017, 7.2.1)."""
AES_KEY_SIZES = {KeyAlgorithm.AES128: 16, KeyAlgorithm.AES192: 24, KeyAlgorithm.AES256: 32}
"""Bytes of the keys that the chip makes."""

HASH_SIZES = {"sha256": 32, "sha384": 48, "sha512": 64}
"""Digests that signatures are made over, with their sizes in bytes."""
RSA_SCHEMES = {
    "sha256": SignatureScheme.RSASSA_PKCS1_V15_SHA256,
    "sha384": SignatureScheme.RSASSA_PKCS1_V15_SHA384,
    "sha512": SignatureScheme.RSASSA_PKCS1_V15_SHA512,
}
"""How RSA keys sign each of them."""

_RSA_IDENTIFIER = bytes.fromhex("300d06092a864886f70d0101010500")
_EC_PUBLIC_KEY = "06072a8648ce3d0201"
IDENTIFIERS = {
    KeyAlgorithm.SECP256R1: bytes.fromhex(f"3013{_EC_PUBLIC_KEY}06082a8648ce3d030107"),
    KeyAlgorithm.SECP384R1: bytes.fromhex(f"3010{_EC_PUBLIC_KEY}06052b81040022"),
    KeyAlgorithm.SECP521R1: bytes.fromhex(f"3010{_EC_PUBLIC_KEY}06052b81040023"),
    KeyAlgorithm.BRAINPOOLP256R1: bytes.fromhex(f"3014{_EC_PUBLIC_KEY}06092b2403030208010107"),
    KeyAlgorithm.BRAINPOOLP384R1: bytes.fromhex(f"3014{_EC_PUBLIC_KEY}06092b240303020801010b"),
    KeyAlgorithm.BRAINPOOLP512R1: bytes.fromhex(f"3014{_EC_PUBLIC_KEY}06092b240303020801010d"),
    KeyAlgorithm.RSA1024: _RSA_IDENTIFIER,
    KeyAlgorithm.RSA2048: _RSA_IDENTIFIER,
}
"""AlgorithmIdentifier in DER of each algorithm (RFC 5480, RFC 5639, RFC 8017)."""


def public_key_info(algorithm: KeyAlgorithm, bit_string: bytes) -> bytes:
    """SubjectPublicKeyInfo in DER (RFC 5280, 4.1.2.7).

    :param bit_string: the key as a BIT STRING in DER, as the chip gives it.
    """
    return der.encode(der.SEQUENCE, IDENTIFIERS[algorithm] + bit_string)
