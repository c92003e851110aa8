"""Which protected updates an object takes, what they leave, and what they do for good.

SRM, "Protected Update" and "SetObjectProtected".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from optiga.protocol import objects as oids
from optiga.protocol.codes import LifeCycleState
from optiga.protocol.manifest import DataUpdate, KeyUpdate, Manifest, MetadataUpdate, UpdateKind
from optiga.protocol.metadata import INVALID_FLAG, MAX_VERSION, NEVER_UPDATED, Metadata, Tag
from optiga.protocol.models import Model
from optiga.protocol.objects import ObjectInfo, ObjectKind
from optiga.protocol.rules.effects import Effect, Lasting, of_change
from optiga.protocol.rules.known import can_be_updated
from optiga.protocol.rules.values import Problem, check_value, fixed_size, key_kind

_UNCHANGED = Metadata({})


@dataclass(frozen=True, slots=True)
class KeyLost:
    """A key is gone for good.

    :param algorithm: value of its tag.
    """

    algorithm: bytes


@dataclass(frozen=True, slots=True)
class DataLost:
    """Data are overwritten.

    :param size: bytes of them.
    :param flush: how; a :class:`~optiga.protocol.codes.Flush`.
    """

    size: int
    flush: int


class LastingUpdate(Enum):
    """Effects of an update of which there is nothing more to say."""

    HIDDEN = auto()
    """Metadata that are encrypted may fix any."""
    LAST_VERSION = auto()
    """No update can follow: the object has the last version there is."""


UpdateEffect = Effect | KeyLost | DataLost | LastingUpdate


def takes_updates(info: ObjectInfo) -> bool:
    """Whether an object takes any: of the chip's own ones, the configuration of the security monitor alone does."""
    return info.kind is not ObjectKind.SESSION and (
        info.kind is not ObjectKind.SYSTEM or info.oid == oids.SECURITY_MONITOR
    )


def can_hold(info: ObjectInfo, kind: UpdateKind) -> bool:
    """Whether an object is one for what an update brings."""
    if isinstance(kind, KeyUpdate):
        return info.kind is key_kind(kind.algorithm)
    return isinstance(kind, MetadataUpdate) or not info.kind.is_key


def has_updates(model: Model, manifest: Manifest) -> bool:
    """Whether a model knows updates of this kind: some bring only data, in plain and for every chip."""
    is_plain_data = isinstance(manifest.kind, DataUpdate) and manifest.encryption is None and not manifest.uid
    return is_plain_data or not model.updates_data_only


def access_of(kind: UpdateKind) -> Tag:
    """The tag of the access condition that lets an object be updated."""
    return Tag.METADATA_UPDATE if isinstance(kind, MetadataUpdate) else Tag.CHANGE


def is_next_version(metadata: Metadata, version: int) -> bool:
    """Whether an object takes an update of a version: a new one; to end what was interrupted, the same again."""
    return version == metadata.version if metadata.is_invalid else version > metadata.version


def check_brought(model: Model | None, info: ObjectInfo | None, tag: int, value: bytes) -> Problem | None:
    """Whether an update of metadata can bring a tag with a value. A life cycle state may go back, too.

    :param model: None for whatever any model has.
    :param info: the object; None to look at the tag alone.
    """
    if tag in NEVER_UPDATED:
        return Problem.OWN
    if info is None:
        return Problem.NO_TAG if Tag.of(tag) is None else None
    return check_value(model, info, tag, value)


def flush_of(before: Metadata, kind: MetadataUpdate) -> int:
    """What an update of metadata overwrites the object's content with: as its reset type says, or else the update.

    :param before: the object's metadata as they are.
    :returns: a :class:`~optiga.protocol.codes.Flush`; 0 if it leaves the content.
    """
    return _reset_type(before) & 0xF0 or kind.reset.flush or 0


def apply(
    info: ObjectInfo, before: Metadata, manifest: Manifest, new: Metadata = _UNCHANGED, *, is_last: bool = True
) -> Metadata:
    """The metadata that an update leaves; the used size is not that of data it writes.

    Those that are new come last: first is done what the reset type of the metadata before says. SRM, table "Metadata
    Update Identifier".

    :param before: the object's metadata as they are.
    :param new: the tags that an update of metadata brings.
    :param is_last: whether the update has come to its end; until then the object is invalid.
    """
    kind = manifest.kind
    version = manifest.payload_version | (0 if is_last else INVALID_FLAG)
    tags: dict[int, bytes] = {Tag.VERSION: version.to_bytes(2, "big")}
    if isinstance(kind, KeyUpdate):
        tags[Tag.ALGORITHM] = bytes([kind.algorithm])
        tags[Tag.KEY_USAGE] = bytes([kind.usage])
    elif isinstance(kind, MetadataUpdate):
        state = LifeCycleState.of(_reset_type(before) & 0x0F)
        if state is not None:
            tags[Tag.LCSO] = bytes([state])
        tags.update(new.items())
        before = _flushed(info, before) if flush_of(before, kind) else before
    return before.with_tags(tags)


def effects_of(info: ObjectInfo, before: Metadata, manifest: Manifest, new: Metadata | None) -> list[UpdateEffect]:
    """What a protected update does for good: a key or data that are lost, metadata that are fixed, the last version.

    Data that take the place of others are nothing of the kind.

    :param before: the object's metadata as they are.
    :param new: the tags that an update of metadata brings; None if they are encrypted.
    """
    kind = manifest.kind
    found: list[UpdateEffect] = []
    after = apply(info, before, manifest, new or Metadata({}))
    if isinstance(kind, KeyUpdate):
        found += _lost_key(before)
    elif isinstance(kind, MetadataUpdate):
        flush = flush_of(before, kind)
        if flush:
            found += [DataLost(before.used_size, flush)] if before.used_size else _lost_key(before)
        if new is None:
            found.append(LastingUpdate.HIDDEN)
            after = before
        else:
            found += _fixed_by_update(before, after)
    if manifest.payload_version == MAX_VERSION and after.is_locked:
        found.append(LastingUpdate.LAST_VERSION)
    return found


def _fixed_by_update(before: Metadata, after: Metadata) -> list[Effect]:
    if not before.is_locked:
        return of_change(before, Metadata({tag: value for tag, value in after.items() if before.get(tag) != value}))
    # What is locked changes by such updates alone: it counts whether there can be another one.
    found = of_change(before, Metadata({Tag.LCSO: bytes([after.state])}))
    if after.is_locked and can_be_updated(before) and not can_be_updated(after):
        found.append(Lasting.NOTHING_CHANGES)
    return found


def _lost_key(before: Metadata) -> list[UpdateEffect]:
    algorithm = before.get(Tag.ALGORITHM)
    return [KeyLost(algorithm)] if algorithm else []


def _flushed(info: ObjectInfo, metadata: Metadata) -> Metadata:
    """The metadata of an object whose content has been overwritten: a key is gone, data are of no length.

    Where the length cannot be 0, as of a counter, or there is no tag for it, the new bytes are content.
    """
    if info.kind.is_key:
        return Metadata({tag: value for tag, value in metadata.items() if tag != Tag.ALGORITHM})
    size, used = fixed_size(info, metadata), metadata.get(Tag.USED_SIZE)
    if size is None and used is None:
        return metadata
    width = len(metadata.get(Tag.MAX_SIZE) or b"\0\0") if used is None else len(used)
    return metadata.with_tags({Tag.USED_SIZE: (size or 0).to_bytes(width, "big")})


def _reset_type(metadata: Metadata) -> int:
    return int.from_bytes(metadata.get(Tag.RESET_TYPE) or b"", "big")
