"""What protects nothing although it looks so: secrets of zeros, and conditions that name the wrong object."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from optiga.errors import ChipError, counted
from optiga.protocol.codes import SECRET_TYPES, ErrorCode, ObjectType
from optiga.protocol.conditions import Condition, SimpleCondition
from optiga.protocol.metadata import Metadata, Tag, tag_word
from optiga.protocol.objects import ObjectInfo, format_oid
from optiga.protocol.rules.known import access_now, is_counted

if TYPE_CHECKING:
    from optiga.chip import Chip

_NEEDED = {
    Condition.AUTHORIZATION: (ObjectType.AUTHORIZATION_REFERENCE, "an authorization reference"),
    Condition.LINKED_COUNTER: (ObjectType.UP_COUNTER, "a counter"),
}
"""The type of the object that a condition names. SRM, "Access Conditions (ACs)"."""


def count_known_bytes(chip: Chip, info: ObjectInfo, before: Metadata, changes: Metadata) -> int:
    """How many bytes a secret will have that everybody knows: objects that were never written are full of zeros. At
    most one exchange.

    :param before: the object's metadata as they are.
    :param changes: the tags that are to have other values.
    :returns: 0 if the object is no secret then, is one already, or has something else in it, as far as can be read.
    """
    if _is_secret(before) or not _is_secret(before.with_tags(dict(changes.items()))) or is_counted(before, Tag.READ):
        return 0
    held = chip.objects.read_if_allowed(info.oid)
    return len(held) if held and not any(held) else 0


def warn_of_known_secret(info: ObjectInfo, count: int) -> str:
    """One sentence on a secret of so many zeros."""
    return f"{info.label} becomes a secret of {counted(count, 'zero')}, which everybody knows: write the secret, too"


def warn_of_conditions(chip: Chip, info: ObjectInfo, metadata: Metadata, tags: Iterable[Tag]) -> list[str]:
    """Which conditions nothing fulfils, because the object that they name is of another type, one sentence each. One
    exchange for each such condition.

    :param metadata: those that the object is to have.
    :param tags: the conditions to look at.
    """
    return [
        f"{info.label}: {tag_word(tag)}: {simple}: {why}, so nothing fulfils this condition"
        for tag in tags
        for simple in access_now(metadata, tag)
        if simple.kind in _NEEDED and (why := _why_unfit(chip, simple))
    ]


def _why_unfit(chip: Chip, simple: SimpleCondition) -> str:
    wanted, title = _NEEDED[simple.kind]
    try:
        kind = chip.objects.metadata(simple.value).get(Tag.TYPE)
    except ChipError as error:
        if error.code != ErrorCode.INVALID_OID:
            raise
        return f"the chip has no object {format_oid(simple.value)}"
    return "" if kind == bytes([wanted]) else f"{format_oid(simple.value)} is not {title}"


def _is_secret(metadata: Metadata) -> bool:
    try:
        return metadata.object_type in SECRET_TYPES
    except ValueError:  # a type that the manual does not list
        return False
