"""Which metadata may be changed, when and to what. SRM, table "Metadata associated with data and key objects"."""

from __future__ import annotations

from optiga.emulator.machine import CommandError, Machine
from optiga.emulator.objects import StoredObject
from optiga.protocol import metadata as md
from optiga.protocol import objects as oids
from optiga.protocol.codes import ErrorCode, KeyUsage, LifeCycleState
from optiga.protocol.metadata import AccessCondition, Metadata, Tag

_RESET_FLUSH_BITS = (0x00, 0x10, 0x20)


def change_metadata(machine: Machine, oid: int, content: bytes) -> None:
    """Stage new metadata of an object: the tags given, all others as they are.

    :raises CommandError: if any tag may not be changed so; none is, then.
    """
    stored = machine.object(oid)
    try:
        changes = Metadata.parse(content)
    except ValueError:
        raise CommandError(ErrorCode.INVALID_DATA) from None
    if not tuple(changes.items()):
        raise CommandError(ErrorCode.INVALID_DATA)
    if stored.metadata.get(Tag.LCSO) is None:
        # Implicit rule: without LcsO the object counts as operational and cannot be changed.
        raise CommandError(ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED)
    state = stored.metadata.life_cycle_state
    for tag, value in changes.items():
        _check_tag(machine, oid, state, tag, value)
    changed = stored.metadata.with_tags(dict(changes.items()))
    if len(changed.encode()) > md.MAX_SIZE:
        raise CommandError(ErrorCode.METADATA_TRUNCATION)
    machine.table.put(oid, StoredObject(stored.data, changed))


def _check_tag(machine: Machine, oid: int, state: LifeCycleState, tag: int, value: bytes) -> None:
    """Refuse a tag that may not be set to a value.

    :param state: life cycle state of the object before the change.
    """
    if tag not in machine.model.kind.metadata_tags:
        raise CommandError(ErrorCode.INVALID_DATA)
    if tag in (Tag.MAX_SIZE, Tag.USED_SIZE, Tag.ALGORITHM):
        raise CommandError(ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED)
    if tag == Tag.LCSO:
        if len(value) != 1 or value[0] not in tuple(LifeCycleState):
            raise CommandError(ErrorCode.INVALID_DATA)
        if value[0] < state:
            raise CommandError(ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED)
        return
    if state >= LifeCycleState.OPERATIONAL:
        raise CommandError(ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED)
    if not is_valid_value(machine, oid, tag, value):
        raise CommandError(ErrorCode.INVALID_DATA)


def is_valid_value(machine: Machine, oid: int, tag: int, value: bytes) -> bool:
    """Whether a value is one that a tag of the object can have; LcsO and the tags that nobody writes aside."""
    is_key = machine.kind(oid).is_key
    if tag in md.ACCESS_TAGS:
        try:
            condition = AccessCondition.parse(value)
        except ValueError:
            return False
        return all(simple.kind in machine.model.kind.conditions for simple in condition)
    if tag == Tag.VERSION:
        return len(value) == 2
    if len(value) != 1:
        return False
    if tag == Tag.KEY_USAGE:
        return is_key and value[0] != 0 and not value[0] & ~_all_usages()
    if tag == Tag.TYPE:
        return not is_key and oid != oids.SECURITY_MONITOR and value[0] in machine.model.kind.object_types
    # What remains is the reset type: a life cycle state, and one way of flushing at the most.
    return value[0] & 0x0F in (0, *LifeCycleState) and value[0] & 0xF0 in _RESET_FLUSH_BITS


def _all_usages() -> int:
    return sum(KeyUsage)
