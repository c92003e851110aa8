"""What an update does to an object, beforehand: the metadata that it leaves, and what can never be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga.errors import counted
from optiga.objects.irreversible import describe
from optiga.protocol.codes import Flush
from optiga.protocol.manifest import MetadataUpdate
from optiga.protocol.metadata import MAX_VERSION, Metadata, Tag
from optiga.protocol.models import ALL_OBJECTS
from optiga.protocol.objects import ObjectInfo, ObjectKind
from optiga.protocol.rules.updates import DataLost, KeyLost, LastingUpdate, UpdateEffect, apply, effects_of

if TYPE_CHECKING:
    from optiga.update.update_set import UpdateSet

_SENTENCES = {
    LastingUpdate.HIDDEN: ("it may fix any metadata for good: the update is encrypted and cannot be checked here"),
    LastingUpdate.LAST_VERSION: f"its version becomes {MAX_VERSION}, the last one: it can never be updated again",
}


def metadata_after(before: Metadata, update: UpdateSet) -> Metadata | None:
    """The metadata that an update leaves, the used size aside; None if it sets some that are encrypted."""
    manifest, new = update.signed.manifest, update.new_metadata
    if new is None and isinstance(manifest.kind, MetadataUpdate):
        return None
    return apply(info_of(update.oid, before), before, manifest, new or Metadata({}))


def what_stays_updated(before: Metadata, update: UpdateSet) -> list[str]:
    """What an update does for good: a key or data that are lost, metadata that are fixed, and the last of versions.

    :param before: the object's metadata as they are.
    :returns: one sentence each, without the full stop.
    """
    found = effects_of(info_of(update.oid, before), before, update.signed.manifest, update.new_metadata)
    return [_describe(effect) for effect in found]


def _describe(effect: UpdateEffect) -> str:
    if isinstance(effect, LastingUpdate):
        return _SENTENCES[effect]
    if isinstance(effect, KeyLost):
        return f"the current {Metadata({Tag.ALGORITHM: effect.algorithm}).in_words()['algorithm']} key will be lost"
    if isinstance(effect, DataLost):
        how = "zeros" if effect.flush == Flush.ZEROS else "random bytes"
        return f"its data ({counted(effect.size, 'byte')}) will be overwritten with {how}"
    return describe(effect)


def info_of(oid: int, metadata: Metadata) -> ObjectInfo:
    """What is known of an object; of one that no model has, only what its metadata say."""
    return ALL_OBJECTS.get(oid) or ObjectInfo(oid, "", ObjectKind.DATA, metadata.max_size or 0)
