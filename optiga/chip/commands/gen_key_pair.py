"""GenKeyPair: a key pair whose private key stays on the chip, or is given out. SRM, "GenKeyPair"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from optiga.chip.commands.base import Command
from optiga.protocol import der, tlv
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import CommandCode, ErrorCode, KeyUsage

_TAG_OID = 0x01
_TAG_USAGE = 0x02
_TAG_PRIVATE_KEY = 0x01
_TAG_PUBLIC_KEY = 0x02
_TAG_EXPORT = 0x07
_INFINEON_KEY = 0xE0F0


@dataclass(eq=False, repr=False)
class GenKeyPair(Command[bytes]):
    """Make a key pair and keep its private key in an object. The result is the public key, a BIT STRING in DER."""

    oid: int
    algorithm: KeyAlgorithm
    usage: KeyUsage

    code: ClassVar[CommandCode] = CommandCode.GEN_KEY_PAIR

    @property
    def param(self) -> int:
        return self.algorithm

    @property
    def data(self) -> bytes:
        return tlv.encode_integer(_TAG_OID, self.oid, 2) + tlv.encode_integer(_TAG_USAGE, self.usage, 1)

    def parse(self, answer: bytes) -> bytes:
        public_keys = [value for tag, value in tlv.decode(answer) if tag == _TAG_PUBLIC_KEY]
        if len(public_keys) != 1:
            raise ValueError("not one public key in it")
        return _public_key(public_keys[0])

    def hint(self, error: ErrorCode) -> str:
        if self.oid == _INFINEON_KEY:
            return "0xE0F0 holds Infineon's own key and is locked; use another slot, for example second (0xE0F1)"
        if error == ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED:
            return "The key is locked: its change access condition does not allow a new one"
        if error in (ErrorCode.INVALID_PARAM, ErrorCode.UNSUPPORTED_PARAMETERS, ErrorCode.INVALID_DATA):
            return f"This chip has no {self.algorithm.title} keys, or not in this object"
        return ""


class DrawnKeyPair(NamedTuple):
    """A key pair that the chip has made and given out.

    :param private_key: for EC the private number, for RSA the private exponent; as long as the key, big-endian.
    :param public_key: a BIT STRING in DER.
    """

    private_key: bytes
    public_key: bytes


@dataclass(eq=False, repr=False)
class DrawKeyPair(Command[DrawnKeyPair]):
    """Make a key pair and give it out; the chip keeps nothing of it."""

    algorithm: KeyAlgorithm

    code: ClassVar[CommandCode] = CommandCode.GEN_KEY_PAIR
    data: ClassVar[bytes] = tlv.encode(_TAG_EXPORT, b"")

    @property
    def param(self) -> int:
        return self.algorithm

    def parse(self, answer: bytes) -> DrawnKeyPair:
        items = tlv.decode(answer)
        if [tag for tag, _ in items] != [_TAG_PRIVATE_KEY, _TAG_PUBLIC_KEY]:
            raise ValueError("not one private and one public key in it")
        return DrawnKeyPair(der.content_of(der.OCTET_STRING, items[0][1]), _public_key(items[1][1]))


def _public_key(value: bytes) -> bytes:
    if value[:1] != bytes([der.BIT_STRING]):
        raise ValueError("no public key as a BIT STRING in it")
    return value
