"""What a line sees of the commands that it carries: enough to know what may be repeated, answered and shown."""

from __future__ import annotations

from optiga.protocol import apdu, tlv
from optiga.protocol.codes import CommandCode
from optiga.protocol.symmetric import CIPHERS

SAVED_CONTEXT = 0x01
"""Param of OpenApplication and CloseApplication where a context is restored or kept."""
SYMMETRIC = (CommandCode.ENCRYPT_SYM, CommandCode.DECRYPT_SYM)

_WAYS = {
    CommandCode.CALC_SSEC: (0x01, 0x08),
    CommandCode.DERIVE_KEY: (0x01, 0x08),
    CommandCode.DECRYPT_ASYM: (0x03, 0x02),
}
MAKING_SECRETS = tuple(_WAYS)
"""Commands that make a secret with an object or session, and may put it into a session."""


def param_of(command: bytes) -> int:
    """The Param field of a command APDU; 0 where it is cut off."""
    return command[1] if len(command) > 1 else 0


def tags_of(command: bytes, skipped: int = 0) -> dict[int, bytes] | None:
    """The TLVs of a command APDU by their tags; None if they are damaged.

    :param skipped: bytes of data in front of them.
    """
    try:
        return dict(tlv.decode(command[apdu.HEADER_SIZE + skipped :]))
    except ValueError:
        return None


def symmetric_tags(command: bytes) -> dict[int, bytes]:
    """The TLVs of EncryptSym or DecryptSym, which stand behind the identifier of a key; none if they are damaged."""
    return tags_of(command, skipped=2) or {}


def is_cipher(command: bytes) -> bool:
    """Whether EncryptSym or DecryptSym encrypts or decrypts; otherwise it makes or verifies a MAC."""
    return param_of(command) in CIPHERS


def secret_ways(command: bytes) -> tuple[bytes | None, bytes | None]:
    """Identifiers of what a secret is made with and of the session that it goes into; None for what is not there."""
    source, target = _WAYS[CommandCode(apdu.command_code(command))]
    tags = tags_of(command) or {}
    return tags.get(source), tags.get(target)
