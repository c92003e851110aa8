"""What a line must know of a command: whether it can be repeated, what its answer looks like, what must not be seen."""

from __future__ import annotations

from optiga.protocol import apdu, tlv
from optiga.protocol.codes import CommandCode
from optiga.protocol.objects import PLATFORM_BINDING_SECRET
from optiga.protocol.timing import command_code

_COUNT = 0x02
_START_AND_FINAL = 0x01
_CHAINED = (CommandCode.CALC_HASH, CommandCode.ENCRYPT_SYM, CommandCode.DECRYPT_SYM)
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
_SECRET_OBJECTS = (PLATFORM_BINDING_SECRET,)
_HARDLY_EMPTY = (CommandCode.GET_DATA_OBJECT, CommandCode.GET_RANDOM)
_RETURNS_SOMETHING = (CommandCode.GEN_KEY_PAIR, CommandCode.CALC_SIGN)


def is_repeatable(command: bytes) -> bool:
    """Whether a command APDU may be sent again when its answer was lost.

    Counting would count twice; a step in the middle of a chain would break it.
    """
    code = command_code(command)
    param = command[1] if len(command) > 1 else 0
    if code == CommandCode.SET_DATA_OBJECT:
        return param != _COUNT
    if code in _CHAINED:
        first_tag = command[apdu.HEADER_SIZE] if len(command) > apdu.HEADER_SIZE else 0
        return first_tag & 0x0F == _START_AND_FINAL
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
    code = command_code(command)
    if code in _RETURNS_NOTHING:
        return not parsed.data
    return bool(parsed.data) or code not in _RETURNS_SOMETHING


def is_sure_answer(command: bytes, answer: bytes) -> bool:
    """Whether an answer APDU can only be one to a command APDU, so that nothing else need be heard to believe it.

    An object may be empty, but an empty answer to a read is more likely one to somebody's write before.
    """
    empty = len(answer) == apdu.HEADER_SIZE and answer[0] == apdu.STATUS_OK
    return can_answer(command, answer) and not (empty and command_code(command) in _HARDLY_EMPTY)


def hides_command(command: bytes) -> bool:
    """Whether a command APDU carries a secret, so that no log may show it."""
    return command_code(command) == CommandCode.SET_DATA_OBJECT and _object(command) in _SECRET_OBJECTS


def hides_answer(command: bytes) -> bool:
    """Whether the answer to a command APDU carries a secret: one that is read, or a key that is exported."""
    code = command_code(command)
    if code == CommandCode.GET_DATA_OBJECT:
        return _object(command) in _SECRET_OBJECTS
    if code in _EXPORTING:
        try:
            return any(tag == _TAG_EXPORT for tag, _ in tlv.decode(command[apdu.HEADER_SIZE :]))
        except ValueError:
            return True
    return code in (CommandCode.DECRYPT_ASYM, CommandCode.DECRYPT_SYM)


def _object(command: bytes) -> int:
    return int.from_bytes(command[apdu.HEADER_SIZE : apdu.HEADER_SIZE + 2], "big")
