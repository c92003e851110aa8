"""CloseApplication. SRM, section of the same name."""

from __future__ import annotations

import os

from optiga.emulator.machine import CommandError, Machine
from optiga.emulator.saved_context import encode
from optiga.protocol.codes import ErrorCode
from optiga.protocol.commands.close_application import PARAM_HIBERNATE
from optiga.protocol.commands.open_application import HANDLE_SIZE


def execute(machine: Machine, param: int, data: bytes) -> bytes:
    """End the application; nothing but OpenApplication is available afterwards.

    Its context can be saved, which takes a security event counter of 0 (footnote 6). The answer is its handle then.
    """
    if data:
        raise CommandError(ErrorCode.INVALID_LENGTH)
    handle = b""
    if param == PARAM_HIBERNATE:
        if machine.monitor.value:
            raise CommandError(ErrorCode.COMMAND_OUT_OF_SEQUENCE)
        handle = os.urandom(HANDLE_SIZE)
        machine.table.save_context(encode(machine, handle))
    machine.monitor.synchronize()
    machine.table.commit()  # now, so that a store that fails leaves the application open
    machine.close_application()
    return handle
