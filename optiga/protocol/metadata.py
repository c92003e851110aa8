"""Metadata of objects and the access conditions in them.

Metadata are TLVs with one-byte lengths inside the constructed tag 0x20. SRM, "Metadata expression" and "Access
Conditions (ACs)".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import IntEnum, unique
from typing import NamedTuple

from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import KeyUsage, LifeCycleState, ObjectType
from optiga.protocol.objects import format_oid

CONSTRUCTED_TAG = 0x20
MAX_SIZE = 44
"""Most bytes of an object's metadata, constructed tag and length included."""


@unique
class Tag(IntEnum):
    """SRM, table "Metadata associated with data and key objects"."""

    LCSO = 0xC0
    VERSION = 0xC1
    MAX_SIZE = 0xC4
    USED_SIZE = 0xC5
    CHANGE = 0xD0
    READ = 0xD1
    EXECUTE = 0xD3
    METADATA_UPDATE = 0xD8
    ALGORITHM = 0xE0
    KEY_USAGE = 0xE1
    TYPE = 0xE8
    RESET_TYPE = 0xF0


ACCESS_TAGS = (Tag.CHANGE, Tag.READ, Tag.EXECUTE, Tag.METADATA_UPDATE)


@unique
class Condition(IntEnum):
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
class Operator(IntEnum):
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
_LCS_CONDITIONS = (Condition.LCS_GLOBAL, Condition.LCS_APPLICATION, Condition.LCS_OBJECT)
_CONDITION_WORDS = {
    Condition.ALWAYS: "always",
    Condition.NEVER: "never",
    Condition.SECURITY_STATUS_GLOBAL: "sec_sta_g",
    Condition.SECURITY_STATUS_APPLICATION: "sec_sta_a",
    Condition.CONFIDENTIALITY: "conf",
    Condition.INTEGRITY: "int",
    Condition.AUTHORIZATION: "auto",
    Condition.LINKED_COUNTER: "luc",
    Condition.LCS_GLOBAL: "lcsg",
    Condition.LCS_APPLICATION: "lcsa",
    Condition.LCS_OBJECT: "lcso",
}
FLUSHES = {0x10: "flush", 0x20: "random"}
"""What of a reset type says how content is overwritten: with zeros, or with random bytes."""
_COMPARISONS = {Operator.EQUAL: "==", Operator.GREATER: ">", Operator.LESS: "<"}


class SimpleCondition(NamedTuple):
    """One simple access condition.

    :param comparison: for life cycle states: equal, greater or less; None for all others.
    :param value: the life cycle state, the bits of a security status, or the identifier of the object named; 0 for
        always and never.
    """

    kind: Condition
    comparison: Operator | None = None
    value: int = 0

    def __str__(self) -> str:
        word = _CONDITION_WORDS[self.kind]
        if self.comparison is not None:
            return f"{word} {_COMPARISONS[self.comparison]} {_state_word(self.value)}"
        size = _OPERAND_SIZES[self.kind]
        return word if size == 0 else f"{word} 0x{self.value:02x}" if size == 1 else f"{word} {format_oid(self.value)}"


class AccessCondition:
    """A whole access condition: it holds if all simple conditions of any one of its alternatives hold. Immutable.

    :param alternatives: the alternatives, each a tuple of simple conditions.
    """

    __slots__ = ("alternatives",)

    def __init__(self, alternatives: tuple[tuple[SimpleCondition, ...], ...]) -> None:
        self.alternatives = alternatives

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
        alternatives: list[tuple[SimpleCondition, ...]] = []
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
                raise ValueError(f"access condition: 0x{rest[0]:02x} stands where an operator must")
            rest = rest[1:]
        alternatives.append(tuple(token))
        parsed = cls(tuple(alternatives))
        simple = list(parsed)
        if len(simple) > 1 and any(c.kind in (Condition.ALWAYS, Condition.NEVER) for c in simple):
            raise ValueError("access condition: always and never stand alone")
        if len(alternatives) > 3 or any(len(token) > 7 for token in alternatives):
            raise ValueError("access condition: at most 3 alternatives of at most 7 conditions")
        return parsed

    def __iter__(self) -> Iterator[SimpleCondition]:
        """Every simple condition, from left to right."""
        return (condition for token in self.alternatives for condition in token)

    def __str__(self) -> str:
        """In words, for example ``lcso < operational || int 0xE0E8``."""
        return " || ".join(" && ".join(str(condition) for condition in token) for token in self.alternatives)


ALWAYS = AccessCondition(((SimpleCondition(Condition.ALWAYS),),))
NEVER = AccessCondition(((SimpleCondition(Condition.NEVER),),))


def _parse_simple(data: bytes) -> tuple[SimpleCondition, bytes]:
    """The first simple condition of data, and what follows it."""
    if not data:
        raise ValueError("access condition: it ends where a condition must stand")
    try:
        kind = Condition(data[0])
    except ValueError:
        raise ValueError(f"access condition: unknown identifier 0x{data[0]:02x}") from None
    size = _OPERAND_SIZES[kind]
    operand, rest = data[1 : 1 + size], data[1 + size :]
    if len(operand) < size:
        raise ValueError(f"access condition: {_CONDITION_WORDS[kind]} is cut off")
    if kind not in _LCS_CONDITIONS:
        return SimpleCondition(kind, None, int.from_bytes(operand, "big")), rest
    if operand[0] not in tuple(_COMPARISONS):
        raise ValueError(f"access condition: 0x{operand[0]:02x} is no comparison")
    return SimpleCondition(kind, Operator(operand[0]), operand[1]), rest


def _state_word(value: int) -> str:
    """A life cycle state by its name, where it has one."""
    try:
        return LifeCycleState(value).name.lower()
    except ValueError:
        return f"0x{value:02x}"


class Metadata:
    """The metadata of one object, in the order in which they stand on the chip. Immutable.

    :param items: value (bytes) by tag; tags the manual does not know are kept as they are.
    """

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[int, bytes]) -> None:
        self._items = dict(items)

    @classmethod
    def parse(cls, data: bytes) -> Metadata:
        """From the bytes that GetDataObject returns with param 1.

        :raises ValueError: if they are not one constructed TLV of whole TLVs with each tag once.
        """
        if len(data) < 2 or data[0] != CONSTRUCTED_TAG or data[1] != len(data) - 2:
            raise ValueError("metadata: not one constructed TLV 0x20 of the length it announces")
        items: dict[int, bytes] = {}
        rest = data[2:]
        while rest:
            if len(rest) < 2 or len(rest) < 2 + rest[1]:
                raise ValueError(f"metadata: tag 0x{rest[0]:02x} is cut off")
            if rest[0] in items:
                raise ValueError(f"metadata: tag 0x{rest[0]:02x} stands twice")
            items[rest[0]] = rest[2 : 2 + rest[1]]
            rest = rest[2 + rest[1] :]
        return cls(items)

    def encode(self) -> bytes:
        """The bytes that :meth:`parse` takes."""
        body = b"".join(bytes([tag, len(value)]) + value for tag, value in self._items.items())
        return bytes([CONSTRUCTED_TAG, len(body)]) + body

    def get(self, tag: int) -> bytes | None:
        """The value of a tag, None if it is absent."""
        return self._items.get(tag)

    def items(self) -> Iterator[tuple[int, bytes]]:
        """Tags and values in their order."""
        return iter(self._items.items())

    def with_tags(self, changes: Mapping[int, bytes]) -> Metadata:
        """These metadata with some tags set, in the order of their numbers, as real chips return them."""
        return Metadata(dict(sorted({**self._items, **changes}.items())))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Metadata) and self.encode() == other.encode()

    def __hash__(self) -> int:
        return hash(self.encode())

    def __repr__(self) -> str:
        return f"Metadata.parse(bytes.fromhex('{self.encode().hex()}'))"

    @property
    def life_cycle_state(self) -> LifeCycleState:
        """LcsO; operational where the tag is absent, as the manual's implicit rule says.

        :raises ValueError: if the value is no life cycle state.
        """
        value = self._items.get(Tag.LCSO)
        return LifeCycleState.OPERATIONAL if not value else LifeCycleState(value[0])

    @property
    def max_size(self) -> int | None:
        """Most bytes of data; None where the tag is absent (keys)."""
        return self._number(Tag.MAX_SIZE)

    @property
    def used_size(self) -> int | None:
        """Bytes of data; the most there can be where the tag is absent, as the manual's implicit rule says."""
        used = self._number(Tag.USED_SIZE)
        return self.max_size if used is None else used

    @property
    def algorithm(self) -> KeyAlgorithm | None:
        """Algorithm of the key in the object; None where there is no key yet, or one of an unknown algorithm."""
        value = self._number(Tag.ALGORITHM)
        try:
            return None if value is None else KeyAlgorithm(value)
        except ValueError:
            return None

    @property
    def key_usage(self) -> KeyUsage:
        """What the key may be used for; nothing where the tag is absent."""
        return KeyUsage(self._number(Tag.KEY_USAGE) or 0)

    @property
    def object_type(self) -> ObjectType | None:
        """Type of the data; None where the tag is absent: plain bytes.

        :raises ValueError: if the value is no type of the manual.
        """
        value = self._number(Tag.TYPE)
        return None if value is None else ObjectType(value)

    def access(self, tag: Tag) -> AccessCondition:
        """The access condition of a tag (change, read, execute, metadata update); never where it is absent.

        :raises ValueError: if the value is no condition by the manual's rules.
        """
        value = self._items.get(tag)
        return NEVER if value is None else AccessCondition.parse(value)

    def _number(self, tag: Tag) -> int | None:
        value = self._items.get(tag)
        return None if value is None else int.from_bytes(value, "big")

    def in_words(self) -> dict[str, str]:
        """What the tags say, for people: ``{"lcso": "creation", "change": "lcso < operational", …}``."""
        return {_tag_word(tag): self._value_in_words(tag, value) for tag, value in self._items.items()}

    def _value_in_words(self, tag: int, value: bytes) -> str:
        number = int.from_bytes(value, "big")
        try:
            if tag in ACCESS_TAGS:
                return str(AccessCondition.parse(value))
            if tag in (Tag.MAX_SIZE, Tag.USED_SIZE):
                return str(number)
            if tag == Tag.VERSION:
                return f"{number & 0x7FFF}" + (" (invalid)" if number & 0x8000 else "")
            if tag == Tag.LCSO:
                return LifeCycleState(number).name.lower()
            if tag == Tag.ALGORITHM:
                return KeyAlgorithm(number).title
            if tag == Tag.TYPE:
                return ObjectType(number).name.lower()
            if tag == Tag.KEY_USAGE:
                return _usage_words(number)
            if tag == Tag.RESET_TYPE:
                return _reset_words(number)
        except ValueError:
            pass
        return f"0x{value.hex()}"


def _usage_words(usage: int) -> str:
    """The usages of a key.

    :raises ValueError: if any has no name.
    """
    if usage & ~sum(KeyUsage):
        raise ValueError("no key usage")
    return ", ".join(str(one.name).lower() for one in KeyUsage if usage & one) or "none"


def _reset_words(reset: int) -> str:
    """A reset type: the life cycle state that the object goes to, and what its content is overwritten with.

    :raises ValueError: if either has no name.
    """
    state, flush = reset & 0x0F, reset & ~0x0F
    if flush and flush not in FLUSHES:
        raise ValueError("no reset type")
    words = [LifeCycleState(state).name.lower()] if state else []
    return ", ".join([*words, *([FLUSHES[flush]] if flush else [])]) or "none"


def _tag_word(tag: int) -> str:
    try:
        return Tag(tag).name.lower()
    except ValueError:
        return f"0x{tag:02x}"
