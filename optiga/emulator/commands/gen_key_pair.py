"""GenKeyPair. SRM, section of the same name."""

from __future__ import annotations

from optiga.emulator import keys
from optiga.emulator.machine import CommandError, Machine, is_session
from optiga.emulator.new_keys import metadata_with_key, take_place
from optiga.emulator.objects import StoredObject
from optiga.emulator.sessions import UsableKey
from optiga.protocol import tlv
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import ErrorCode, KeyUsage
from optiga.protocol.commands.gen_key_pair import ANSWER_PRIVATE_KEY, ANSWER_PUBLIC_KEY, TAG_OID
from optiga.protocol.metadata import Tag
from optiga.protocol.rules.values import key_kind

OBJECT_TAG: int = TAG_OID
"""Where the identifier of its object stands."""


def execute(machine: Machine, param: int, data: bytes) -> bytes:
    """Make a key pair: into a key object, into a session context, or out in plain."""
    algorithm = KeyAlgorithm(param)
    place = take_place(data)
    if place is None:
        private = keys.generate(algorithm)
        exported = tlv.encode(ANSWER_PRIVATE_KEY, keys.private_octet_string(private))
        return exported + tlv.encode(ANSWER_PUBLIC_KEY, keys.public_bit_string(private))
    return tlv.encode(ANSWER_PUBLIC_KEY, _keep(machine, *place, algorithm))


def _keep(machine: Machine, oid: int, usage: KeyUsage, algorithm: KeyAlgorithm) -> bytes:
    """Make a key pair and keep its private key; the public key."""
    if is_session(oid):
        private = keys.generate(algorithm)
        machine.sessions[oid] = UsableKey(private, algorithm, usage)
        return keys.public_bit_string(private)
    stored = machine.object(oid)
    if machine.kind(oid) is not key_kind(algorithm):
        raise CommandError(ErrorCode.INVALID_OID)
    machine.require(oid, Tag.CHANGE)
    metadata = metadata_with_key(stored, algorithm, usage)
    private = keys.generate(algorithm)
    machine.table.put(oid, StoredObject(keys.to_stored(private), metadata))
    return keys.public_bit_string(private)
