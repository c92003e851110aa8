"""Access conditions: when an object may be changed, read or used. SRM, "Access Conditions (ACs)"."""

from __future__ import annotations

from collections.abc import Iterator
from enum import unique
from functools import lru_cache
from typing import NamedTuple

from optiga.protocol.codes import CodeEnum, life_cycle_word
from optiga.protocol.objects import format_oid


@unique
class Condition(CodeEnum):
    """Identifiers of simple access conditions. SRM, table "Access Condition Identifier and Operators"."""

    ALWAYS = 0x00
    SECURITY_STATUS_GLOBAL = 0x10
    CONFIDENTIALITY = 0x20
    INTEGRITY = 0x21
    AUTHORIZATION = 0x23
    LINKED_COUNTER = 0x40
    LCS_GLOBAL = 0x70
    SECURITY_STATUS_APPLICATION = 0x90
    LCS_APPLICATION = 0xE0
    LCS_OBJECT = 0xE1
    NEVER = 0xFF


@unique
class Operator(CodeEnum):
    """Operators of access conditions, same table."""

    EQUAL = 0xFA
    GREATER = 0xFB
    LESS = 0xFC
    AND = 0xFD
    OR = 0xFE


_OPERAND_SIZES = {
    Condition.ALWAYS: 0,
    Condition.NEVER: 0,
    Condition.SECURITY_STATUS_GLOBAL: 1,
    Condition.SECURITY_STATUS_APPLICATION: 1,
    Condition.CONFIDENTIALITY: 2,
    Condition.INTEGRITY: 2,
    Condition.AUTHORIZATION: 2,
    Condition.LINKED_COUNTER: 2,
    Condition.LCS_GLOBAL: 2,
    Condition.LCS_APPLICATION: 2,
    Condition.LCS_OBJECT: 2,
}
LCS_CONDITIONS = (Condition.LCS_GLOBAL, Condition.LCS_APPLICATION, Condition.LCS_OBJECT)
"""Conditions on a life cycle state: a comparison and the state stand behind them."""
CONDITION_WORDS = {
    "always": Condition.ALWAYS,
    "never": Condition.NEVER,
    "sec_sta_g": Condition.SECURITY_STATUS_GLOBAL,
    "sec_sta_a": Condition.SECURITY_STATUS_APPLICATION,
    "conf": Condition.CONFIDENTIALITY,
    "int": Condition.INTEGRITY,
    "auto": Condition.AUTHORIZATION,
    "luc": Condition.LINKED_COUNTER,
    "lcsg": Condition.LCS_GLOBAL,
    "lcsa": Condition.LCS_APPLICATION,
    "lcso": Condition.LCS_OBJECT,
}
"""Each simple condition by the word for it."""
COMPARISON_WORDS = {"<": Operator.LESS, "==": Operator.EQUAL, ">": Operator.GREATER}
"""Each comparison of life cycle states by its sign."""
_WORDS_OF_CONDITIONS = {kind: word for word, kind in CONDITION_WORDS.items()}
_SIGNS_OF_COMPARISONS = {comparison: sign for sign, comparison in COMPARISON_WORDS.items()}


class SimpleCondition(NamedTuple):
    """One simple access condition.

    :param comparison: for life cycle states: equal, greater or less; None for all others.
    :param value: the life cycle state, the bits of a security status, or the identifier of the object named; 0 for
        always and never.
    """

    kind: Condition
    comparison: Operator | None = None
    value: int = 0

    @property
    def word(self) -> str:
        """The word for its kind, for example ``lcso``."""
        return _WORDS_OF_CONDITIONS[self.kind]

    @property
    def sign(self) -> str:
        """The sign of its comparison; empty where it compares nothing."""
        return "" if self.comparison is None else _SIGNS_OF_COMPARISONS[self.comparison]

    @property
    def operand_size(self) -> int:
        """Bytes behind the identifier of its kind."""
        return _OPERAND_SIZES[self.kind]

    def encode(self) -> bytes:
        """The bytes of a metadata tag that it takes."""
        if self.comparison is not None:
            return bytes([self.kind, self.comparison, self.value])
        return bytes([self.kind]) + self.value.to_bytes(self.operand_size, "big")

    def __str__(self) -> str:
        word = self.word
        if self.comparison is not None:
            return f"{word} {self.sign} {life_cycle_word(self.value)}"
        size = self.operand_size
        return word if size == 0 else f"{word} 0x{self.value:02x}" if size == 1 else f"{word} {format_oid(self.value)}"


Alternative = tuple[SimpleCondition, ...]
"""Simple conditions that hold together."""


class AccessCondition:
    """A whole access condition: it holds if all simple conditions of any one of its alternatives hold. Immutable.

    :param alternatives: the alternatives, each a tuple of simple conditions.
    :raises ValueError: if the manual does not allow so many, or these together.
    """

    __slots__ = ("alternatives",)

    def __init__(self, alternatives: tuple[Alternative, ...]) -> None:
        self.alternatives: tuple[Alternative, ...] = alternatives
        simple = list(self)
        if len(simple) > 1 and any(c.kind in (Condition.ALWAYS, Condition.NEVER) for c in simple):
            raise ValueError("access condition: always and never cannot be combined")
        if not 0 < len(alternatives) <= 3 or not all(0 < len(token) <= 7 for token in alternatives):
            raise ValueError("access condition: at most 3 alternatives of at most 7 conditions")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AccessCondition) and self.alternatives == other.alternatives

    def __hash__(self) -> int:
        return hash(self.alternatives)

    def __repr__(self) -> str:
        return f"AccessCondition({self.alternatives!r})"

    @classmethod
    def parse(cls, data: bytes) -> AccessCondition:
        """From the value of a metadata tag 0xD0, 0xD1, 0xD3 or 0xD8.

        :raises ValueError: if it is no condition by the manual's rules.
        """
        return _parse(bytes(data))

    def encode(self) -> bytes:
        """The bytes that :meth:`parse` takes."""
        tokens = (bytes([Operator.AND]).join(simple.encode() for simple in token) for token in self.alternatives)
        return bytes([Operator.OR]).join(tokens)

    def __iter__(self) -> Iterator[SimpleCondition]:
        """Every simple condition, from left to right."""
        return (condition for token in self.alternatives for condition in token)

    def __str__(self) -> str:
        """In words, for example ``lcso < operational || int 0xE0E8``."""
        return " || ".join(" && ".join(str(condition) for condition in token) for token in self.alternatives)


@lru_cache(maxsize=256)
def _parse(data: bytes) -> AccessCondition:
    """A condition from its bytes; the same few stand in most objects of most chips."""
    alternatives: list[Alternative] = []
    token: list[SimpleCondition] = []
    rest = data
    while True:
        condition, rest = _parse_simple(rest)
        token.append(condition)
        if not rest:
            break
        if rest[0] == Operator.OR:
            alternatives.append(tuple(token))
            token = []
        elif rest[0] != Operator.AND:
            raise ValueError(f"access condition: 0x{rest[0]:02x} is not an operator")
        rest = rest[1:]
    return AccessCondition((*alternatives, tuple(token)))


ALWAYS = AccessCondition(((SimpleCondition(Condition.ALWAYS),),))
NEVER = AccessCondition(((SimpleCondition(Condition.NEVER),),))


def _parse_simple(data: bytes) -> tuple[SimpleCondition, bytes]:
    """The first simple condition of data, and what follows it."""
    if not data:
        raise ValueError("access condition: a condition is missing at the end")
    kind = Condition.of(data[0])
    if kind is None:
        raise ValueError(f"access condition: unknown identifier 0x{data[0]:02x}")
    size = _OPERAND_SIZES[kind]
    operand, rest = data[1 : 1 + size], data[1 + size :]
    if len(operand) < size:
        raise ValueError(f"access condition: {_WORDS_OF_CONDITIONS[kind]} is cut off")
    if kind not in LCS_CONDITIONS:
        return SimpleCondition(kind, None, int.from_bytes(operand, "big")), rest
    comparison = Operator.of(operand[0])
    if comparison not in _SIGNS_OF_COMPARISONS:
        raise ValueError(f"access condition: 0x{operand[0]:02x} is not a comparison")
    return SimpleCondition(kind, comparison, operand[1]), rest
