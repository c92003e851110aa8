"""VerifySign: the chip checks a signature, with a key given or one in its certificate. SRM, "VerifySign"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from optiga.chip.commands.base import Command, expect_no_data
from optiga.protocol import der, tlv
from optiga.protocol.algorithms import IDENTIFIERS, RSA_KEY_BITS, KeyAlgorithm
from optiga.protocol.codes import CommandCode, SignatureScheme

_TAG_DIGEST = 0x01
_TAG_SIGNATURE = 0x02
_TAG_CERTIFICATE_OID = 0x04
_TAG_ALGORITHM = 0x05
_TAG_PUBLIC_KEY = 0x06


@dataclass(eq=False, repr=False)
class PublicKey:
    """A public key given with a command.

    :param bit_string: the key as a BIT STRING in DER.
    """

    algorithm: KeyAlgorithm
    bit_string: bytes

    @classmethod
    def from_info(cls, info: bytes) -> PublicKey:
        """From SubjectPublicKeyInfo in DER (RFC 5280, 4.1.2.7).

        :raises ValueError: if it is no key of an algorithm of the chip.
        """
        content = der.content_of(der.SEQUENCE, info)
        for algorithm, identifier in IDENTIFIERS.items():
            bit_string = content[len(identifier) :]
            if content.startswith(identifier) and (algorithm.is_ec or _rsa_bits(bit_string) == RSA_KEY_BITS[algorithm]):
                return cls(algorithm, bit_string)
        raise ValueError("no public key of an algorithm of the chip")


@dataclass(eq=False, repr=False)
class VerifySign(Command[None]):
    """Check a signature over a digest; a wrong one is an error of the chip (signature verification failure).

    :param signature: raw: for RSA the signature, for ECDSA two INTEGERs in DER without SEQUENCE.
    :param key: the public key, or the identifier of an object with one certificate in plain DER.
    """

    digest: bytes
    signature: bytes
    key: PublicKey | int
    scheme: SignatureScheme

    code: ClassVar[CommandCode] = CommandCode.VERIFY_SIGN

    @property
    def param(self) -> int:
        return self.scheme

    @property
    def data(self) -> bytes:
        signed = tlv.encode(_TAG_DIGEST, self.digest) + tlv.encode(_TAG_SIGNATURE, self.signature)
        if isinstance(self.key, int):
            return signed + tlv.encode_integer(_TAG_CERTIFICATE_OID, self.key, 2)
        return (
            signed
            + tlv.encode_integer(_TAG_ALGORITHM, self.key.algorithm, 1)
            + tlv.encode(_TAG_PUBLIC_KEY, self.key.bit_string)
        )

    def parse(self, answer: bytes) -> None:
        expect_no_data(answer)


def _rsa_bits(bit_string: bytes) -> int:
    """Size of an RSA public key in bits."""
    numbers = der.content_of(der.SEQUENCE, der.content_of(der.BIT_STRING, bit_string)[1:])
    return der.take_integer(numbers)[0].bit_length()
