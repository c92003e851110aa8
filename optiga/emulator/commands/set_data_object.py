"""SetDataObject: data and counters; metadata are in a module of their own. SRM, "SetDataObject"."""

from __future__ import annotations

from optiga.emulator.fields import AT_THE_BEGINNING
from optiga.emulator.machine import CommandError, Machine
from optiga.emulator.metadata_change import change_metadata
from optiga.protocol import objects as oids
from optiga.protocol.codes import ErrorCode
from optiga.protocol.commands.set_data_object import (
    COUNTS,
    HEAD_SIZE,
    PARAM_COUNT,
    PARAM_ERASE_AND_WRITE,
    PARAM_METADATA,
)
from optiga.protocol.metadata import Tag
from optiga.protocol.rules.values import check_setting, room_of

OBJECT_TAG: int = AT_THE_BEGINNING
"""Where the identifier of its object stands: at the beginning."""


def execute(machine: Machine, param: int, data: bytes) -> bytes:
    """Write, erase and write, count, or change metadata."""
    if len(data) <= HEAD_SIZE:
        raise CommandError(ErrorCode.INVALID_LENGTH)
    oid, offset, content = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:4], "big"), data[4:]
    machine.object(oid)
    if param == PARAM_METADATA:
        if offset:
            raise CommandError(ErrorCode.INVALID_DATA)
        change_metadata(machine, oid, content)
    elif param == PARAM_COUNT:
        _count(machine, oid, content)
    else:
        _write(machine, oid, offset, content, erase=param == PARAM_ERASE_AND_WRITE)
    return b""


def _write(machine: Machine, oid: int, offset: int, content: bytes, *, erase: bool) -> None:
    stored = machine.object(oid)
    if machine.kind(oid).is_key:
        # Whatever the metadata say: the data of a key are never written so (note to table 47).
        raise CommandError(ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED)
    machine.require(oid, Tag.CHANGE)
    if offset + len(content) > room_of(machine.info(oid), stored.metadata):
        raise CommandError(ErrorCode.DATA_OBJECT_BOUNDARY_EXCEEDED)
    if oid in machine.security_status:
        # A status once given up cannot be had back: bits are only cleared, and all of them by an erase.
        machine.security_status[oid] &= 0 if erase else content[0]
        return
    if check_setting(oid, content[0], stored.data[0] if oid in oids.LIFE_CYCLES else None) is not None:
        raise CommandError(ErrorCode.INVALID_DATA)
    before = b"" if erase else machine.object(oid).data  # as it is now: a counter may be linked to itself
    written = before[:offset].ljust(offset, b"\x00") + content + before[offset + len(content) :]
    machine.put(oid, machine.object(oid).with_content(machine.info(oid), written))


def _count(machine: Machine, oid: int, content: bytes) -> None:
    """Advance a counter: value in the first four bytes, threshold in the last four."""
    counter = machine.object(oid).counter
    if counter is None:
        raise CommandError(ErrorCode.INVALID_OID)
    machine.require(oid, Tag.EXECUTE)
    if len(content) != 1 or content[0] not in COUNTS:
        raise CommandError(ErrorCode.INVALID_DATA)
    value, threshold = counter
    if value >= threshold:
        raise CommandError(ErrorCode.COUNTER_THRESHOLD_EXCEEDED)
    machine.table.put(oid, machine.object(oid).counted(content[0]))
