"""GenKeyPair with the private key in the answer. SRM, "GenKeyPair"."""

from __future__ import annotations

from typing import ClassVar

from optiga.chip.commands.base import Command
from optiga.chip.commands.gen_key_pair import pair_traits, take_public_key
from optiga.protocol import der, tlv
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import CommandCode
from optiga.protocol.commands import TAG_EXPORT
from optiga.protocol.commands.gen_key_pair import ANSWER_PRIVATE_KEY, ANSWER_PUBLIC_KEY
from optiga.protocol.public_key import PublicKey
from optiga.protocol.request import Traits
from optiga.values import Value, frozen


@frozen
class DrawnKeyPair(Value):
    """A key pair that the chip has made and given out.

    :param private_key: for EC the private number, for RSA the private exponent; as long as the key, big-endian.
    :param public_key: a BIT STRING in DER.
    """

    private_key: bytes
    public_key: bytes
    algorithm: KeyAlgorithm

    @property
    def public_key_info(self) -> bytes:
        """The public key as SubjectPublicKeyInfo in DER (RFC 5280, 4.1.2.7)."""
        return PublicKey.of_chip(self.algorithm, self.public_key).info

    @property
    def secrets(self) -> tuple[str, ...]:
        return ("private_key",)


@frozen
class DrawKeyPair(Command[DrawnKeyPair]):
    """Make a key pair and give it out; the chip keeps nothing of it."""

    algorithm: KeyAlgorithm

    code: ClassVar[CommandCode] = CommandCode.GEN_KEY_PAIR
    data: ClassVar[bytes] = tlv.encode(TAG_EXPORT, b"")

    @property
    def param(self) -> int:
        return self.algorithm

    @property
    def traits(self) -> Traits:
        return pair_traits(self.algorithm, is_given_out=True)

    def parse(self, answer: bytes) -> DrawnKeyPair:
        items = tlv.decode(answer)
        if [tag for tag, _ in items] != [ANSWER_PRIVATE_KEY, ANSWER_PUBLIC_KEY]:
            raise ValueError("it does not have exactly one private and one public key")
        private_key = der.content_of(der.OCTET_STRING, items[0][1])
        return DrawnKeyPair(private_key, take_public_key(items[1][1], self.algorithm), self.algorithm)
