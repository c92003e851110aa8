"""GenKeyPair. SRM, section of the same name."""

from __future__ import annotations

from optiga.emulator import keys
from optiga.emulator.fields import expect_tags, take_number, take_tags
from optiga.emulator.machine import CommandError, Machine, is_session
from optiga.emulator.objects import StoredObject
from optiga.emulator.sessions import UsableKey
from optiga.protocol import tlv
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import ErrorCode, KeyUsage
from optiga.protocol.metadata import MAX_SIZE, Tag
from optiga.protocol.objects import ObjectKind

_TAG_OID = 0x01
_TAG_USAGE = 0x02
_TAG_EXPORT = 0x07
_ANSWER_PRIVATE = 0x01
_ANSWER_PUBLIC = 0x02
_ALL_USAGES = sum(KeyUsage)


def execute(machine: Machine, param: int, data: bytes) -> bytes:
    """Make a key pair: into a key object, into a session context, or out in plain."""
    if param not in machine.model.algorithms:
        raise CommandError(ErrorCode.INVALID_PARAM)
    algorithm = KeyAlgorithm(param)
    tags = take_tags(data)
    if _TAG_EXPORT in tags:
        (nothing,) = expect_tags(tags, _TAG_EXPORT)
        take_number(nothing, 0)
        private = keys.generate(algorithm)
        exported = tlv.encode(_ANSWER_PRIVATE, keys.private_octet_string(private, algorithm))
        return exported + tlv.encode(_ANSWER_PUBLIC, keys.public_bit_string(private))
    where, what_for = expect_tags(tags, _TAG_OID, _TAG_USAGE)
    oid, usage = take_number(where, 2), take_number(what_for, 1)
    if not usage or usage & ~_ALL_USAGES:
        raise CommandError(ErrorCode.INVALID_DATA)
    return tlv.encode(_ANSWER_PUBLIC, _keep(machine, oid, algorithm, KeyUsage(usage)))


def _keep(machine: Machine, oid: int, algorithm: KeyAlgorithm, usage: KeyUsage) -> bytes:
    """Make a key pair and keep its private key; the public key."""
    if is_session(oid):
        private = keys.generate(algorithm)
        machine.sessions[oid] = UsableKey(private, algorithm, usage)
        return keys.public_bit_string(private)
    stored = machine.object(oid)
    if machine.kind(oid) is not (ObjectKind.EC_KEY if algorithm.is_ec else ObjectKind.RSA_KEY):
        raise CommandError(ErrorCode.INVALID_OID)
    machine.require(oid, Tag.CHANGE)
    metadata = stored.metadata.with_tags({Tag.ALGORITHM: bytes([algorithm]), Tag.KEY_USAGE: bytes([usage])})
    if len(metadata.encode()) > MAX_SIZE:
        raise CommandError(ErrorCode.METADATA_TRUNCATION)
    private = keys.generate(algorithm)
    machine.table.put(oid, StoredObject(keys.to_stored(private), metadata))
    return keys.public_bit_string(private)
