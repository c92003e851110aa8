"""What the values of commands' Param fields ask for, in words."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import SignatureScheme
from optiga.protocol.commands import CommandCode
from optiga.protocol.commands.derive_key import KeyDerivation
from optiga.protocol.symmetric import SymmetricMode

_SINGLE: dict[tuple[CommandCode, int], str] = {
    (CommandCode.SET_DATA_OBJECT, 0x02): "counters",
    (CommandCode.GET_RANDOM, 0x04): "pre-master secrets",
}


def describe(code: CommandCode, param: int) -> str:
    """What a value of the Param field asks for, for example ``rsa2048 keys``; empty where it has no name."""
    if (code, param) in _SINGLE:
        return _SINGLE[code, param]
    what, kind = _names(code)
    return what.format(_word(kind(param))) if param in tuple(kind) else ""


def listed(code: CommandCode, values: Iterable[int]) -> str:
    """Values of the Param field by their names, for example ``secp256r1, secp384r1``; empty where they have none."""
    what, kind = _names(code)
    return ", ".join(_word(kind(value)) for value in sorted(values)) if what else ""


def _names(code: CommandCode) -> tuple[str, type[IntEnum]]:
    """What a value of a command's Param field asks for, and the names of the values; none for most commands."""
    if code in (CommandCode.GEN_KEY_PAIR, CommandCode.GEN_SYM_KEY):
        return "{} keys", KeyAlgorithm
    if code in (CommandCode.CALC_SIGN, CommandCode.VERIFY_SIGN):
        return "signatures by {}", SignatureScheme
    if code == CommandCode.DERIVE_KEY:
        return "derivation by {}", KeyDerivation
    if code in (CommandCode.ENCRYPT_SYM, CommandCode.DECRYPT_SYM):
        return "operation by {}", SymmetricMode
    return "", IntEnum


def _word(value: IntEnum) -> str:
    return value.title if isinstance(value, KeyAlgorithm) else value.name.lower().replace("_", "-")
