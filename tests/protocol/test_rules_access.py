"""Whether conditions hold, with three answers. The table is the manual's; what is not known is left open, soundly."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optiga.protocol.codes import ErrorCode
from optiga.protocol.conditions import ALWAYS, NEVER, AccessCondition, Condition, Operator, SimpleCondition
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.rules.access import error_of_use, evaluate, find_alternative, residual
from optiga.protocol.rules.known import Known, access_now, is_counted

NOTHING = Known()
ANSWERS = [
    ("00", NOTHING, True),
    ("ff", NOTHING, False),
    ("e1fc07", NOTHING, None),
    ("e1fc07", Known(3), True),
    ("e1fc07", Known(7), False),
    ("e1fa07", Known(7), True),
    ("e1fb03", Known(3), False),
    ("e1fb03", Known(7), True),
    ("70fc07", Known(3), None),
    ("9020", NOTHING, None),
    ("23f1d0", Known(authorized=()), False),
    ("23f1d0", Known(authorized=(0xF1D0,)), True),
    ("20e140", Known(authorized=()), None),
    ("20e140", Known(confidential=(0xE140,)), True),
    ("21e0e8", Known(integrity=(0xE0E9,)), False),
    ("40e120", Known(uses=lambda oid: oid == 0xE120), True),
    ("40e121", Known(uses=lambda oid: oid == 0xE120), False),
    ("e1fc07fd20e140", Known(7), False),
    ("e1fc07fd20e140", Known(1), None),
    ("20e140fde1fc07", Known(7), False),
    ("e1fc07fe20e140", Known(1), True),
    ("20e140fee1fc07", Known(1), True),
    ("e1fc07fe20e140", Known(7), None),
    ("e1fc07fe20e140", Known(7, confidential=()), False),
]


@pytest.mark.parametrize(("condition", "known", "answer"), ANSWERS)
def test_three_answers(condition: str, known: Known, answer: bool | None) -> None:
    assert evaluate(AccessCondition.parse(bytes.fromhex(condition)), known) is answer


@pytest.mark.parametrize(
    ("condition", "anchor", "answer"),
    [
        ("00", 0xE0E8, False),
        ("e1fc07", 0xE0E8, False),
        ("e1fc07fe21e0e8", 0xE0E8, True),
        ("e1fc07fe21e0e9", 0xE0E8, False),
        ("21e0e8fd20f1d0", 0xE0E8, False),
        ("21e0e8fde1fc07", 0xE0E8, True),
    ],
)
def test_an_update_must_be_asked_for_by_its_anchor(condition: str, anchor: int, answer: bool) -> None:
    known = Known(1, confidential=(), integrity=(anchor,))
    parsed = AccessCondition.parse(bytes.fromhex(condition))
    assert evaluate(parsed, known, anchor=anchor) is answer
    assert (find_alternative(parsed, known, anchor=anchor) is not None) is answer


def test_the_first_alternative_from_the_left_allows() -> None:
    condition = AccessCondition.parse(bytes.fromhex("20e140fe40e120fee1fc07"))
    assert find_alternative(condition, Known(1)) == condition.alternatives[2]
    assert find_alternative(condition, Known(1, uses=lambda _: True)) == condition.alternatives[1]
    assert find_alternative(condition, Known(7)) is None


STATES = (Condition.LCS_OBJECT, Condition.LCS_GLOBAL, Condition.LCS_APPLICATION)
STATUSES = (Condition.SECURITY_STATUS_GLOBAL, Condition.SECURITY_STATUS_APPLICATION)
NAMING = (Condition.AUTHORIZATION, Condition.CONFIDENTIALITY, Condition.INTEGRITY, Condition.LINKED_COUNTER)
OIDS = (0xE140, 0xF1D0)
simple = (
    st.builds(
        SimpleCondition,
        st.sampled_from(STATES),
        st.sampled_from([Operator.EQUAL, Operator.GREATER, Operator.LESS]),
        st.sampled_from([1, 3, 7, 15]),
    )
    | st.builds(SimpleCondition, st.sampled_from(STATUSES), st.none(), st.sampled_from([0x20, 0x21]))
    | st.builds(SimpleCondition, st.sampled_from(NAMING), st.none(), st.sampled_from(OIDS))
)
conditions = st.sampled_from([ALWAYS, NEVER]) | st.lists(
    st.lists(simple, min_size=1, max_size=4).map(tuple), min_size=1, max_size=3
).map(lambda tokens: AccessCondition(tuple(tokens)))


class Answers:
    """A context that looks its answers up; what it has none for is not known."""

    def __init__(self, answers: dict[tuple[Condition, int], int | bool | None]) -> None:
        self.answers = answers

    def life_cycle_state(self, whose: Condition) -> int | None:
        return self.answers[whose, 0]

    security_status = life_cycle_state

    def is_authorized(self, oid: int) -> bool | None:
        return self.answers[Condition.AUTHORIZATION, oid]  # type: ignore[return-value]

    def is_confidential(self, oid: int) -> bool | None:
        return self.answers[Condition.CONFIDENTIALITY, oid]  # type: ignore[return-value]

    def has_integrity(self, oid: int) -> bool | None:
        return self.answers[Condition.INTEGRITY, oid]  # type: ignore[return-value]

    def has_uses(self, oid: int) -> bool | None:
        return self.answers[Condition.LINKED_COUNTER, oid]  # type: ignore[return-value]


everything = st.fixed_dictionaries(
    {
        **{(kind, 0): st.sampled_from([1, 3, 7, 15]) for kind in STATES},
        **{(kind, 0): st.sampled_from([0x00, 0x20, 0x21]) for kind in STATUSES},
        **{(kind, oid): st.booleans() for kind in NAMING for oid in OIDS},
    }
)
KEYS = [*((kind, 0) for kind in (*STATES, *STATUSES)), *((kind, oid) for kind in NAMING for oid in OIDS)]


def holds(condition: AccessCondition, facts: dict[tuple[Condition, int], int | bool]) -> bool:
    """What the manual says, spelled out."""

    def one(simple: SimpleCondition) -> bool:
        if simple.kind in (Condition.ALWAYS, Condition.NEVER):
            return simple.kind is Condition.ALWAYS
        if simple.kind in STATES:
            state = facts[simple.kind, 0]
            signs = {Operator.EQUAL: "==", Operator.GREATER: ">", Operator.LESS: "<"}
            return bool(eval(f"{state} {signs[simple.comparison]} {simple.value}"))  # type: ignore[index]
        if simple.kind in STATUSES:
            return not simple.value & ~facts[simple.kind, 0]
        return bool(facts[simple.kind, simple.value])

    return any(all(map(one, token)) for token in condition.alternatives)


@given(conditions, everything, st.sets(st.sampled_from(KEYS)))
def test_what_is_not_known_never_misleads(
    condition: AccessCondition, facts: dict[tuple[Condition, int], int | bool], hidden: set[tuple[Condition, int]]
) -> None:
    truth = holds(condition, facts)
    assert evaluate(condition, Answers(dict(facts))) is truth
    partly = Answers({key: None if key in hidden else value for key, value in facts.items()})
    answer = evaluate(condition, partly)
    assert answer in (None, truth)
    left = residual(condition, partly)
    assert answer is {ALWAYS: True, NEVER: False}.get(left)
    assert evaluate(left, Answers(dict(facts))) is truth
    if find_alternative(condition, partly) is not None:
        assert truth


def test_a_condition_that_is_none_is_never_and_counts_perhaps() -> None:
    metadata = Metadata({Tag.READ: b"\x01", Tag.CHANGE: bytes.fromhex("e1fc07fe40e120")})
    assert access_now(metadata, Tag.READ) == access_now(metadata, Tag.EXECUTE) == NEVER
    assert str(access_now(metadata, Tag.CHANGE)) == "luc 0xE120"
    assert is_counted(metadata, Tag.READ) is None
    assert is_counted(metadata, Tag.CHANGE) is True
    assert is_counted(metadata, Tag.EXECUTE) is False


def test_what_is_neither_read_nor_used() -> None:
    usable = Metadata({Tag.LCSO: b"\x07", Tag.VERSION: b"\x00\x05"})
    assert error_of_use(usable) is None
    invalid = usable.with_tags({Tag.VERSION: b"\x80\x05"})
    assert error_of_use(invalid) is ErrorCode.INVALID_METADATA
    assert error_of_use(invalid.with_tags({Tag.LCSO: b"\x0f"})) is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED


def test_nothing_is_taken_for_granted() -> None:
    known = replace(NOTHING, state=7)
    assert [known.life_cycle_state(kind) for kind in STATES] == [7, None, None]
    assert [known.security_status(kind) for kind in STATUSES] == [None, None]
