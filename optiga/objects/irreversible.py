"""What of a change to an object can never be undone, in words for people."""

from __future__ import annotations

from optiga.protocol import objects as oids
from optiga.protocol.codes import LifeCycleState, life_cycle_word
from optiga.protocol.metadata import Metadata, tag_word
from optiga.protocol.rules.effects import (
    AccessFixed,
    Effect,
    Lasting,
    StateAdvances,
    TagsFixed,
    of_change,
    of_data,
)

_WHOSE = {None: "its", oids.LCS_GLOBAL: "the chip's global", oids.LCS_APPLICATION: "the application's"}
_ENDS = {
    None: "from then on, the chip neither reads nor uses the object",
    oids.LCS_GLOBAL: "this is the end of the chip's life, and from then on it may refuse every command",
}
"""What termination means. SRM, "Metadata update"; of the chip's own, the manual says that it is the last state, and
that commands are not available in termination (table "Error Codes", 0x0C)."""
_SENTENCES = {
    Lasting.NOTHING_CHANGES: "none of its metadata can ever be changed again",
    Lasting.INTERRUPTION_STAYS: ("its protected update was interrupted: only the same update can finish it"),
    Lasting.DATA_CLOSED: (
        "its data can then not be changed; until the object is operational, its metadata can allow it again"
    ),
}


def what_stays(before: Metadata, changes: Metadata) -> list[str]:
    """What a change of metadata does for good, or as good as.

    :param before: the object's metadata as they are.
    :param changes: the tags that are to be set.
    :returns: one sentence each, without the full stop; empty if all of it can be taken back.
    """
    return [describe(effect) for effect in of_change(before, changes)]


def what_stays_written(oid: int, data: bytes, before: bytes) -> list[str]:
    """The same for data.

    :param before: the data that the object holds now.
    """
    return [describe(effect) for effect in of_data(oid, data, before)]


def describe(effect: Effect) -> str:
    """An effect for people, one sentence without the full stop."""
    if isinstance(effect, Lasting):
        return _SENTENCES[effect]
    if isinstance(effect, StateAdvances):
        old, new = life_cycle_word(effect.old), life_cycle_word(effect.new)
        said = f"{_WHOSE[effect.oid]} life cycle state goes from {old} to {new} and never comes back"
        end = _ENDS.get(effect.oid) if effect.new == LifeCycleState.TERMINATION else None
        return f"{said}: {end}" if end else said
    if isinstance(effect, AccessFixed):
        name = tag_word(effect.tag)
        stands = "absent" if effect.value is None else Metadata({effect.tag: effect.value}).in_words()[name]
        means = "" if stands == str(effect.now) else f", which means {effect.now} from then on"
        return f"{name} will stay {stands}{means}"
    if isinstance(effect, TagsFixed):
        return ", and ".join(f"{name} will stay {value}" for name, value in effect.tags.in_words().items())
    return f"only a protected update ({effect.condition}) can change its metadata"
