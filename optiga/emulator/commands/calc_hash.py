"""CalcHash. SRM, section of the same name."""

from __future__ import annotations

from optiga.emulator.fields import take_tlvs
from optiga.emulator.machine import CommandError, Machine
from optiga.emulator.sha256 import STATE_SIZE, RunningSha256
from optiga.protocol import tlv
from optiga.protocol.codes import ErrorCode
from optiga.protocol.commands import TAG_EXPORT
from optiga.protocol.commands.calc_hash import ANSWER_DIGEST, OBJECT_INPUT, TAG_CONTEXT, HashStep
from optiga.protocol.metadata import Tag

_STEPS = frozenset(HashStep) - {HashStep.TERMINATE}
_ALLOWED = {
    TAG_CONTEXT: (HashStep.CONTINUE, HashStep.FINAL, HashStep.FINAL_AND_KEEP),
    TAG_EXPORT: (HashStep.START, HashStep.CONTINUE),
}
"""Steps in which a context may be given, and asked for."""


def execute(machine: Machine, _param: int, data: bytes) -> bytes:
    """One step of a SHA-256 over data given or read from an object.

    A context is the whole state of a message so far: any chip goes on with it, however often it is given.
    """
    (tag, value), *options = take_tlvs(data)
    if tag == HashStep.TERMINATE:
        return _terminate(machine, value, options)
    step = tag & 0x0F
    if tag & 0xF0 not in (0x00, OBJECT_INPUT) or step not in _STEPS:
        raise CommandError(ErrorCode.UNSUPPORTED_PARAMETERS)
    context, exported = _take_options(step, options)
    message = _object_part(machine, value) if tag & OBJECT_INPUT else value
    if step == HashStep.START_AND_FINAL and not message:
        raise CommandError(ErrorCode.INVALID_LENGTH)
    if step in (HashStep.START, HashStep.START_AND_FINAL):
        machine.running_hash = RunningSha256()
    elif context is not None:
        machine.running_hash = context  # and what was running is dropped
    running = machine.running_hash
    if running is None:
        raise CommandError(ErrorCode.COMMAND_OUT_OF_SEQUENCE)
    running.update(message)
    if exported:
        return tlv.encode(TAG_CONTEXT, running.state())
    if step in (HashStep.START, HashStep.CONTINUE):
        return b""
    if step != HashStep.FINAL_AND_KEEP:
        machine.running_hash = None
    return tlv.encode(ANSWER_DIGEST, running.digest())


def _terminate(machine: Machine, value: bytes, options: list[tuple[int, bytes]]) -> bytes:
    """Drop what is running; nothing need be."""
    if options:
        raise CommandError(ErrorCode.UNSUPPORTED_PARAMETERS)
    if value:
        raise CommandError(ErrorCode.INVALID_LENGTH)
    machine.running_hash = None
    return b""


def _take_options(step: int, options: list[tuple[int, bytes]]) -> tuple[RunningSha256 | None, bool]:
    """The context given with a step, and whether one is to be returned."""
    given = dict(options)
    if any(step not in _ALLOWED.get(tag, ()) for tag in given):
        raise CommandError(ErrorCode.UNSUPPORTED_PARAMETERS)
    if len(given) != len(options):
        raise CommandError(ErrorCode.INVALID_DATA)
    if given.get(TAG_EXPORT) or len(given.get(TAG_CONTEXT, bytes(STATE_SIZE))) != STATE_SIZE:
        raise CommandError(ErrorCode.INVALID_LENGTH)
    context = None
    if TAG_CONTEXT in given:
        try:
            context = RunningSha256.from_state(given[TAG_CONTEXT])
        except ValueError:
            raise CommandError(ErrorCode.INVALID_DATA) from None
    return context, TAG_EXPORT in given


def _object_part(machine: Machine, value: bytes) -> bytes:
    """A part of an object's data; it must lie within the used size and be readable."""
    if len(value) != 6:
        raise CommandError(ErrorCode.INVALID_LENGTH)
    oid, offset, length = (int.from_bytes(value[i : i + 2], "big") for i in (0, 2, 4))
    machine.object(oid)
    if machine.kind(oid).is_key:
        raise CommandError(ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED)
    machine.require(oid, Tag.READ)
    content = machine.data(oid)
    if offset + length > len(content):
        raise CommandError(ErrorCode.DATA_OBJECT_BOUNDARY_EXCEEDED)
    return content[offset : offset + length]
