"""Which metadata may be changed, when and to what. SRM, table "Metadata associated with data and key objects"."""

from __future__ import annotations

from optiga.emulator.machine import CommandError, Machine
from optiga.emulator.objects import StoredObject
from optiga.protocol.codes import ErrorCode
from optiga.protocol.metadata import Metadata
from optiga.protocol.rules.values import Problem, check_change

_REFUSED = (Problem.OWN, Problem.UNCHANGING, Problem.BACKWARDS, Problem.LOCKED)
"""What an object's own state or the chip itself forbids; all else is wrong in what was sent."""


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
    for tag, value in changes.items():
        problem = check_change(machine.model.kind, machine.info(oid), stored.metadata, tag, value)
        if problem in _REFUSED:
            raise CommandError(ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED)
        if problem is not None:
            raise CommandError(ErrorCode.INVALID_DATA)
    machine.put(oid, StoredObject(stored.data, stored.metadata.with_tags(dict(changes.items()))))
