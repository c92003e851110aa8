"""A public key that is given with a command: the form the chip takes it in, and SubjectPublicKeyInfo."""

from __future__ import annotations

from dataclasses import dataclass

from optiga.protocol import der, tlv
from optiga.protocol.algorithms import IDENTIFIERS, RSA_KEY_BITS, KeyAlgorithm, public_key_info
from optiga.protocol.commands import TAG_ALGORITHM, TAG_CERTIFICATE_OID, TAG_PUBLIC_KEY
from optiga.protocol.value import Value


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class GivenKey(Value):
    """A public key given with a command.

    :param bit_string: the key as a BIT STRING in DER, as the chip gives it, too.
    """

    algorithm: KeyAlgorithm
    bit_string: bytes

    @classmethod
    def from_info(cls, info: bytes) -> GivenKey:
        """From SubjectPublicKeyInfo in DER (RFC 5280, 4.1.2.7).

        :raises ValueError: if it is no key of an algorithm of the chip.
        """
        content = der.content_of(der.SEQUENCE, info)
        for algorithm, identifier in IDENTIFIERS.items():
            bit_string = content[len(identifier) :]
            if content.startswith(identifier) and (algorithm.is_ec or _rsa_bits(bit_string) == RSA_KEY_BITS[algorithm]):
                return cls(algorithm, bit_string)
        raise ValueError("no public key of an algorithm of the chip")

    @property
    def info(self) -> bytes:
        """SubjectPublicKeyInfo in DER."""
        return public_key_info(self.algorithm, self.bit_string)


def encode_key(key: GivenKey | int) -> bytes:
    """The TLVs that tell a command whose key it is about: one given, or that of the certificate in an object."""
    if isinstance(key, int):
        return tlv.encode_integer(TAG_CERTIFICATE_OID, key, 2)
    return tlv.encode_integer(TAG_ALGORITHM, key.algorithm, 1) + tlv.encode(TAG_PUBLIC_KEY, key.bit_string)


def _rsa_bits(bit_string: bytes) -> int:
    """Size of an RSA public key in bits."""
    numbers = der.content_of(der.SEQUENCE, der.content_of(der.BIT_STRING, bit_string)[1:])
    return der.take_integer(numbers)[0].bit_length()
