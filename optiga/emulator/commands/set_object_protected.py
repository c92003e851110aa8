"""SetObjectProtected. SRM, section of the same name, and "Protected Update"."""

from __future__ import annotations

from optiga.emulator.fields import take_tlvs
from optiga.emulator.machine import Chain, CommandError, Machine
from optiga.emulator.protected_update import RunningUpdate
from optiga.emulator.update_start import begin
from optiga.protocol.codes import CommandCode, ErrorCode
from optiga.protocol.commands.set_object_protected import UpdateStep


def execute(machine: Machine, _param: int, data: bytes) -> bytes:
    """One step of a protected update: the manifest, a fragment, or the last fragment."""
    running, machine.chain = machine.chain, None
    (tag, value), *more = take_tlvs(data)
    if more or tag not in tuple(UpdateStep):
        raise CommandError(ErrorCode.INVALID_DATA)
    if tag == UpdateStep.START:
        update = begin(machine, value)
    elif running is None or not isinstance(running.state, RunningUpdate):
        raise CommandError(ErrorCode.COMMAND_OUT_OF_SEQUENCE)
    else:
        update = running.state
        update.take(machine, value, is_last=tag == UpdateStep.FINAL)
    if tag != UpdateStep.FINAL:
        machine.chain = Chain(CommandCode.SET_OBJECT_PROTECTED, update)
    return b""
