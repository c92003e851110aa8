"""Which metadata may be changed, when and to what. SRM, table "Metadata associated with data and key objects"."""

from __future__ import annotations

from optiga.emulator.machine import CommandError, Machine
from optiga.emulator.objects import StoredObject
from optiga.emulator.soundness import is_valid_value
from optiga.protocol.codes import ErrorCode, LifeCycleState
from optiga.protocol.metadata import OWN_TAGS, Metadata, Tag


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
    machine.put(oid, StoredObject(stored.data, stored.metadata.with_tags(dict(changes.items()))))


def _check_tag(machine: Machine, oid: int, state: LifeCycleState, tag: int, value: bytes) -> None:
    """Refuse a tag that may not be set to a value.

    :param state: life cycle state of the object before the change.
    """
    if tag not in machine.model.kind.metadata_tags:
        raise CommandError(ErrorCode.INVALID_DATA)
    if tag in OWN_TAGS:
        raise CommandError(ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED)
    if tag == Tag.LCSO:
        if len(value) != 1 or value[0] not in tuple(LifeCycleState):
            raise CommandError(ErrorCode.INVALID_DATA)
        if value[0] < state:
            raise CommandError(ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED)
        return
    if state >= LifeCycleState.OPERATIONAL:
        raise CommandError(ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED)
    if not is_valid_value(machine.model.kind, oid, tag, value):
        raise CommandError(ErrorCode.INVALID_DATA)
