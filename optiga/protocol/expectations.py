"""What a line must know of a command: whether it can be repeated, what its answer looks like, what must not be seen."""

from __future__ import annotations

from optiga.protocol import apdu, tlv
from optiga.protocol.codes import CommandCode
from optiga.protocol.objects import PLATFORM_BINDING_SECRET
from optiga.protocol.symmetric import CIPHERS
from optiga.protocol.timing import command_code

_COUNT = 0x02
_START_AND_FINAL = 0x01
_FINAL = 0x03
_SYMMETRIC = (CommandCode.ENCRYPT_SYM, CommandCode.DECRYPT_SYM)
_APPLICATION = (CommandCode.OPEN_APPLICATION, CommandCode.CLOSE_APPLICATION)
_SAVED_CONTEXT = 0x01
_RETURNS_NOTHING = (
    CommandCode.OPEN_APPLICATION,
    CommandCode.SET_DATA_OBJECT,
    CommandCode.SET_OBJECT_PROTECTED,
    CommandCode.VERIFY_SIGN,
)
_EXPORTING = (
    CommandCode.GEN_KEY_PAIR,
    CommandCode.GEN_SYM_KEY,
    CommandCode.CALC_SSEC,
    CommandCode.DERIVE_KEY,
)
_TAG_EXPORT = 0x07
_TAG_MESSAGE = 0x61
_MANIFEST = b"\x30"
_SECRET_TAGS = {
    CommandCode.CALC_SSEC: (0x01, 0x08),
    CommandCode.DERIVE_KEY: (0x01, 0x08),
    CommandCode.DECRYPT_ASYM: (0x03, 0x02),
}
"""Commands that make a secret: tags of the object that it is made with, and of the session that it may go into."""
_PRE_MASTER_SECRET = 0x04
_SECRET_OBJECTS = (PLATFORM_BINDING_SECRET,)
_HARDLY_EMPTY = (CommandCode.GET_DATA_OBJECT,)
_RETURNS_SOMETHING = (CommandCode.GEN_KEY_PAIR, CommandCode.CALC_SIGN, CommandCode.ENCRYPT_ASYM)


def is_repeatable(command: bytes) -> bool:
    """Whether a command APDU may be sent again when its answer was lost.

    Counting would count twice; a step in the middle of a chain would break it; a secret that goes where it came from
    is not there a second time, nor is a saved context.
    """
    code = command_code(command)
    param = command[1] if len(command) > 1 else 0
    if code == CommandCode.SET_DATA_OBJECT:
        return param != _COUNT
    if code == CommandCode.CALC_HASH:
        first_tag = command[apdu.HEADER_SIZE] if len(command) > apdu.HEADER_SIZE else 0
        return first_tag & 0x0F == _START_AND_FINAL
    if code in _SYMMETRIC:
        # A verification uses up the session's random: a second one fails, and takes the authorization back.
        return _START_AND_FINAL in _symmetric_tags(command) and (code == CommandCode.ENCRYPT_SYM or _is_cipher(command))
    if code in _SECRET_TAGS:
        source, target = _secret_ways(command)
        return target is None or target != source
    if code in _APPLICATION:
        return param != _SAVED_CONTEXT
    return code != CommandCode.SET_OBJECT_PROTECTED


def can_answer(command: bytes, answer: bytes) -> bool:
    """Whether an answer APDU can be one to a command APDU, judged by whether it carries data.

    Finds the answer that was still on its way to somebody who asked before.
    """
    try:
        parsed = apdu.decode_answer(answer)
    except ValueError:
        return False
    if not parsed.ok:
        return not parsed.data
    returns = _returns_data(command)
    return returns is None or returns == bool(parsed.data)


def _returns_data(command: bytes) -> bool | None:
    """Whether the answer without error to a command APDU carries data; None if it may or may not."""
    code = command_code(command)
    if code in _RETURNS_NOTHING:
        return False
    if code == CommandCode.CLOSE_APPLICATION:
        return command[1:2] == bytes([_SAVED_CONTEXT])
    if code == CommandCode.GET_RANDOM:
        return command[1:2] != bytes([_PRE_MASTER_SECRET])
    if code in _SECRET_TAGS:
        return _secret_ways(command)[1] is None
    if code in _SYMMETRIC:
        return _returns_symmetric_data(command)
    if code == CommandCode.GEN_SYM_KEY:
        return _TAG_EXPORT in _tags(command)
    return True if code in _RETURNS_SOMETHING else None


def _returns_symmetric_data(command: bytes) -> bool:
    """A cipher gives something for every part, a MAC comes at the end, and a verification gives nothing."""
    if _is_cipher(command):
        return True
    tags = _symmetric_tags(command)
    return command_code(command) == CommandCode.ENCRYPT_SYM and (_START_AND_FINAL in tags or _FINAL in tags)


def is_sure_answer(command: bytes, answer: bytes) -> bool:
    """Whether an answer APDU can only be one to a command APDU, so that nothing else need be heard to believe it.

    An object may be empty, but an empty answer to a read is more likely one to somebody's write before.
    """
    empty = len(answer) == apdu.HEADER_SIZE and answer[0] == apdu.STATUS_OK
    return can_answer(command, answer) and not (empty and command_code(command) in _HARDLY_EMPTY)


def hides_command(command: bytes) -> bool:
    """Whether a command APDU carries a secret, so that no log may show it: one to be written, or to be encrypted."""
    if command_code(command) == CommandCode.SET_OBJECT_PROTECTED:
        return not command[apdu.HEADER_SIZE :].startswith(_MANIFEST)  # fragments may bring a key in plain
    if command_code(command) == CommandCode.ENCRYPT_ASYM:
        return _TAG_MESSAGE in _tags(command)
    if command_code(command) == CommandCode.ENCRYPT_SYM:
        return _is_cipher(command)
    return command_code(command) == CommandCode.SET_DATA_OBJECT and _object(command) in _SECRET_OBJECTS


def hides_answer(command: bytes) -> bool:
    """Whether the answer to a command APDU carries a secret: one that is read, a key that is exported, random bytes."""
    code = command_code(command)
    if code == CommandCode.GET_DATA_OBJECT:
        return _object(command) in _SECRET_OBJECTS
    if code in _EXPORTING:
        try:
            return any(tag == _TAG_EXPORT for tag, _ in tlv.decode(command[apdu.HEADER_SIZE :]))
        except ValueError:
            return True
    # What a host does with random bytes nobody knows: it may make a key of them; of a MAC, too.
    if code == CommandCode.ENCRYPT_SYM:
        return not hides_command(command)
    return code in (CommandCode.DECRYPT_ASYM, CommandCode.DECRYPT_SYM, CommandCode.GET_RANDOM)


def _object(command: bytes) -> int:
    return int.from_bytes(command[apdu.HEADER_SIZE : apdu.HEADER_SIZE + 2], "big")


def _secret_ways(command: bytes) -> tuple[bytes | None, bytes | None]:
    """Identifiers of what a secret is made with and of where it goes; None for what is not there."""
    source, target = _SECRET_TAGS[CommandCode(command_code(command))]
    tags = _tags(command)
    return tags.get(source), tags.get(target)


def _is_cipher(command: bytes) -> bool:
    """Whether EncryptSym or DecryptSym encrypts or decrypts; otherwise it makes or verifies a MAC."""
    return len(command) > 1 and command[1] in CIPHERS


def _symmetric_tags(command: bytes) -> dict[int, bytes]:
    """The TLVs of EncryptSym or DecryptSym, which stand behind the identifier of a key."""
    return _tags(command, skipped=2)


def _tags(command: bytes, skipped: int = 0) -> dict[int, bytes]:
    """The TLVs of a command APDU by their tags; nothing if they are damaged.

    :param skipped: bytes of data in front of them.
    """
    try:
        return dict(tlv.decode(command[apdu.HEADER_SIZE + skipped :]))
    except ValueError:
        return {}
