"""GetDataObject. SRM, section of the same name."""

from __future__ import annotations

from optiga.emulator.fields import AT_THE_BEGINNING
from optiga.emulator.machine import CommandError, Machine
from optiga.protocol import objects as oids
from optiga.protocol.codes import ErrorCode
from optiga.protocol.commands.get_data_object import PARAM_METADATA
from optiga.protocol.metadata import Tag

OBJECT_TAG: int = AT_THE_BEGINNING
"""Where the identifier of its object stands: at the beginning."""


def execute(machine: Machine, param: int, data: bytes) -> bytes:
    """Data from an offset, or metadata."""
    if len(data) != 2 and (param == PARAM_METADATA or len(data) != 6):
        raise CommandError(ErrorCode.INVALID_LENGTH)
    oid = int.from_bytes(data[:2], "big")
    if param == PARAM_METADATA:
        return machine.object(oid).metadata.encode()
    offset, length = (int.from_bytes(data[2:4], "big"), int.from_bytes(data[4:6], "big")) if data[2:] else (0, 0xFFFF)
    return _read(machine, oid, offset, length)


def _read(machine: Machine, oid: int, offset: int, length: int) -> bytes:
    machine.object(oid)
    if machine.kind(oid).is_key:
        # Whatever the metadata say: the data of a key are never read (note to table 47).
        raise CommandError(ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED)
    machine.require(oid, Tag.READ)
    content = machine.data(oid)
    if length == 0:
        raise CommandError(ErrorCode.INVALID_DATA)
    if offset >= len(content):
        raise CommandError(ErrorCode.DATA_OBJECT_BOUNDARY_EXCEEDED)
    if oid == oids.LAST_ERROR_CODE:
        machine.last_error = ErrorCode.NO_ERROR
    return content[offset : offset + length]
