"""DecryptAsym: RSA decryption with a key of the chip. SRM, "DecryptAsym"."""

from __future__ import annotations

from typing import ClassVar

from optiga.chip.commands.base import DENIES, Command, expect_no_data, secret_traits
from optiga.chip.commands.encrypt_asym import parse_data
from optiga.protocol import tlv
from optiga.protocol.codes import CommandCode, ErrorCode
from optiga.protocol.commands import TAG_DATA
from optiga.protocol.commands.decrypt_asym import TAG_KEY_OID, TAG_SESSION, TYPICAL_MS
from optiga.protocol.commands.encrypt_asym import AsymmetricCipher
from optiga.protocol.request import Traits
from optiga.values import frozen


@frozen
class DecryptAsym(Command[bytes]):
    """Decrypt by RSAES-PKCS1-v1.5. The result is the message; nothing if it stays in a session.

    :param encrypted: exactly as long as the key: 128 or 256 bytes.
    :param session: identifier of the session that takes the message, at most 66 bytes, as a secret to derive from;
        None to have it returned.
    """

    oid: int
    encrypted: bytes
    session: int | None = None

    code: ClassVar[CommandCode] = CommandCode.DECRYPT_ASYM
    param: ClassVar[int] = AsymmetricCipher.RSAES_PKCS1_V15

    @property
    def traits(self) -> Traits:
        return secret_traits(TYPICAL_MS, self.oid, self.session)

    @property
    def data(self) -> bytes:
        data = tlv.encode(TAG_DATA, self.encrypted) + tlv.encode_integer(TAG_KEY_OID, self.oid, 2)
        return data if self.session is None else data + tlv.encode_integer(TAG_SESSION, self.session, 2)

    def parse(self, answer: bytes) -> bytes:
        if self.session is None:
            return parse_data(answer)
        expect_no_data(answer)
        return b""

    def hint(self, error: ErrorCode) -> str:
        if error == ErrorCode.DECRYPTION_FAILURE:
            return "The data were not encrypted with this key, or not with RSAES-PKCS1-v1.5"
        if error == ErrorCode.INVALID_DATA:
            return "Encrypted data must be as long as the key; in a session, the message has at most 66 bytes"
        if error == ErrorCode.UNSUPPORTED_EXTENSION:
            return "The object has no RSA key, or its key usage does not include encryption"
        if error == ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED:
            return f"The key's execute {DENIES} its use"
        return ""
