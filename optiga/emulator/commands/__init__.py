"""The emulated chip's commands, one module each, named after the command's code.

Each has one function ``execute(machine, param, data) -> bytes`` that returns the data of the answer or raises
:class:`optiga.emulator.machine.CommandError`. The chip has refused every Param that its model lacks before a command is
called. A module is loaded with the first use of its command, for the sake of a CSR's start-up.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from optiga.protocol.codes import CommandCode

if TYPE_CHECKING:
    from optiga.emulator.machine import Machine

CommandFunction = Callable[["Machine", int, bytes], bytes]


@cache
def find_command(code: int) -> CommandFunction | None:  # noqa: PLR0912 - a table
    """What carries out a command; None if the code is none of a command."""
    if code == CommandCode.OPEN_APPLICATION:
        from optiga.emulator.commands import open_application

        return open_application.execute
    if code == CommandCode.GET_DATA_OBJECT:
        from optiga.emulator.commands import get_data_object

        return get_data_object.execute
    if code == CommandCode.SET_DATA_OBJECT:
        from optiga.emulator.commands import set_data_object

        return set_data_object.execute
    if code == CommandCode.GEN_KEY_PAIR:
        from optiga.emulator.commands import gen_key_pair

        return gen_key_pair.execute
    if code == CommandCode.CALC_SIGN:
        from optiga.emulator.commands import calc_sign

        return calc_sign.execute
    if code == CommandCode.CALC_HASH:
        from optiga.emulator.commands import calc_hash

        return calc_hash.execute
    if code == CommandCode.VERIFY_SIGN:
        from optiga.emulator.commands import verify_sign

        return verify_sign.execute
    if code == CommandCode.GET_RANDOM:
        from optiga.emulator.commands import get_random

        return get_random.execute
    if code == CommandCode.SET_OBJECT_PROTECTED:
        from optiga.emulator.commands import set_object_protected

        return set_object_protected.execute
    if code == CommandCode.CLOSE_APPLICATION:
        from optiga.emulator.commands import close_application

        return close_application.execute
    if code == CommandCode.ENCRYPT_SYM:
        from optiga.emulator.commands import encrypt_sym

        return encrypt_sym.execute
    if code == CommandCode.DECRYPT_SYM:
        from optiga.emulator.commands import decrypt_sym

        return decrypt_sym.execute
    if code == CommandCode.ENCRYPT_ASYM:
        from optiga.emulator.commands import encrypt_asym

        return encrypt_asym.execute
    if code == CommandCode.DECRYPT_ASYM:
        from optiga.emulator.commands import decrypt_asym

        return decrypt_asym.execute
    if code == CommandCode.CALC_SSEC:
        from optiga.emulator.commands import calc_ssec

        return calc_ssec.execute
    if code == CommandCode.DERIVE_KEY:
        from optiga.emulator.commands import derive_key

        return derive_key.execute
    if code == CommandCode.GEN_SYM_KEY:
        from optiga.emulator.commands import gen_sym_key

        return gen_sym_key.execute
    return None
