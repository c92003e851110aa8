"""EncryptAsym: RSA encryption on the chip, of data given or of a secret it holds. SRM, "EncryptAsym"."""

from __future__ import annotations

from typing import ClassVar

from optiga.chip.commands.base import Command
from optiga.chip.commands.given_key import encode_key
from optiga.protocol import tlv
from optiga.protocol.algorithms import RSA_KEY_BITS
from optiga.protocol.codes import CommandCode, ErrorCode
from optiga.protocol.commands import TAG_DATA
from optiga.protocol.commands.encrypt_asym import TAG_SESSION, TYPICAL_MS, AsymmetricCipher
from optiga.protocol.public_key import PublicKey
from optiga.protocol.request import Returns, Traits, longest_ms
from optiga.values import frozen


@frozen
class EncryptAsym(Command[bytes]):
    """Encrypt by RSAES-PKCS1-v1.5. The result is as long as the key: 128 or 256 bytes.

    :param message: at most 117 bytes for a key of 1024 bits, 245 for one of 2048; or the identifier of a session that
        holds a pre-master secret.
    :param key: the public key, or the identifier of an object with one certificate in plain DER.
    """

    message: bytes | int
    key: PublicKey | int

    code: ClassVar[CommandCode] = CommandCode.ENCRYPT_ASYM
    param: ClassVar[int] = AsymmetricCipher.RSAES_PKCS1_V15

    @property
    def target(self) -> int | None:
        return self.key if isinstance(self.key, int) else None

    @property
    def secrets(self) -> tuple[str, ...]:
        return ("message",) if isinstance(self.message, bytes) else ()

    @property
    def traits(self) -> Traits:
        return Traits(Returns.DATA, TYPICAL_MS, longest_ms(TYPICAL_MS), hides_command=not isinstance(self.message, int))

    @property
    def data(self) -> bytes:
        if isinstance(self.message, int):
            message = tlv.encode_integer(TAG_SESSION, self.message, 2)
        else:
            message = tlv.encode(TAG_DATA, self.message)
        return message + encode_key(self.key)

    def parse(self, answer: bytes) -> bytes:
        encrypted = parse_data(answer)
        sizes = {bits // 8 for bits in RSA_KEY_BITS.values()}
        if isinstance(self.key, PublicKey):
            sizes = {RSA_KEY_BITS.get(self.key.chip_algorithm, 0) // 8}
        if len(encrypted) not in sizes:
            raise ValueError(f"{len(encrypted)} encrypted bytes, which does not fit any RSA key of the command")
        return encrypted

    def hint(self, error: ErrorCode) -> str:
        if error == ErrorCode.INVALID_DATA:
            return (
                "The message is longer than 117 bytes with an RSA-1024 key or 245 bytes with an RSA-2048 key, or the "
                "public key is not an RSA key of this size"
            )
        if error == ErrorCode.COMMAND_OUT_OF_SEQUENCE:
            return "The session has no pre-master secret: generate one first"
        if error == ErrorCode.UNSUPPORTED_CERTIFICATE:
            return "The certificate is too large, has no RSA key, or its key usage does not allow encipherment"
        if error == ErrorCode.INVALID_CERTIFICATE_FORMAT:
            return "The object must have a single certificate in plain DER with a key usage"
        return ""


def parse_data(answer: bytes) -> bytes:
    """The data in an answer of EncryptAsym or DecryptAsym.

    :raises ValueError: if there is not exactly one TLV of them.
    """
    items = tlv.decode(answer)
    if len(items) != 1 or items[0][0] != TAG_DATA:
        raise ValueError("not one TLV 0x61 with data")
    return items[0][1]
