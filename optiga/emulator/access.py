"""Whether an access condition holds. SRM, "Access Conditions (ACs)"."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from optiga.protocol import objects as oids
from optiga.protocol.metadata import AccessCondition, Condition, Metadata, Operator, SimpleCondition, Tag

if TYPE_CHECKING:
    from optiga.emulator.machine import Machine

_ALWAYS = bytes([Condition.ALWAYS])


def is_allowed(machine: Machine, metadata: Metadata, access: Tag) -> bool:
    """Whether an access to the object with these metadata is allowed now; an absent condition is never."""
    value = metadata.get(access)
    if value is None:
        return False
    if value == _ALWAYS:  # what nearly every use of a key meets
        return True
    return any(all(_holds(machine, metadata, condition) for condition in token) for token in _parse(value).alternatives)


@lru_cache(maxsize=256)
def _parse(value: bytes) -> AccessCondition:
    return AccessCondition.parse(value)


def _holds(machine: Machine, metadata: Metadata, condition: SimpleCondition) -> bool:
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
        return condition.value == machine.verified_anchor
    # Never; confidentiality, which takes a shielded connection; and linked counters, which are not modelled.
    return False


def _compares(state: int, condition: SimpleCondition) -> bool:
    if condition.comparison is Operator.LESS:
        return state < condition.value
    if condition.comparison is Operator.GREATER:
        return state > condition.value
    return state == condition.value
