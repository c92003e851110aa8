"""Whether an access condition holds. SRM, "Access Conditions (ACs)"."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from optiga.protocol import objects as oids
from optiga.protocol.codes import LifeCycleState
from optiga.protocol.conditions import AccessCondition, Condition, Operator, SimpleCondition
from optiga.protocol.metadata import Metadata, Tag

if TYPE_CHECKING:
    from optiga.emulator.machine import Machine


def find_alternative(
    machine: Machine, metadata: Metadata, access: Tag, *, counters_aside: bool = False
) -> tuple[SimpleCondition, ...] | None:
    """What allows an access now: the first alternative, from left to right, all of whose conditions hold.

    :param counters_aside: whether linked counters hold even if they have reached their thresholds.
    :returns: None if there is none, or the condition is absent.
    """
    value = metadata.get(access)
    if value is None:
        return None
    for token in parse_condition(value).alternatives:
        if machine.verified_anchor is not None and not _names_anchor(machine, token):
            continue
        if all(_holds(machine, metadata, condition, counters_aside=counters_aside) for condition in token):
            return token
    return None


def _names_anchor(machine: Machine, token: tuple[SimpleCondition, ...]) -> bool:
    """Whether an alternative asks for the trust anchor of a protected update, as one must that allows it."""
    return any(simple.kind is Condition.INTEGRITY and simple.value == machine.verified_anchor for simple in token)


@lru_cache(maxsize=256)
def parse_condition(value: bytes) -> AccessCondition:
    """An access condition; the same few stand in most objects of most chips.

    :raises ValueError: if it is none.
    """
    return AccessCondition.parse(value)


def _holds(machine: Machine, metadata: Metadata, condition: SimpleCondition, *, counters_aside: bool) -> bool:
    kind = condition.kind
    if kind is Condition.ALWAYS:
        return True
    if kind is Condition.LCS_OBJECT:
        return _compares(metadata.life_cycle_state, condition)
    if kind is Condition.LCS_GLOBAL:
        return _compares(machine.data(oids.LCS_GLOBAL)[0], condition)
    if kind is Condition.LCS_APPLICATION:
        return _compares(machine.data(oids.LCS_APPLICATION)[0], condition)
    if kind is Condition.SECURITY_STATUS_GLOBAL:
        return machine.security_status[oids.SECURITY_STATUS_GLOBAL] & condition.value == condition.value
    if kind is Condition.SECURITY_STATUS_APPLICATION:
        return machine.security_status[oids.SECURITY_STATUS_APPLICATION] & condition.value == condition.value
    if kind is Condition.AUTHORIZATION:
        return condition.value in machine.authorized
    if kind is Condition.INTEGRITY:
        return condition.value == machine.verified_anchor or machine.is_shielded_by(condition.value)
    if kind is Condition.LINKED_COUNTER:
        linked = machine.table.get(condition.value)
        if linked is None or linked.counter is None or linked.metadata.life_cycle_state is LifeCycleState.TERMINATION:
            return False
        value, threshold = linked.counter
        return counters_aside or value < threshold
    if kind is Condition.CONFIDENTIALITY:
        return condition.value == machine.update_secret or machine.is_shielded_by(condition.value)
    return False


def _compares(state: int, condition: SimpleCondition) -> bool:
    if condition.comparison is Operator.LESS:
        return state < condition.value
    if condition.comparison is Operator.GREATER:
        return state > condition.value
    return state == condition.value
