"""OpenApplication. SRM, section of the same name."""

from __future__ import annotations

from optiga.emulator.machine import CommandError, Machine
from optiga.protocol.codes import APPLICATION_ID, ErrorCode
from optiga.protocol.commands.open_application import HANDLE_SIZE, PARAM_RESTORE


def execute(machine: Machine, param: int, data: bytes) -> bytes:
    """Start the application, with a clean context or with the one that was saved. Either way none is saved any more."""
    if len(data) != len(APPLICATION_ID) + (HANDLE_SIZE if param == PARAM_RESTORE else 0):
        raise CommandError(ErrorCode.INVALID_LENGTH)
    if not data.startswith(APPLICATION_ID):
        raise CommandError(ErrorCode.INVALID_DATA)
    saved = machine.table.saved_context
    machine.table.save_context(b"")
    machine.table.commit()  # now, since what was saved is lost even if the handle is wrong
    machine.open_application()
    if param == PARAM_RESTORE:
        from optiga.emulator.saved_context import restore

        if not restore(machine, saved, data[len(APPLICATION_ID) :]):
            machine.close_application()
            raise CommandError(ErrorCode.INVALID_DATA)
    return b""
