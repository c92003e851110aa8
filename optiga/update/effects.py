"""What an update does to an object, beforehand: the metadata that it leaves, and what can never be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga.objects.irreversible import what_stays
from optiga.protocol.codes import Flush
from optiga.protocol.conditions import NEVER
from optiga.protocol.manifest import KeyUpdate, MetadataUpdate
from optiga.protocol.metadata import MAX_VERSION, Metadata, Tag
from optiga.protocol.models import ALL_OBJECTS
from optiga.protocol.objects import ObjectInfo, ObjectKind
from optiga.protocol.rules.known import access_now
from optiga.protocol.rules.updates import apply, flush_of

if TYPE_CHECKING:
    from optiga.update.update_set import UpdateSet


def metadata_after(before: Metadata, update: UpdateSet) -> Metadata | None:
    """The metadata that an update leaves, the used size aside; None if it sets some that are encrypted."""
    manifest, new = update.signed.manifest, update.new_metadata
    if new is None and isinstance(manifest.kind, MetadataUpdate):
        return None
    return apply(info_of(update.oid, before), before, manifest, new or Metadata({}))


def info_of(oid: int, metadata: Metadata) -> ObjectInfo:
    """What is known of an object; of one that no model has, only what its metadata say."""
    return ALL_OBJECTS.get(oid) or ObjectInfo(oid, "", ObjectKind.DATA, metadata.max_size or 0)


def what_stays_updated(before: Metadata, update: UpdateSet) -> list[str]:
    """What an update does for good: a key or data that are lost, metadata that are fixed, and the last of versions.

    :param before: the object's metadata as they are.
    :returns: one sentence each, without the full stop. Data that take the place of others are nothing of the kind.
    """
    manifest = update.signed.manifest
    said = []
    after = metadata_after(before, update)
    if isinstance(manifest.kind, KeyUpdate):
        said += _lost_key(before)
    if isinstance(manifest.kind, MetadataUpdate):
        said += _lost_content(before, manifest.kind)
        if after is None:
            said.append("it may fix any of the metadata: which it sets cannot be seen here, for they are encrypted")
        else:
            said += _fixed(before, after)
    if manifest.payload_version == MAX_VERSION and (after or before).is_locked:
        said.append(f"its version becomes {MAX_VERSION}, the last there is: nothing can update it again")
    return said


def _lost_key(before: Metadata) -> list[str]:
    algorithm = before.in_words().get("algorithm")
    return [f"the key {algorithm} that is there will be lost"] if algorithm else []


def _lost_content(before: Metadata, kind: MetadataUpdate) -> list[str]:
    flush = flush_of(before, kind)
    if not flush:
        return []
    if not before.used_size:
        return _lost_key(before)
    return [
        f"its data ({before.used_size} bytes) will be overwritten with "
        + ("zeros" if flush == Flush.ZEROS else "random bytes")
    ]


def _fixed(before: Metadata, after: Metadata) -> list[str]:
    if not before.is_locked:
        return what_stays(before, _changes(before, after))
    # What is locked changes by such updates alone: it counts whether there can be another one.
    said = what_stays(before, Metadata({Tag.LCSO: bytes([after.state])}))
    if after.is_locked and _can_be_updated(before) and not _can_be_updated(after):
        said.append("none of its metadata can ever be changed again")
    return said


def _changes(before: Metadata, after: Metadata) -> Metadata:
    return Metadata({tag: value for tag, value in after.items() if before.get(tag) != value})


def _can_be_updated(metadata: Metadata) -> bool:
    condition = access_now(metadata, Tag.METADATA_UPDATE)
    return condition != NEVER and metadata.get(Tag.RESET_TYPE) is not None
