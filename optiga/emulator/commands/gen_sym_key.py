"""GenSymKey. SRM, "GenSymKey"."""

from __future__ import annotations

from optiga.emulator import symmetric
from optiga.emulator.machine import CommandError, Machine
from optiga.emulator.new_keys import metadata_with_key, take_place
from optiga.emulator.objects import StoredObject
from optiga.protocol import tlv
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import ErrorCode
from optiga.protocol.commands.gen_sym_key import ANSWER_KEY, TAG_OID
from optiga.protocol.metadata import Tag
from optiga.protocol.objects import ObjectKind

OBJECT_TAG: int = TAG_OID
"""Where the identifier of its object stands."""


def execute(machine: Machine, param: int, data: bytes) -> bytes:
    """Make an AES key: into its object, or out in plain."""
    algorithm = KeyAlgorithm(param)
    place = take_place(data)
    if place is None:
        return tlv.encode(ANSWER_KEY, symmetric.generate(algorithm))
    oid, usage = place
    stored = machine.object(oid)
    if machine.kind(oid) is not ObjectKind.SYMMETRIC_KEY:
        raise CommandError(ErrorCode.INVALID_OID)
    machine.require(oid, Tag.CHANGE)
    metadata = metadata_with_key(stored, algorithm, usage)
    machine.table.put(oid, StoredObject(symmetric.generate(algorithm), metadata))
    return b""
