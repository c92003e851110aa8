"""A public key: SubjectPublicKeyInfo, and the form in which a chip takes and gives it."""

from __future__ import annotations

from optiga.protocol import der
from optiga.protocol.algorithms import IDENTIFIERS, RSA_KEY_BITS, KeyAlgorithm
from optiga.values import Value, frozen


@frozen
class PublicKey(Value):
    """A public key.

    :param info: SubjectPublicKeyInfo in DER (RFC 5280, 4.1.2.7).
    :param algorithm: the chip's algorithm of this kind and size; None if the chip has no such keys.
    :param title: algorithm and size for people, for example ``secp256r1`` or ``RSA-4096``.
    """

    info: bytes
    algorithm: KeyAlgorithm | None
    title: str

    @classmethod
    def of_chip(cls, algorithm: KeyAlgorithm, bit_string: bytes) -> PublicKey:
        """From what a chip gives.

        :param bit_string: the key as a BIT STRING in DER: of a point, or of an RSAPublicKey. It is taken as it is.
        """
        return cls(der.encode(der.SEQUENCE, IDENTIFIERS[algorithm] + bit_string), algorithm, _title(algorithm))

    @classmethod
    def from_info(cls, info: bytes) -> PublicKey:
        """From SubjectPublicKeyInfo in DER of a key of an algorithm of the chip.

        :raises ValueError: if it is none. Whether the numbers in it make a key is not looked at.
        """
        content = der.content_of(der.SEQUENCE, info)
        for algorithm, identifier in IDENTIFIERS.items():
            bit_string = content[len(identifier) :]
            if content.startswith(identifier) and (algorithm.is_ec or _rsa_bits(bit_string) == RSA_KEY_BITS[algorithm]):
                return cls(info, algorithm, _title(algorithm))
        raise ValueError("not a public key of an algorithm that the chip supports")

    @property
    def chip_algorithm(self) -> KeyAlgorithm:
        """The chip's algorithm.

        :raises ValueError: if the chip has no such keys.
        """
        if self.algorithm is None:
            raise ValueError(f"the chip does not support {self.title} keys")
        return self.algorithm

    @property
    def bit_string(self) -> bytes:
        """The key as a BIT STRING in DER, in which a chip takes and gives it.

        :raises ValueError: if the chip has no such keys.
        """
        return der.content_of(der.SEQUENCE, self.info)[len(IDENTIFIERS[self.chip_algorithm]) :]


def _title(algorithm: KeyAlgorithm) -> str:
    return algorithm.title if algorithm.is_ec else f"RSA-{RSA_KEY_BITS[algorithm]}"


def _rsa_bits(bit_string: bytes) -> int:
    """Size of an RSA public key in bits."""
    numbers = der.content_of(der.SEQUENCE, der.content_of(der.BIT_STRING, bit_string)[1:])
    return der.take_integer(numbers)[0].bit_length()
