"""What of a change to an object can never be undone. SRM, "Metadata expression" and "Life Cycle State".

What of a protected update: :mod:`optiga.protocol.rules.updates`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from optiga.protocol import objects as oids
from optiga.protocol.conditions import NEVER, AccessCondition
from optiga.protocol.metadata import ACCESS_TAGS, Metadata, Tag
from optiga.protocol.objects import ObjectInfo
from optiga.protocol.rules.known import access_now, can_be_updated

_FIXED_TAGS = (Tag.VERSION, Tag.KEY_USAGE, Tag.TYPE, Tag.RESET_TYPE)


@dataclass(frozen=True, slots=True)
class StateAdvances:
    """A life cycle state goes forward.

    :param oid: object that holds it, of the chip or the application; None for an object's own, LcsO.
    """

    old: int
    new: int
    oid: int | None = None


@dataclass(frozen=True, slots=True)
class AccessFixed:
    """An access condition stays as it is.

    :param value: of its tag; None where it is absent.
    :param now: what it says from then on.
    """

    tag: Tag
    value: bytes | None
    now: AccessCondition


@dataclass(frozen=True, slots=True)
class TagsFixed:
    """Other tags stay as they are.

    :param tags: with their values.
    """

    tags: Metadata


@dataclass(frozen=True, slots=True)
class OnlyUpdates:
    """Nothing but protected updates under a condition change the metadata any more."""

    condition: AccessCondition


class Lasting(Enum):
    """Effects of which there is nothing more to say."""

    NOTHING_CHANGES = auto()
    """None of the metadata can ever be changed again."""
    INTERRUPTION_STAYS = auto()
    """An update was interrupted, and nothing but the same one can end that any more."""
    DATA_CLOSED = auto()
    """The data can no longer be changed, unless the metadata are before the object is operational."""


Effect = StateAdvances | AccessFixed | TagsFixed | OnlyUpdates | Lasting


def of_change(before: Metadata, changes: Metadata) -> list[Effect]:
    """What a change of metadata does for good, or as good as.

    :param before: the object's metadata as they are.
    :param changes: the tags that are to be set.
    """
    after = before.with_tags(dict(changes.items()))
    found: list[Effect] = []
    if after.state > before.state:
        found.append(StateAdvances(before.state, after.state))
    if not before.is_locked and after.is_locked:
        found += _fixed(after)
        if after.is_invalid:
            found.append(Lasting.INTERRUPTION_STAYS)
    elif changes.get(Tag.CHANGE) is not None and access_now(after, Tag.CHANGE) == NEVER:
        found.append(Lasting.DATA_CLOSED)
    return found


def of_data(oid: int, data: bytes, before: bytes) -> list[Effect]:
    """What a write of data does for good: of the life cycle states they go forward only.

    :param before: the data that the object holds now; empty if they are not known.
    """
    if oid not in oids.LIFE_CYCLES or not data or not before or data[0] <= before[0]:
        return []
    return [StateAdvances(before[0], data[0], oid)]


def stays_empty(info: ObjectInfo, before: Metadata, after: Metadata) -> bool:
    """Whether a change locks an object for a key that it does not have, and can then never have."""
    is_empty = info.kind.is_key and after.algorithm is None
    return is_empty and not before.is_locked and after.is_locked and access_now(after, Tag.CHANGE) == NEVER


def _fixed(metadata: Metadata) -> list[Effect]:
    """What is fixed once an object is operational."""
    found: list[Effect] = [
        AccessFixed(tag, metadata.get(tag), access_now(metadata, tag))
        for tag in ACCESS_TAGS
        if tag is not Tag.METADATA_UPDATE or metadata.get(tag) is not None
    ]
    others = {tag: value for tag, value in metadata.items() if tag in _FIXED_TAGS}
    if others:
        found.append(TagsFixed(Metadata(others)))
    is_open = can_be_updated(metadata)
    found.append(OnlyUpdates(access_now(metadata, Tag.METADATA_UPDATE)) if is_open else Lasting.NOTHING_CHANGES)
    return found
