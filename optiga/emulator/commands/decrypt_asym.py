"""DecryptAsym: RSAES-PKCS1-v1.5. SRM, section of the same name."""

from __future__ import annotations

from optiga.emulator import keys
from optiga.emulator.fields import expect_tags, take_number, take_session, take_tags
from optiga.emulator.machine import CommandError, Machine
from optiga.emulator.sessions import Origin
from optiga.protocol import tlv
from optiga.protocol.algorithms import RSA_KEY_BITS
from optiga.protocol.codes import ErrorCode, KeyUsage
from optiga.protocol.commands import TAG_DATA
from optiga.protocol.commands.decrypt_asym import TAG_KEY_OID, TAG_SESSION

OBJECT_TAG: int = TAG_KEY_OID
"""Where the identifier of its object stands."""


def execute(machine: Machine, _param: int, data: bytes) -> bytes:
    """Decrypt a message with a key of the chip, out or into a session context."""
    tags = take_tags(data)
    target = take_session(tags.pop(TAG_SESSION)) if TAG_SESSION in tags else None
    protected, where = expect_tags(tags, TAG_DATA, TAG_KEY_OID)
    key = machine.key(take_number(where, 2))
    if not key.algorithm.is_rsa or not int(key.usage) & KeyUsage.ENCRYPTION:
        raise CommandError(ErrorCode.UNSUPPORTED_EXTENSION)
    if len(protected) != RSA_KEY_BITS[key.algorithm] // 8:
        raise CommandError(ErrorCode.INVALID_DATA)
    try:
        message = keys.decrypt(key.private, protected)
    except ValueError:
        raise CommandError(ErrorCode.DECRYPTION_FAILURE) from None
    if target is None:
        return tlv.encode(TAG_DATA, message)
    if len(message) > machine.max_session_secret:
        raise CommandError(ErrorCode.INVALID_DATA)
    machine.keep_secret(target, message, Origin.DECRYPTED)
    return b""
