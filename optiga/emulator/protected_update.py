"""A protected update whose manifest has been accepted: its fragments, and what they do to the target.

SRM, "SetObjectProtected", "Protected Update" and, for metadata, table "Metadata Update Identifier".
"""

from __future__ import annotations

import hashlib
import os

from optiga.emulator.factory import factory_objects
from optiga.emulator.machine import CommandError, Machine
from optiga.emulator.objects import StoredObject
from optiga.emulator.update_keys import parse_key
from optiga.protocol import objects as oids
from optiga.protocol.codes import ErrorCode, Flush
from optiga.protocol.commands.set_object_protected import FRAGMENT_SIZE
from optiga.protocol.fragments import MAC_SIZE, FragmentCipher
from optiga.protocol.manifest import (
    DIGEST_SIZE,
    DataUpdate,
    KeyUpdate,
    Manifest,
    MetadataUpdate,
    WriteType,
)
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.rules.updates import apply, check_brought, flush_of
from optiga.protocol.rules.values import fixed_size


class RunningUpdate:
    """An update between its manifest and its last fragment.

    Data are written fragment by fragment; from the first one on the object is marked as invalid, so that one who
    stops here can only go on with the same version. Keys and metadata are written when they are whole.

    :param cipher: what decrypts the fragments; None if they come in plain.
    """

    def __init__(self, manifest: Manifest, cipher: FragmentCipher | None) -> None:
        self._manifest = manifest
        self._cipher = cipher
        self._digest = manifest.digest
        self._number = 0
        self._written = 0
        self._payload = b""
        self._held: StoredObject | None = None
        """The target as the last fragment left it."""

    def take(self, machine: Machine, fragment: bytes, *, is_last: bool) -> None:
        """Take the next fragment, and stage what comes of it.

        :raises CommandError: if it is not the next one, or does not fit; the update is over then.
        """
        piece = self._open(fragment, is_last=is_last)
        missing = self._manifest.size - self._written - len(self._payload) - len(piece)
        if (missing != 0) if is_last else (missing <= 0):
            # The manual names no code for fragments of another length than the manifest says.
            raise CommandError(ErrorCode.INVALID_LENGTH)
        kind = self._manifest.kind
        if isinstance(kind, DataUpdate):
            self._write(machine, kind, piece, is_last=is_last)
            return
        self._payload += piece
        if not is_last:
            return
        if isinstance(kind, KeyUpdate):
            self._write_key(machine, kind)
        else:
            self._write_metadata(machine, kind)

    def _open(self, fragment: bytes, *, is_last: bool) -> bytes:
        """The payload in the next fragment."""
        if not 0 < len(fragment) <= FRAGMENT_SIZE or (not is_last and len(fragment) != FRAGMENT_SIZE):
            raise CommandError(ErrorCode.INVALID_LENGTH)
        if hashlib.sha256(fragment).digest() != self._digest:
            raise CommandError(ErrorCode.INTEGRITY_VALIDATION_FAILURE)
        piece = fragment
        if not is_last:
            piece, self._digest = fragment[:-DIGEST_SIZE], fragment[-DIGEST_SIZE:]
        self._number += 1
        if self._cipher is None:
            return piece
        if len(piece) <= MAC_SIZE:
            raise CommandError(ErrorCode.INVALID_LENGTH)
        try:
            return self._cipher.decrypt(self._number, self._written + len(self._payload), piece)
        except ValueError:
            raise CommandError(ErrorCode.INTEGRITY_VALIDATION_FAILURE) from None

    def _write(self, machine: Machine, kind: DataUpdate, piece: bytes, *, is_last: bool) -> None:
        oid = self._manifest.target_oid
        stored = machine.object(oid)
        if self._held is not None and stored is not self._held:
            # The store has failed meanwhile: what the last fragment wrote is not there.
            raise CommandError(ErrorCode.COMMAND_OUT_OF_SEQUENCE)
        erased = kind.write_type is WriteType.ERASE_AND_WRITE and not self._written
        before, start = b"" if erased else stored.data, kind.offset + self._written
        data = before[:start].ljust(start, b"\x00") + piece + before[start + len(piece) :]
        self._written += len(piece)
        info = machine.info(oid)
        metadata = apply(info, stored.metadata, self._manifest, is_last=is_last)
        machine.put(oid, StoredObject(data, metadata).with_content(info, data))
        self._held = machine.object(oid)

    def _write_key(self, machine: Machine, kind: KeyUpdate) -> None:
        oid = self._manifest.target_oid
        try:
            data = parse_key(kind.algorithm, self._payload)
        except ValueError:
            raise CommandError(ErrorCode.INVALID_DATA) from None
        metadata = apply(machine.info(oid), machine.object(oid).metadata, self._manifest)
        machine.table.put(oid, StoredObject(data, metadata))

    def _write_metadata(self, machine: Machine, kind: MetadataUpdate) -> None:
        """The payload's metadata, and what they and those before say of the content."""
        oid = self._manifest.target_oid
        changes = _parse_changes(machine, oid, self._payload)
        stored = machine.object(oid)
        metadata = apply(machine.info(oid), stored.metadata, self._manifest, changes)
        flush = flush_of(stored.metadata, kind)
        machine.put(oid, StoredObject(_flushed(machine, oid, stored, flush) if flush else stored.data, metadata))


def _parse_changes(machine: Machine, oid: int, payload: bytes) -> Metadata:
    """New metadata; there may be none."""
    try:
        changes = Metadata.parse(payload)
    except ValueError:
        raise CommandError(ErrorCode.INVALID_DATA) from None
    for tag, value in changes.items():
        if check_brought(machine.model.kind, machine.info(oid), tag, value) is not None:
            raise CommandError(ErrorCode.INVALID_DATA)
    return changes


def _flushed(machine: Machine, oid: int, stored: StoredObject, flush: int) -> bytes:
    """The content of an object that has been overwritten: a key is gone, data are of no length.

    Where the length cannot be 0 the bytes show; the security monitor has its own defaults.
    """
    info, metadata = machine.info(oid), stored.metadata
    size = fixed_size(info, metadata)
    if size is None:
        if info.kind.is_key or metadata.get(Tag.USED_SIZE) is not None:
            return b""
        if oid == oids.SECURITY_MONITOR:
            return factory_objects(machine.model)[oid].data
        size = metadata.max_size or 0
    return os.urandom(size) if flush == Flush.RANDOM else bytes(size)
