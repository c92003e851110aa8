"""OpenApplication. SRM, section of the same name."""

from __future__ import annotations

from optiga.emulator.machine import CommandError, Machine
from optiga.protocol.codes import APPLICATION_ID, ErrorCode

_INITIALIZE = 0x00
_RESTORE = 0x01
_HANDLE_SIZE = 8


def execute(machine: Machine, param: int, data: bytes) -> bytes:
    """Start the application with a clean context; a context to restore is never there, since none is saved."""
    if param not in (_INITIALIZE, _RESTORE):
        raise CommandError(ErrorCode.INVALID_PARAM)
    if len(data) != len(APPLICATION_ID) + (_HANDLE_SIZE if param == _RESTORE else 0):
        raise CommandError(ErrorCode.INVALID_LENGTH)
    if not data.startswith(APPLICATION_ID):
        raise CommandError(ErrorCode.INVALID_DATA)
    if param == _RESTORE:
        machine.close_application()
        raise CommandError(ErrorCode.INVALID_DATA)
    machine.open_application()
    return b""
