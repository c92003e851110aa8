"""DeriveKey: a key derived from a secret of the chip, by the TLS 1.2 PRF or HKDF. SRM, "DeriveKey"."""

from __future__ import annotations

from typing import ClassVar

from optiga.chip.commands.base import DENIES, Command, expect_no_data, secret_traits
from optiga.chip.commands.calc_ssec import encode_target
from optiga.errors import counted
from optiga.protocol import tlv
from optiga.protocol.codes import CommandCode, ErrorCode
from optiga.protocol.commands.derive_key import (
    TAG_INFO,
    TAG_LENGTH,
    TAG_SALT,
    TAG_SECRET_OID,
    TYPICAL_MS,
    KeyDerivation,
)
from optiga.protocol.request import Traits
from optiga.values import frozen


@frozen
class DeriveKey(Command[bytes]):
    """Derive a key. The result is the key; nothing if it stays in a session.

    :param oid: of the secret: a session, or a data object of the type pre-shared secret with at most 64 bytes.
    :param size: bytes of the key, at least 16; at most 256 if it is returned, 66 if it stays.
    :param salt: for HKDF at most 1024 bytes; for the PRF label and seed together, 8 to 1024 bytes.
    :param info: for HKDF only, at most 256 bytes.
    :param session: identifier of the session that takes the key, in place of what is there; None to have it returned.
    """

    oid: int
    method: KeyDerivation
    size: int
    salt: bytes = b""
    info: bytes = b""
    session: int | None = None

    code: ClassVar[CommandCode] = CommandCode.DERIVE_KEY

    @property
    def param(self) -> int:
        return self.method

    @property
    def data(self) -> bytes:
        return (
            tlv.encode_integer(TAG_SECRET_OID, self.oid, 2)
            + tlv.encode_integer(TAG_LENGTH, self.size, 2)
            + (tlv.encode(TAG_INFO, self.info) if self.info else b"")
            + tlv.encode(TAG_SALT, self.salt)
            + encode_target(self.session)
        )

    @property
    def traits(self) -> Traits:
        return secret_traits(TYPICAL_MS, self.oid, self.session, hides_answer=self.session is None)

    def parse(self, answer: bytes) -> bytes:
        if self.session is not None:
            expect_no_data(answer)
            return b""
        if len(answer) != self.size:
            raise ValueError(f"a key of {counted(len(answer), 'byte')} instead of {self.size}")
        return answer

    def hint(self, error: ErrorCode) -> str:
        if error == ErrorCode.INVALID_OID:
            return "Use a secret in a session, or in a data object of the type pre_shared_secret"
        if error == ErrorCode.COMMAND_OUT_OF_SEQUENCE:
            return "The session has no secret: run a key agreement first"
        if error == ErrorCode.INVALID_DATA:
            return (
                "A key has 16 to 256 bytes, in a session at most 66; the PRF takes a label and seed of 8 to 1024 bytes "
                "and no info, HKDF a salt of at most 1024 and info of at most 256; a stored secret has at most 64"
            )
        if error == ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED:
            return f"The secret's execute {DENIES} its use"
        return ""
