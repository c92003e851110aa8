"""What emulated chips hold when they leave the factory.

Sources: the dumps of real chips that Infineon publishes (optiga-trust-m-overview, ``data/object_dumps``,
``trust_m1_json.txt`` and ``trust_m3_json.txt``) for contents, used sizes and metadata; SRM, tables 46 to 48, for what
they leave out. Where the two differ, the dumps count: the manual has one byte 0x00 in what was never written. Where the
contents of a Trust X are not known they are those of Trust M. What Express and MTR have of their own is in
:mod:`optiga.emulator.configurations`.
"""

from __future__ import annotations

import os

from optiga.emulator.configurations import SECRET_SIZE, provisioning_of
from optiga.emulator.models import ChipModel
from optiga.emulator.objects import StoredObject
from optiga.protocol import objects as oids
from optiga.protocol.codes import LifeCycleState
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.models import Model
from optiga.protocol.objects import ObjectInfo, ObjectKind

_LOCKED = bytes([0xFF])
_ALWAYS = bytes([0x00])
_BEFORE_OPERATIONAL = bytes.fromhex("e1fc07")
_ARBITRARY_TYPE_3 = range(0xF1D0, 0xF1DC)
_UNWRITTEN_TYPE_3 = 100
"""Zeros in an arbitrary data object of type 3 before it is first written; other objects are full of them."""
_OPERATIONAL = bytes([LifeCycleState.OPERATIONAL])
_FACTORY_CONTENT = {
    oids.LCS_GLOBAL: _OPERATIONAL,
    oids.SECURITY_STATUS_GLOBAL: b"\x20",
    oids.SLEEP_DELAY: b"\x14",
    oids.CURRENT_LIMIT: b"\x06",
    oids.SECURITY_EVENT_COUNTER: b"\x00",
    oids.BUFFER_SIZE: b"\x06\x15",
    oids.SECURITY_MONITOR: bytes.fromhex("3200050100000000"),
    oids.LCS_APPLICATION: bytes([LifeCycleState.CREATION]),
    oids.SECURITY_STATUS_APPLICATION: b"\x20",
    oids.LAST_ERROR_CODE: b"\x00",
    # As in the hosts of Infineon's C library, too.
    oids.PLATFORM_BINDING_SECRET: bytes(range(1, 65)),
}
_WRITABLE_SYSTEM = (
    oids.LCS_GLOBAL,
    oids.SECURITY_STATUS_GLOBAL,
    oids.SLEEP_DELAY,
    oids.CURRENT_LIMIT,
    oids.LCS_APPLICATION,
    oids.SECURITY_STATUS_APPLICATION,
)
_LOCKED_KEYS = (oids.INFINEON_KEY, oids.SYMMETRIC_KEY)


def factory_objects(model: ChipModel) -> dict[int, StoredObject]:
    """Everything a chip of a model holds when it leaves the factory, but for its keys and their certificates."""
    table = {oid: _factory_object(model.kind, model.kind.objects[oid]) for oid in sorted(model.persistent_oids)}
    for oid in (oids.SECURITY_STATUS_GLOBAL, oids.SECURITY_STATUS_APPLICATION):
        table[oid] = StoredObject(bytes([model.boot_flag]), table[oid].metadata)
    table[oids.UID] = StoredObject(model.new_uid(), Metadata.parse(bytes.fromhex("2009c4011bd001ffd10100")))
    for oid, metadata in provisioning_of(model).metadata.items():
        table[oid] = StoredObject(table[oid].data, metadata)
    for oid in provisioning_of(model).secrets:
        table[oid] = StoredObject(os.urandom(SECRET_SIZE), table[oid].metadata)
    return table


def _factory_object(model: Model, info: ObjectInfo) -> StoredObject:
    """An object as the dumps have it. Tags stand in the order in which real chips return them."""
    if info.kind.is_key:
        return StoredObject(b"", Metadata(_key_tags(info)))
    content = _FACTORY_CONTENT.get(info.oid, _unwritten(info))
    tags = {tag: value for tag, value in _data_tags(info, len(content)).items() if tag in model.metadata_tags}
    return StoredObject(content, Metadata(tags))


def _unwritten(info: ObjectInfo) -> bytes:
    """What an object holds before it is first written: zeros."""
    return bytes(_UNWRITTEN_TYPE_3 if info.oid in _ARBITRARY_TYPE_3 else info.size)


def _key_tags(info: ObjectInfo) -> dict[int, bytes]:
    """Metadata of an object for a key, before there is one. That nobody reads it needs no tag: absent means never."""
    change = _LOCKED if info.oid in _LOCKED_KEYS else _BEFORE_OPERATIONAL
    return {Tag.LCSO: b"\x01", Tag.CHANGE: change, Tag.EXECUTE: _ALWAYS}


def _data_tags(info: ObjectInfo, used: int) -> dict[int, bytes]:
    """Metadata of an object that holds data."""
    width = 2 if info.size > 0xFF else 1
    size, used_size = info.size.to_bytes(width, "big"), used.to_bytes(width, "big")
    tags: dict[int, bytes]
    if info.kind is ObjectKind.SYSTEM and info.oid != oids.SECURITY_MONITOR:
        if info.oid == oids.BUFFER_SIZE:
            return {Tag.MAX_SIZE: size, Tag.READ: _ALWAYS}
        change = _ALWAYS if info.oid in _WRITABLE_SYSTEM else _LOCKED
        return {Tag.MAX_SIZE: size, Tag.CHANGE: change, Tag.READ: _ALWAYS}
    tags = {
        Tag.LCSO: b"\x01",
        Tag.MAX_SIZE: size,
        Tag.USED_SIZE: used_size,
        Tag.CHANGE: _BEFORE_OPERATIONAL,
        Tag.READ: _ALWAYS,
    }
    if info.oid == oids.SECURITY_MONITOR:
        del tags[Tag.USED_SIZE]
        return {**tags, Tag.LCSO: _OPERATIONAL, Tag.EXECUTE: _LOCKED}
    if info.kind is ObjectKind.DATA:
        return tags
    tags[Tag.EXECUTE] = _ALWAYS
    if info.kind is ObjectKind.COUNTER:
        # The manual says initialization for their LcsO; the dump of a real V3 that Infineon publishes says creation.
        return {**tags, Tag.TYPE: b"\x01"}
    if info.kind is ObjectKind.SECRET:
        change = bytes.fromhex("e1fc07fe20e140")
        return {**tags, Tag.CHANGE: change, Tag.READ: _BEFORE_OPERATIONAL, Tag.TYPE: b"\x22"}
    if info.oid == oids.INFINEON_CERTIFICATE:
        tags[Tag.CHANGE] = _LOCKED
    return {**tags, Tag.TYPE: b"\x11" if info.kind is ObjectKind.TRUST_ANCHOR else b"\x12"}
