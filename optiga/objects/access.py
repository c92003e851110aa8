"""Whether a chip would let an object be changed or used, found in its metadata before it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga.errors import ConfigurationError
from optiga.objects.irreversible import access_at, state_of
from optiga.protocol.conditions import Condition
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.objects import format_oid

if TYPE_CHECKING:
    from optiga.chip import Chip

_NOT_MET = (Condition.NEVER, Condition.INTEGRITY, Condition.AUTHORIZATION)
"""What no plain command meets: besides never, a protected update and an authorization."""
_VERBS = {Tag.CHANGE: "written", Tag.EXECUTE: "used"}


def check_access(chip: Chip, oid: int, *tags: Tag) -> Metadata:
    """Refuse an object that the chip would not let a plain command change or use. One exchange.

    Conditions that may hold or not (a shielded connection, the state of the chip, a counter) are left to the chip.

    :param tags: :attr:`Tag.CHANGE`, :attr:`Tag.EXECUTE`, or both.
    :returns: the object's metadata.
    :raises ConfigurationError: if it would not.
    :raises ChipError: if the chip does not have the object.
    """
    metadata = chip.metadata(oid)
    for tag in tags:
        access = access_at(metadata, tag, state_of(metadata))
        if all(any(simple.kind in _NOT_MET for simple in token) for token in access.alternatives):
            name = tag.name.lower()
            stands = metadata.in_words().get(name, "absent, which is never")
            raise ConfigurationError(
                f"{format_oid(oid)} cannot be {_VERBS[tag]}: its metadata have {name}: {stands}",
                hint="Take another slot or object; nothing was changed",
                oid=oid,
            )
    return metadata
