"""Which answers a command can have, so that one that was on its way to somebody else is not taken for its own."""

from __future__ import annotations

from optiga.protocol import apdu
from optiga.protocol.codes import TAG_EXPORT, CommandCode
from optiga.protocol.request import Returns
from optiga.protocol.sent import (
    MAKING_SECRETS,
    SAVED_CONTEXT,
    SYMMETRIC,
    is_cipher,
    param_of,
    secret_ways,
    symmetric_tags,
    tags_of,
)
from optiga.protocol.symmetric import SymStep

_RETURNS_NOTHING = (
    CommandCode.OPEN_APPLICATION,
    CommandCode.SET_DATA_OBJECT,
    CommandCode.SET_OBJECT_PROTECTED,
    CommandCode.VERIFY_SIGN,
)
_RETURNS_SOMETHING = (CommandCode.GEN_KEY_PAIR, CommandCode.CALC_SIGN, CommandCode.ENCRYPT_ASYM)
_HARDLY_EMPTY = (CommandCode.GET_DATA_OBJECT,)
_PRE_MASTER_SECRET = 0x04


def returned_by(command: bytes) -> Returns:
    """What the answer without error to a command APDU brings."""
    if apdu.command_code(command) in _HARDLY_EMPTY:
        return Returns.MOSTLY_DATA
    returns = _returns_data(command)
    return Returns.EITHER if returns is None else Returns.DATA if returns else Returns.NOTHING


def _returns_data(command: bytes) -> bool | None:
    """Whether the answer without error to a command APDU carries data; None if it may or may not."""
    code = apdu.command_code(command)
    if code in _RETURNS_NOTHING:
        return False
    if code == CommandCode.CLOSE_APPLICATION:
        return param_of(command) == SAVED_CONTEXT
    if code == CommandCode.GET_RANDOM:
        return param_of(command) != _PRE_MASTER_SECRET
    if code in MAKING_SECRETS:
        return secret_ways(command)[1] is None
    if code in SYMMETRIC:
        return _returns_symmetric_data(command)
    if code == CommandCode.GEN_SYM_KEY:
        return TAG_EXPORT in (tags_of(command) or {})
    return True if code in _RETURNS_SOMETHING else None


def _returns_symmetric_data(command: bytes) -> bool:
    """A cipher gives something for every part, a MAC comes at the end, and a verification gives nothing."""
    if is_cipher(command):
        return True
    tags = symmetric_tags(command)
    is_end = SymStep.START_AND_FINAL in tags or SymStep.FINAL in tags
    return apdu.command_code(command) == CommandCode.ENCRYPT_SYM and is_end
