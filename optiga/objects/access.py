"""Whether a chip would let an object be changed or used, found in its metadata before it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga.errors import ConfigurationError
from optiga.objects.counters import read_counter
from optiga.objects.irreversible import access_at, state_of
from optiga.objects.objects import find_info
from optiga.protocol.conditions import Condition, SimpleCondition
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.objects import format_oid

if TYPE_CHECKING:
    from optiga.chip import Chip

_NOT_MET = (Condition.NEVER, Condition.INTEGRITY, Condition.AUTHORIZATION)
"""What no plain command meets: besides never, a protected update and an authorization."""
_VERBS = {Tag.CHANGE: "written", Tag.EXECUTE: "used", Tag.READ: "read"}


def check_access(chip: Chip, oid: int, *tags: Tag, uses: int = 1) -> Metadata:
    """Refuse an object that the chip would not let plain commands change or use. One exchange, and those of
    :func:`check_counted`.

    Conditions that may hold or not (a shielded connection, the state of the chip) are left to the chip.

    :param tags: :attr:`Tag.CHANGE`, :attr:`Tag.EXECUTE`, or both.
    :param uses: how often it is going to be done.
    :returns: the object's metadata.
    :raises ConfigurationError: if it would not.
    :raises ChipError: if the chip does not have the object.
    """
    metadata = chip.metadata(oid)
    for tag in tags:
        if all(any(simple.kind in _NOT_MET for simple in token) for token in _alternatives(metadata, tag)):
            raise _refused(oid, metadata, tag, "Take another slot or object")
        check_counted(chip, oid, metadata, tag, uses=uses)
    return metadata


def check_counted(chip: Chip, oid: int, metadata: Metadata, tag: Tag, *, uses: int) -> None:
    """Refuse an object that a counter does not let be changed, read or used so often. One exchange for each counter.

    :param metadata: the object's.
    :param uses: how often it is going to be done.
    :raises ConfigurationError: if there is no other way than one that is counted, and too few are left.
    """
    counted = [
        [simple.value for simple in token if simple.kind is Condition.LINKED_COUNTER]
        for token in _alternatives(metadata, tag)
    ]
    if (
        counted
        and all(counted)
        and not any(
            all(read_counter(chip, find_info(format_oid(counter))).left >= uses for counter in counters)
            for counters in counted
        )
    ):
        names = ", ".join(sorted({format_oid(counter) for counters in counted for counter in counters}))
        raise _refused(oid, metadata, tag, f"The counter {names} has to leave {uses} uses: 'counter set' sets it anew")


def needs_shielding(metadata: Metadata, tag: Tag) -> bool:
    """Whether an object can be changed, read or used over a shielded connection only.

    :param metadata: the object's.
    """
    alternatives = _alternatives(metadata, tag)
    return all(any(simple.kind is Condition.CONFIDENTIALITY for simple in token) for token in alternatives)


def _alternatives(metadata: Metadata, tag: Tag) -> tuple[tuple[SimpleCondition, ...], ...]:
    return access_at(metadata, tag, state_of(metadata)).alternatives


def _refused(oid: int, metadata: Metadata, tag: Tag, advice: str) -> ConfigurationError:
    name = tag.name.lower()
    stands = metadata.in_words().get(name, "absent, which is never")
    return ConfigurationError(
        f"{format_oid(oid)} cannot be {_VERBS[tag]}: its metadata have {name}: {stands}",
        hint=f"{advice}; nothing was changed",
        oid=oid,
    )
