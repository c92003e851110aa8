"""GenKeyPair with the private key kept on the chip. SRM, "GenKeyPair"."""

from __future__ import annotations

from typing import ClassVar

from optiga.chip.commands.base import DENIES, Command
from optiga.protocol import der, tlv
from optiga.protocol.algorithms import CURVES, RSA_KEY_BITS, KeyAlgorithm
from optiga.protocol.codes import CommandCode, ErrorCode, KeyUsage
from optiga.protocol.commands.gen_key_pair import (
    ANSWER_PUBLIC_KEY,
    LONGEST_RSA_MS,
    TAG_OID,
    TAG_USAGE,
    typical_ms,
)
from optiga.protocol.objects import INFINEON_KEY, format_oid, slots_for_new_keys
from optiga.protocol.request import Returns, Traits, longest_ms
from optiga.values import frozen


@frozen
class GenKeyPair(Command[bytes]):
    """Make a key pair and keep its private key in an object. The result is the public key, a BIT STRING in DER."""

    oid: int
    algorithm: KeyAlgorithm
    usage: KeyUsage

    code: ClassVar[CommandCode] = CommandCode.GEN_KEY_PAIR
    condition: ClassVar[str] = "change"

    @property
    def param(self) -> int:
        return self.algorithm

    @property
    def data(self) -> bytes:
        return tlv.encode_integer(TAG_OID, self.oid, 2) + tlv.encode_integer(TAG_USAGE, self.usage, 1)

    @property
    def traits(self) -> Traits:
        return pair_traits(self.algorithm)

    def parse(self, answer: bytes) -> bytes:
        public_keys = [value for tag, value in tlv.decode(answer) if tag == ANSWER_PUBLIC_KEY]
        if len(public_keys) != 1:
            raise ValueError("it does not have exactly one public key")
        return take_public_key(public_keys[0], self.algorithm)

    def hint(self, error: ErrorCode) -> str:
        if self.oid == INFINEON_KEY:
            return "0xE0F0 has Infineon's own key and is locked: use another slot, for example second (0xE0F1)"
        if error == ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED:
            return f"The key's change {DENIES} a new one"
        if error in (ErrorCode.INVALID_PARAM, ErrorCode.UNSUPPORTED_PARAMETERS, ErrorCode.INVALID_DATA):
            return f"This chip does not support {self.algorithm.title} keys, or not in this object"
        if error == ErrorCode.INVALID_OID:
            slots = slots_for_new_keys(is_rsa=self.algorithm.is_rsa)
            named = ", ".join(f"{slot.name} ({format_oid(slot.key_oid)})" for slot in slots)
            return f"Use a slot for {self.algorithm.title} keys: {named}"
        return ""


def pair_traits(algorithm: KeyAlgorithm, *, is_given_out: bool = False) -> Traits:
    """Traits of a command that makes a key pair."""
    typical = typical_ms(algorithm)
    longest = LONGEST_RSA_MS if algorithm.is_rsa else longest_ms(typical)
    return Traits(Returns.DATA, typical, longest, hides_answer=is_given_out)


def take_public_key(value: bytes, algorithm: KeyAlgorithm) -> bytes:
    """A public key as the chip gives it, if it is one that every verifier can read.

    Others would go into the CSR as they are, and nobody would take that.

    :param value: for EC the point, uncompressed (RFC 5480, 2.2); for RSA an RSAPublicKey (RFC 8017, A.1.1), of which
        :func:`is_rsa_key` says more; either in a BIT STRING in DER.
    :raises ValueError: if it is another, or of another size than the algorithm says.
    """
    if value[:1] != bytes([der.BIT_STRING]):
        raise ValueError("it has no public key as a BIT STRING")
    content = der.content_of(der.BIT_STRING, value)
    if content[:1] != b"\x00":
        raise ValueError("the BIT STRING of the public key does not consist of whole bytes")
    curve = CURVES.get(algorithm)
    if curve is not None and (content[1:2] != b"\x04" or len(content) != 2 + 2 * curve.coordinate_size):
        raise ValueError(f"the public key is not an uncompressed point of {curve.name}")
    return value


def is_rsa_key(value: bytes, algorithm: KeyAlgorithm) -> bool:
    """Whether a BIT STRING holds a modulus of an algorithm's size and an exponent, each as short as it can be.

    :raises ValueError: if it holds no two numbers.
    """
    bits = RSA_KEY_BITS[algorithm]
    numbers = der.content_of(der.SEQUENCE, der.content_of(der.BIT_STRING, value)[1:])
    modulus, rest = der.take_integer(numbers)
    exponent, nothing = der.take_integer(rest)
    shortest = der.encode_integer(modulus) + der.encode_integer(exponent)
    return modulus.bit_length() == bits and not nothing and shortest == numbers
