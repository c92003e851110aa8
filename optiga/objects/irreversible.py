"""What of a change to an object can never be undone, in words for people.

SRM, "Metadata expression" (which tags change when) and "Life Cycle State" (states only go forward).
"""

from __future__ import annotations

from optiga.protocol import objects as oids
from optiga.protocol.codes import LifeCycleState, life_cycle_word
from optiga.protocol.conditions import NEVER
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.rules.known import access_now

_ACCESSES = {
    Tag.CHANGE: "change",
    Tag.READ: "read",
    Tag.EXECUTE: "execute",
    Tag.METADATA_UPDATE: "metadata_update",
}
_LIFE_CYCLES = {oids.LCS_GLOBAL: "chip's global", oids.LCS_APPLICATION: "application's"}


def what_stays(before: Metadata, changes: Metadata) -> list[str]:
    """What a change of metadata does for good, or as good as.

    :param before: the object's metadata as they are.
    :param changes: the tags that are to be set.
    :returns: one sentence each, without the full stop; empty if all of it can be taken back.
    """
    after = before.with_tags(dict(changes.items()))
    old, new = before.state, after.state
    said: list[str] = []
    if new > old:
        said.append(
            f"its life cycle state goes from {life_cycle_word(old)} to {life_cycle_word(new)} and never comes back"
        )
    if old < LifeCycleState.OPERATIONAL <= new:
        said += _fixed(after)
        if after.is_invalid:
            said.append("its protected update was interrupted: nothing but the same update again can end that any more")
    elif changes.get(Tag.CHANGE) is not None and access_now(after, Tag.CHANGE) == NEVER:
        said.append("its data can no longer be changed, unless its metadata are changed again before it is operational")
    return said


def what_stays_written(oid: int, data: bytes, before: bytes) -> list[str]:
    """The same for data: life cycle states only go forward.

    :param before: the data that the object holds now.
    """
    if oid not in _LIFE_CYCLES or not data or not before or data[0] <= before[0]:
        return []
    whose, old, new = _LIFE_CYCLES[oid], life_cycle_word(before[0]), life_cycle_word(data[0])
    return [f"the {whose} life cycle state goes from {old} to {new} and never comes back"]


def _fixed(metadata: Metadata) -> list[str]:
    """What is fixed once the object is operational."""
    said = []
    for tag, name in _ACCESSES.items():
        if metadata.get(tag) is None and tag is Tag.METADATA_UPDATE:
            continue
        now = access_now(metadata, tag)
        stands = "absent" if metadata.get(tag) is None else _condition(metadata, tag)
        means = "" if stands == str(now) else f", which is {now} from then on"
        said.append(f"{name}: {stands} is fixed{means}")
    others = [
        f"{name}: {value}"
        for name, value in metadata.in_words().items()
        if name in ("version", "key_usage", "type", "reset_type")
    ]
    if others:
        said.append(f"{'; '.join(others)} {'is' if len(others) == 1 else 'are'} fixed")
    update = access_now(metadata, Tag.METADATA_UPDATE)
    if update != NEVER and metadata.get(Tag.RESET_TYPE) is not None:
        said.append(f"nothing but a protected update ({update}) can change its metadata")
    else:
        said.append("none of its metadata can ever be changed again")
    return said


def _condition(metadata: Metadata, tag: Tag) -> str:
    try:
        return str(metadata.access(tag))
    except ValueError:
        return f"0x{(metadata.get(tag) or b'').hex()}"
