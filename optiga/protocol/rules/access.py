"""Whether an access condition holds: yes, no, or not known. SRM, "Access Conditions (ACs)".

True, False and None are the three answers. A chip knows everything that its conditions ask for; a host does not.
"""

from __future__ import annotations

from typing import Protocol

from optiga.protocol.codes import ErrorCode, LifeCycleState
from optiga.protocol.conditions import ALWAYS, NEVER, AccessCondition, Alternative, Condition, Operator, SimpleCondition
from optiga.protocol.metadata import Metadata, Tag

_TERMINATED = bytes([LifeCycleState.TERMINATION])


class AccessContext(Protocol):
    """What conditions ask for, as it is at the moment; None for what is not known."""

    def life_cycle_state(self, whose: Condition) -> int | None:
        """Of the object (LcsO), the chip (LcsG) or the application (LcsA)."""
        ...

    def security_status(self, whose: Condition) -> int | None:
        """The bits of the chip's or of the application's security status."""
        ...

    def is_authorized(self, oid: int) -> bool | None:
        """Whether the authorization reference in an object has been verified: Auto(X)."""
        ...

    def is_confidential(self, oid: int) -> bool | None:
        """Whether what is sent is encrypted with the secret in an object: Conf(X)."""
        ...

    def has_integrity(self, oid: int) -> bool | None:
        """Whether what is sent is protected with the trust anchor or secret in an object: Int(X)."""
        ...

    def has_uses(self, oid: int) -> bool | None:
        """Whether the counter in an object is below its threshold: Luc(X)."""
        ...


def evaluate(condition: AccessCondition, context: AccessContext, *, anchor: int | None = None) -> bool | None:
    """Whether a condition holds: whether all simple conditions of any alternative do.

    :param anchor: for a protected update: the object with its trust anchor, which an alternative must name.
    :returns: None if that depends on what is not known.
    """
    answer: bool | None = False
    for token in _alternatives(condition, anchor):
        holds = evaluate_alternative(token, context)
        if holds:
            return True
        answer = None if holds is None else answer
    return answer


def find_alternative(
    condition: AccessCondition, context: AccessContext, *, anchor: int | None = None
) -> Alternative | None:
    """What allows an access: the first alternative, from left to right, that is known to hold; None if there is none.

    :param anchor: as for :func:`evaluate`.
    """
    return next((token for token in _alternatives(condition, anchor) if evaluate_alternative(token, context)), None)


def evaluate_alternative(token: Alternative, context: AccessContext) -> bool | None:
    """Whether all conditions of an alternative hold; those behind the first that does not are not asked for."""
    answer: bool | None = True
    for simple in token:
        holds = evaluate_simple(simple, context)
        if holds is False:
            return False
        answer = answer and holds
    return answer


def evaluate_simple(simple: SimpleCondition, context: AccessContext) -> bool | None:
    """Whether one simple condition holds."""
    kind, value = simple.kind, simple.value
    if kind is Condition.ALWAYS or kind is Condition.NEVER:
        return kind is Condition.ALWAYS
    if simple.comparison is not None:
        state = context.life_cycle_state(kind)
        return None if state is None else _compares(state, simple.comparison, value)
    if kind is Condition.AUTHORIZATION:
        return context.is_authorized(value)
    if kind is Condition.CONFIDENTIALITY:
        return context.is_confidential(value)
    if kind is Condition.INTEGRITY:
        return context.has_integrity(value)
    if kind is Condition.LINKED_COUNTER:
        return context.has_uses(value)
    status = context.security_status(kind)
    return None if status is None else status & value == value


def residual(condition: AccessCondition, context: AccessContext) -> AccessCondition:
    """What is left of a condition where a context settles a part of it.

    :returns: always if it holds, never if it does not; else the alternatives that can still hold, each without the
        conditions that do.
    """
    left = []
    for token in condition.alternatives:
        answers = [(simple, evaluate_simple(simple, context)) for simple in token]
        if any(holds is False for _, holds in answers):
            continue
        rest = tuple(simple for simple, holds in answers if holds is None)
        if not rest:
            return ALWAYS
        left.append(rest)
    return AccessCondition(tuple(left)) if left else NEVER


def is_terminated(metadata: Metadata) -> bool:
    """Whether an object is in termination. SRM, "Metadata update"."""
    return metadata.get(Tag.LCSO) == _TERMINATED


def error_of_use(metadata: Metadata) -> ErrorCode | None:
    """The error for whoever reads or uses an object, whatever its conditions; None if they alone decide.

    One in termination is neither read nor used (SRM, "Metadata update"), nor is one whose protected update was
    interrupted (table "Metadata associated with data and key objects", tag 0xC1).
    """
    if is_terminated(metadata):
        return ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED
    return ErrorCode.INVALID_METADATA if metadata.is_invalid else None


def _alternatives(condition: AccessCondition, anchor: int | None) -> tuple[Alternative, ...]:
    """Those that count: for a protected update the ones that ask for its trust anchor."""
    if anchor is None:
        return condition.alternatives
    return tuple(
        token
        for token in condition.alternatives
        if any(simple.kind is Condition.INTEGRITY and simple.value == anchor for simple in token)
    )


def _compares(state: int, comparison: Operator, value: int) -> bool:
    if comparison is Operator.LESS:
        return state < value
    if comparison is Operator.GREATER:
        return state > value
    return state == value
