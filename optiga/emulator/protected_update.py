"""A protected update whose manifest has been accepted: its fragments, and what they do to the target.

SRM, "SetObjectProtected", "Protected Update" and, for metadata, table "Metadata Update Identifier".
"""

from __future__ import annotations

import hashlib
import os

from optiga.emulator.factory import factory_objects
from optiga.emulator.machine import CommandError, Machine
from optiga.emulator.objects import StoredObject
from optiga.emulator.sizes import fixed_size, with_content
from optiga.emulator.update_keys import parse_key
from optiga.protocol import objects as oids
from optiga.protocol.codes import ErrorCode, Flush, LifeCycleState
from optiga.protocol.fragments import FRAGMENT_SIZE, MAC_SIZE, FragmentCipher
from optiga.protocol.manifest import (
    DIGEST_SIZE,
    DataUpdate,
    KeyUpdate,
    Manifest,
    MetadataUpdate,
    WriteType,
)
from optiga.protocol.metadata import INVALID_FLAG, NEVER_UPDATED, Metadata, Tag
from optiga.protocol.rules.values import check_value


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

    def _version(self, *, is_last: bool = True) -> bytes:
        return (self._manifest.payload_version | (0 if is_last else INVALID_FLAG)).to_bytes(2, "big")

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
        metadata = stored.metadata.with_tags({Tag.VERSION: self._version(is_last=is_last)})
        machine.put(oid, with_content(machine.info(oid), StoredObject(data, metadata), data))
        self._held = machine.object(oid)

    def _write_key(self, machine: Machine, kind: KeyUpdate) -> None:
        oid = self._manifest.target_oid
        try:
            data = parse_key(kind.algorithm, self._payload)
        except ValueError:
            raise CommandError(ErrorCode.INVALID_DATA) from None
        tags: dict[int, bytes] = {
            Tag.ALGORITHM: bytes([kind.algorithm]),
            Tag.KEY_USAGE: bytes([kind.usage]),
            Tag.VERSION: self._version(),
        }
        machine.table.put(oid, StoredObject(data, machine.object(oid).metadata.with_tags(tags)))

    def _write_metadata(self, machine: Machine, kind: MetadataUpdate) -> None:
        """First what the reset type of the metadata before says, then what is in the payload."""
        oid = self._manifest.target_oid
        changes = _parse_changes(machine, oid, self._payload)
        stored = machine.object(oid)
        reset_type = (stored.metadata.get(Tag.RESET_TYPE) or b"\x00")[0]
        flush = reset_type & 0xF0 or kind.reset.flush
        if flush:
            stored = _flushed(machine, oid, stored, flush)
        tags: dict[int, bytes] = {Tag.VERSION: self._version()}
        if LifeCycleState.of(reset_type & 0x0F) is not None:
            tags[Tag.LCSO] = bytes([reset_type & 0x0F])
        metadata = stored.metadata.with_tags({**tags, **changes})
        machine.put(oid, StoredObject(stored.data, metadata))


def _parse_changes(machine: Machine, oid: int, payload: bytes) -> dict[int, bytes]:
    """New metadata by their tags; there may be none. A life cycle state may go back, too."""
    try:
        changes = dict(Metadata.parse(payload).items())
    except ValueError:
        raise CommandError(ErrorCode.INVALID_DATA) from None
    for tag, value in changes.items():
        if tag in NEVER_UPDATED or check_value(machine.model.kind, machine.info(oid), tag, value) is not None:
            raise CommandError(ErrorCode.INVALID_DATA)
    return changes


def _flushed(machine: Machine, oid: int, stored: StoredObject, flush: int) -> StoredObject:
    """An object whose content has been overwritten: a key is gone, data are of no length.

    Where the length cannot be 0 (there is no tag for it) the bytes show; the security monitor has its own defaults.
    """
    metadata = stored.metadata
    if machine.kind(oid).is_key:
        return StoredObject(b"", Metadata({tag: value for tag, value in metadata.items() if tag != Tag.ALGORITHM}))
    used = metadata.get(Tag.USED_SIZE)
    size = fixed_size(machine.info(oid), metadata)
    if size is not None:
        return stored.with_data(os.urandom(size) if flush == Flush.RANDOM else bytes(size))
    if used is not None:
        return StoredObject(b"", metadata.with_tags({Tag.USED_SIZE: bytes(len(used))}))
    if oid == oids.SECURITY_MONITOR:
        return StoredObject(factory_objects(machine.model)[oid].data, metadata)
    size = metadata.max_size or 0
    return StoredObject(os.urandom(size) if flush == Flush.RANDOM else bytes(size), metadata)
