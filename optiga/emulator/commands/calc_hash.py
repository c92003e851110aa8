"""CalcHash. SRM, section of the same name.

Exporting and importing an intermediate context (tags 0x06 and 0x07, step 5) is not modelled.
"""

from __future__ import annotations

import hashlib

from optiga.emulator.fields import take_tlvs
from optiga.emulator.machine import CommandError, Machine
from optiga.protocol import tlv
from optiga.protocol.codes import HASH_SHA256, ErrorCode
from optiga.protocol.metadata import Tag

_START = 0x0
_START_AND_FINAL = 0x1
_CONTINUE = 0x2
_FINAL = 0x3
_TERMINATE = 0x4
_STEPS = (_START, _START_AND_FINAL, _CONTINUE, _FINAL)
_OBJECT_INPUT = 0x10
_ANSWER_DIGEST = 0x01


def execute(machine: Machine, param: int, data: bytes) -> bytes:
    """One step of a SHA-256 over data given or read from an object."""
    if param != HASH_SHA256:
        raise CommandError(ErrorCode.INVALID_PARAM)
    items = take_tlvs(data)
    tag, value = items[0]
    step = tag & 0x0F
    if len(items) > 1 or tag & 0xF0 not in (0x00, _OBJECT_INPUT):
        raise CommandError(ErrorCode.UNSUPPORTED_PARAMETERS)
    if tag == _TERMINATE:
        if value:
            raise CommandError(ErrorCode.INVALID_LENGTH)
        machine.running_hash = None
        return b""
    if step not in _STEPS:
        raise CommandError(ErrorCode.UNSUPPORTED_PARAMETERS)
    message = _object_part(machine, value) if tag & _OBJECT_INPUT else value
    if step == _START_AND_FINAL and not message:
        raise CommandError(ErrorCode.INVALID_LENGTH)
    if step in (_START, _START_AND_FINAL):
        machine.running_hash = hashlib.sha256()
    if machine.running_hash is None:
        raise CommandError(ErrorCode.COMMAND_OUT_OF_SEQUENCE)
    machine.running_hash.update(message)
    if step in (_START, _CONTINUE):
        return b""
    digest = machine.running_hash.digest()
    machine.running_hash = None
    return tlv.encode(_ANSWER_DIGEST, digest)


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
