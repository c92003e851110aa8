"""What of a change to an object can never be undone, in words for people.

SRM, "Metadata expression" (which tags change when) and "Life Cycle State" (states only go forward).
"""

from __future__ import annotations

from optiga.protocol import objects as oids
from optiga.protocol.codes import LifeCycleState, life_cycle_word
from optiga.protocol.conditions import ALWAYS, NEVER, AccessCondition, Condition, Operator, SimpleCondition
from optiga.protocol.metadata import Metadata, Tag

_ACCESSES = {
    Tag.CHANGE: "change",
    Tag.READ: "read",
    Tag.EXECUTE: "execute",
    Tag.METADATA_UPDATE: "metadata_update",
}
LIFE_CYCLES = {oids.LCS_GLOBAL: "chip's global", oids.LCS_APPLICATION: "application's"}
"""Objects that are life cycle states of the whole chip, and whose they are."""


def what_stays(before: Metadata, changes: Metadata) -> list[str]:
    """What a change of metadata does for good, or as good as.

    :param before: the object's metadata as they are.
    :param changes: the tags that are to be set.
    :returns: one sentence each, without the full stop; empty if all of it can be taken back.
    """
    after = before.with_tags(dict(changes.items()))
    old, new = state_of(before), state_of(after)
    said: list[str] = []
    if new > old:
        said.append(
            f"its life cycle state goes from {life_cycle_word(old)} to {life_cycle_word(new)} and never comes back"
        )
    if old < LifeCycleState.OPERATIONAL <= new:
        said += _fixed(after, new)
        if after.is_invalid:
            said.append("its protected update was interrupted: nothing but the same update again can end that any more")
    elif changes.get(Tag.CHANGE) is not None and access_at(after, Tag.CHANGE, new) == NEVER:
        said.append("its data can no longer be changed, unless its metadata are changed again before it is operational")
    return said


def what_stays_written(oid: int, data: bytes, before: bytes) -> list[str]:
    """The same for data: life cycle states only go forward.

    :param before: the data that the object holds now.
    """
    if oid not in LIFE_CYCLES or not data or not before or data[0] <= before[0]:
        return []
    whose, old, new = LIFE_CYCLES[oid], life_cycle_word(before[0]), life_cycle_word(data[0])
    return [f"the {whose} life cycle state goes from {old} to {new} and never comes back"]


def access_at(metadata: Metadata, tag: Tag, state: int) -> AccessCondition:
    """An access condition as it is while the object's life cycle state is a given one.

    What the condition says of that state is worked out; ``lcso < operational`` is never for an operational object.
    """
    try:
        condition = metadata.access(tag)
    except ValueError:
        return NEVER
    alternatives = []
    for token in condition.alternatives:
        if any(simple.kind is Condition.NEVER or fails_at(simple, state) for simple in token):
            continue
        rest = tuple(simple for simple in token if simple.kind not in (Condition.LCS_OBJECT, Condition.ALWAYS))
        if not rest:
            return ALWAYS
        alternatives.append(rest)
    return AccessCondition(tuple(alternatives)) if alternatives else NEVER


def is_locked(metadata: Metadata) -> bool:
    """Whether the metadata of an object are fixed: it is operational, or has no life cycle state of its own."""
    return state_of(metadata) >= LifeCycleState.OPERATIONAL


def _fixed(metadata: Metadata, state: int) -> list[str]:
    """What is fixed once the object is operational."""
    said = []
    for tag, name in _ACCESSES.items():
        if metadata.get(tag) is None and tag is Tag.METADATA_UPDATE:
            continue
        now = access_at(metadata, tag, state)
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
    update = access_at(metadata, Tag.METADATA_UPDATE, state)
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


def fails_at(simple: SimpleCondition, state: int) -> bool:
    """Whether a condition is one on the object's life cycle state, and does not hold in a given one."""
    if simple.kind is not Condition.LCS_OBJECT:
        return False
    if simple.comparison is Operator.LESS:
        return not state < simple.value
    if simple.comparison is Operator.GREATER:
        return not state > simple.value
    return state != simple.value


def state_of(metadata: Metadata) -> int:
    """The life cycle state; operational where there is none, as the manual's implicit rule says."""
    value = metadata.get(Tag.LCSO)
    return value[0] if value else LifeCycleState.OPERATIONAL
