"""Which commands and answers carry a secret, so that no log may show them."""

from __future__ import annotations

from optiga.protocol import apdu
from optiga.protocol.codes import TAG_DATA, TAG_EXPORT, CommandCode
from optiga.protocol.objects import PLATFORM_BINDING_SECRET
from optiga.protocol.sent import is_cipher, tags_of

_MANIFEST = b"\x30"
_SECRET_OBJECTS = (PLATFORM_BINDING_SECRET,)
_EXPORTING = (
    CommandCode.GEN_KEY_PAIR,
    CommandCode.GEN_SYM_KEY,
    CommandCode.CALC_SSEC,
    CommandCode.DERIVE_KEY,
)


def hides_command(command: bytes) -> bool:
    """Whether a command APDU carries a secret, so that no log may show it: one to be written, or to be encrypted."""
    code = apdu.command_code(command)
    if code == CommandCode.SET_OBJECT_PROTECTED:
        return not command[apdu.HEADER_SIZE :].startswith(_MANIFEST)  # fragments may bring a key in plain
    if code == CommandCode.ENCRYPT_ASYM:
        return TAG_DATA in (tags_of(command) or {})
    if code == CommandCode.ENCRYPT_SYM:
        return is_cipher(command)
    return code == CommandCode.SET_DATA_OBJECT and _object(command) in _SECRET_OBJECTS


def hides_answer(command: bytes) -> bool:
    """Whether the answer to a command APDU carries a secret: one that is read, a key that is exported, random bytes."""
    code = apdu.command_code(command)
    if code == CommandCode.GET_DATA_OBJECT:
        return _object(command) in _SECRET_OBJECTS
    if code in _EXPORTING:
        tags = tags_of(command)
        return tags is None or TAG_EXPORT in tags
    # What a host does with random bytes nobody knows: it may make a key of them; of a MAC, too.
    if code == CommandCode.ENCRYPT_SYM:
        return not hides_command(command)
    return code in (CommandCode.DECRYPT_ASYM, CommandCode.DECRYPT_SYM, CommandCode.GET_RANDOM)


def _object(command: bytes) -> int:
    return int.from_bytes(command[apdu.HEADER_SIZE : apdu.HEADER_SIZE + 2], "big")
