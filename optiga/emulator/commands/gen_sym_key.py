"""GenSymKey. SRM, section of the same name."""

from __future__ import annotations

from optiga.emulator import symmetric
from optiga.emulator.fields import expect_tags, take_number, take_tags
from optiga.emulator.machine import CommandError, Machine
from optiga.emulator.objects import StoredObject
from optiga.protocol import tlv
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import ErrorCode, KeyUsage
from optiga.protocol.metadata import MAX_SIZE, Tag
from optiga.protocol.objects import ObjectKind
from optiga.protocol.symmetric import AES_KEY_SIZES

_TAG_OID = 0x01
_TAG_USAGE = 0x02
_TAG_EXPORT = 0x07
_ANSWER_KEY = 0x01
_ALL_USAGES = sum(KeyUsage)


def execute(machine: Machine, param: int, data: bytes) -> bytes:
    """Make an AES key: into its object, or out in plain."""
    if param not in AES_KEY_SIZES:
        raise CommandError(ErrorCode.INVALID_PARAM)
    algorithm = KeyAlgorithm(param)
    tags = take_tags(data)
    if _TAG_EXPORT in tags:
        (nothing,) = expect_tags(tags, _TAG_EXPORT)
        take_number(nothing, 0)
        return tlv.encode(_ANSWER_KEY, symmetric.generate(algorithm))
    where, what_for = expect_tags(tags, _TAG_OID, _TAG_USAGE)
    oid, usage = take_number(where, 2), take_number(what_for, 1)
    if not usage or usage & ~_ALL_USAGES:
        raise CommandError(ErrorCode.INVALID_DATA)
    stored = machine.object(oid)
    if machine.kind(oid) is not ObjectKind.SYMMETRIC_KEY:
        raise CommandError(ErrorCode.INVALID_OID)
    machine.require(oid, Tag.CHANGE)
    metadata = stored.metadata.with_tags({Tag.ALGORITHM: bytes([algorithm]), Tag.KEY_USAGE: bytes([usage])})
    if len(metadata.encode()) > MAX_SIZE:
        raise CommandError(ErrorCode.METADATA_TRUNCATION)
    machine.table.put(oid, StoredObject(symmetric.generate(algorithm), metadata))
    return b""
