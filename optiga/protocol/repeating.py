"""Which commands a line may send again when their answer was lost."""

from __future__ import annotations

from optiga.protocol import apdu
from optiga.protocol.codes import CommandCode
from optiga.protocol.sent import (
    MAKING_SECRETS,
    SAVED_CONTEXT,
    SYMMETRIC,
    is_cipher,
    param_of,
    secret_ways,
    symmetric_tags,
)
from optiga.protocol.symmetric import SymStep

_COUNT = 0x02
_APPLICATION = (CommandCode.OPEN_APPLICATION, CommandCode.CLOSE_APPLICATION)


def is_repeatable(command: bytes) -> bool:
    """Whether a command APDU may be sent again when its answer was lost.

    Counting would count twice; a step in the middle of a chain would break it; a secret that goes where it came from
    is not there a second time, nor is a saved context.
    """
    code = apdu.command_code(command)
    if code == CommandCode.SET_DATA_OBJECT:
        return param_of(command) != _COUNT
    if code == CommandCode.CALC_HASH:
        first_tag = command[apdu.HEADER_SIZE] if len(command) > apdu.HEADER_SIZE else 0
        return first_tag & 0x0F == SymStep.START_AND_FINAL
    if code in SYMMETRIC:
        # A verification uses up the session's random: a second one fails, and takes the authorization back.
        is_whole = SymStep.START_AND_FINAL in symmetric_tags(command)
        return is_whole and (code == CommandCode.ENCRYPT_SYM or is_cipher(command))
    if code in MAKING_SECRETS:
        source, target = secret_ways(command)
        return target is None or target != source
    if code in _APPLICATION:
        return param_of(command) != SAVED_CONTEXT
    return code != CommandCode.SET_OBJECT_PROTECTED
