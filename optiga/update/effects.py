"""What an update does to an object, beforehand: the metadata that it leaves, and what can never be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga.objects.irreversible import what_stays
from optiga.protocol.codes import Flush, LifeCycleState
from optiga.protocol.conditions import NEVER
from optiga.protocol.manifest import KeyUpdate, MetadataUpdate
from optiga.protocol.metadata import MAX_VERSION, Metadata, Tag
from optiga.protocol.rules.known import access_now

if TYPE_CHECKING:
    from optiga.update.update_set import UpdateSet


def metadata_after(before: Metadata, update: UpdateSet) -> Metadata | None:
    """The metadata that an update leaves, the used size aside; None if it sets some that are encrypted.

    SRM, table "Metadata Update Identifier".
    """
    manifest = update.signed.manifest
    tags: dict[int, bytes] = {Tag.VERSION: manifest.payload_version.to_bytes(2, "big")}
    if isinstance(manifest.kind, KeyUpdate):
        tags[Tag.ALGORITHM] = bytes([manifest.kind.algorithm])
        tags[Tag.KEY_USAGE] = bytes([manifest.kind.usage])
    elif isinstance(manifest.kind, MetadataUpdate):
        new = update.new_metadata
        if new is None:
            return None
        state = _reset_type(before) & 0x0F
        if state in tuple(LifeCycleState):
            tags[Tag.LCSO] = bytes([state])
        tags.update(new.items())
    return before.with_tags(tags)


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


def flush_of(before: Metadata, kind: MetadataUpdate) -> int:
    """What an update of metadata overwrites the object's content with: as its reset type says, or else the update.

    :returns: a :class:`~optiga.protocol.codes.Flush`; 0 if it leaves the content.
    """
    return _reset_type(before) & 0xF0 or kind.reset.flush or 0


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


def _reset_type(metadata: Metadata) -> int:
    return int.from_bytes(metadata.get(Tag.RESET_TYPE) or b"", "big")
