"""CloseApplication. SRM, section of the same name. Saving the context (param 1) is not modelled."""

from __future__ import annotations

from optiga.emulator.machine import CommandError, Machine
from optiga.protocol.codes import ErrorCode


def execute(machine: Machine, param: int, data: bytes) -> bytes:
    """End the application; nothing but OpenApplication is available afterwards."""
    if param != 0:
        raise CommandError(ErrorCode.INVALID_PARAM)
    if data:
        raise CommandError(ErrorCode.INVALID_LENGTH)
    machine.close_application()
    return b""
