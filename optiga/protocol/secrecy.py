"""Which commands and answers carry a secret, so that no log may show them."""

from __future__ import annotations

from optiga.protocol import apdu
from optiga.protocol.codes import TAG_DATA, TAG_EXPORT, CommandCode
from optiga.protocol.objects import OBJECTS, PLATFORM_BINDING_SECRET, ObjectKind
from optiga.protocol.sent import SAVED_CONTEXT, is_cipher, param_of, tags_of

_MANIFEST = b"\x30"
_SECRET_OBJECTS = (PLATFORM_BINDING_SECRET,)
_METADATA = 0x01
_EXPORTING = (
    CommandCode.GEN_KEY_PAIR,
    CommandCode.GEN_SYM_KEY,
    CommandCode.CALC_SSEC,
    CommandCode.DERIVE_KEY,
)


def hides_command(command: bytes) -> bool:
    """Whether a command APDU carries a secret, so that no log may show it.

    One to be written, or to be encrypted; the handle of a saved context, which is as good as the context.
    """
    code = apdu.command_code(command)
    if code == CommandCode.OPEN_APPLICATION:
        return param_of(command) == SAVED_CONTEXT
    if code == CommandCode.SET_OBJECT_PROTECTED:
        return not command[apdu.HEADER_SIZE :].startswith(_MANIFEST)  # fragments may bring a key in plain
    if code == CommandCode.ENCRYPT_ASYM:
        return TAG_DATA in (tags_of(command) or {})
    if code == CommandCode.ENCRYPT_SYM:
        return is_cipher(command)
    return code == CommandCode.SET_DATA_OBJECT and _object(command) in _SECRET_OBJECTS


def hides_answer(command: bytes) -> bool:
    """Whether the answer to a command APDU may carry a secret, so that no log may show it.

    One that is read, a key that is exported, random bytes, the handle of a saved context. Any arbitrary data object can
    hold a pre-shared secret: only its metadata tell.
    """
    code = apdu.command_code(command)
    if code == CommandCode.GET_DATA_OBJECT:
        return param_of(command) != _METADATA and _may_be_secret(_object(command))
    if code == CommandCode.CLOSE_APPLICATION:
        return param_of(command) == SAVED_CONTEXT
    if code in _EXPORTING:
        tags = tags_of(command)
        return tags is None or TAG_EXPORT in tags
    # What a host does with random bytes nobody knows: it may make a key of them; of a MAC, too.
    if code == CommandCode.ENCRYPT_SYM:
        return not hides_command(command)
    return code in (CommandCode.DECRYPT_ASYM, CommandCode.DECRYPT_SYM, CommandCode.GET_RANDOM)


def _may_be_secret(oid: int) -> bool:
    info = OBJECTS.get(oid)
    return oid in _SECRET_OBJECTS or (info is not None and info.kind == ObjectKind.DATA)


def _object(command: bytes) -> int:
    return int.from_bytes(command[apdu.HEADER_SIZE : apdu.HEADER_SIZE + 2], "big")
