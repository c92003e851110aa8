"""What protects nothing although it looks so: secrets of zeros, and conditions that name the wrong object."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from optiga.errors import ChipError, counted
from optiga.protocol.codes import SECRET_TYPES, ErrorCode, ObjectType
from optiga.protocol.conditions import Condition, SimpleCondition
from optiga.protocol.metadata import Metadata, Tag, tag_word
from optiga.protocol.objects import COUNTER_SIZE, PLATFORM_BINDING_SECRET, ObjectInfo, format_oid
from optiga.protocol.rules.known import access_now, is_counted

if TYPE_CHECKING:
    from optiga.chip import Chip

_NEEDED = {
    Condition.AUTHORIZATION: (ObjectType.AUTHORIZATION_REFERENCE, "an authorization reference"),
    Condition.LINKED_COUNTER: (ObjectType.UP_COUNTER, "a counter"),
    Condition.INTEGRITY: (ObjectType.TRUST_ANCHOR, "a trust anchor"),
    Condition.CONFIDENTIALITY: (ObjectType.UPDATE_SECRET, "an update secret"),
}
"""The type of the object that a condition names. SRM, "Access Conditions (ACs)"."""
_UNFIT = ", so nothing fulfils this condition"
_SHIELDING = (Condition.INTEGRITY, Condition.CONFIDENTIALITY)
"""What a shielded connection fulfils, too; nothing else does where an object is read or used."""


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
    """Which conditions nothing fulfils, or everybody, because of the object that they name: it is of another type,
    holds nothing but zeros, or is a counter at its end. One sentence each; two exchanges for each such condition.

    :param metadata: those that the object is to have.
    :param tags: the conditions to look at.
    """
    return [
        f"{info.label}: {tag_word(tag)}: {simple}: {why}"
        for tag in tags
        for simple in access_now(metadata, tag)
        if simple.kind in _NEEDED
        and (why := _why_unfit(chip, simple, tag, metadata if simple.value == info.oid else None))
    ]


def _why_unfit(chip: Chip, simple: SimpleCondition, tag: Tag, known: Metadata | None) -> str:
    """Why nothing fulfils a condition, or everybody; empty if it is as it should be.

    :param known: the metadata of the object that it names; None asks the chip for them.
    """
    wanted, title = _NEEDED[simple.kind]
    named, binding = format_oid(simple.value), format_oid(PLATFORM_BINDING_SECRET)
    if simple.kind in _SHIELDING and simple.value == PLATFORM_BINDING_SECRET:
        return ""
    if simple.kind in _SHIELDING and tag in (Tag.READ, Tag.EXECUTE):
        return f"a shielded connection has the secret in {binding}, not in {named}{_UNFIT}"
    try:
        metadata = known or chip.objects.metadata(simple.value)
    except ChipError as error:
        if error.code != ErrorCode.INVALID_OID:
            raise
        return f"the chip has no object {named}{_UNFIT}"
    if metadata.get(Tag.TYPE) != bytes([wanted]):
        return f"{named} is not {title}{_UNFIT}"
    held = None
    with suppress(ChipError):  # it cannot be read just now
        held = None if is_counted(metadata, Tag.READ) else chip.objects.read_if_allowed(simple.value)
    if simple.kind is Condition.LINKED_COUNTER:
        is_at_end = held is not None and len(held) == COUNTER_SIZE and held[:4] >= held[4:]
        return f"the counter {named} is at its end{_UNFIT}" if is_at_end else ""
    if held is None or any(held):
        return ""
    if not held or simple.kind is Condition.INTEGRITY:
        return f"{named} is empty{_UNFIT}"
    return f"{named} holds only zeros, which everybody knows: write the secret"


def _is_secret(metadata: Metadata) -> bool:
    try:
        return metadata.object_type in SECRET_TYPES
    except ValueError:  # a type that the manual does not list
        return False
