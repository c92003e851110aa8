"""Metadata from words: the opposite of :meth:`optiga.protocol.metadata.Metadata.in_words`.

``change: lcso < operational || int 0xE0E8`` sets one tag. Letter case and spaces do not matter, nor does a hyphen or
a blank for an underscore; ``and`` and ``or`` are as good as ``&&`` and ``||``, the manual's ``ALW``, ``NEV`` and
``Conf(0xE140)`` as good as words, and every value may be given in hex instead. SRM, "Metadata expression", and the
tables "Access Condition Identifier and Operators" and "Metadata Update Identifier".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from optiga.errors import counted
from optiga.protocol.codes import KEY_USAGE_WORDS, LIFE_CYCLE_WORDS, LifeCycleState, ObjectType
from optiga.protocol.conditions import (
    COMPARISON_WORDS,
    CONDITION_WORDS,
    LCS_CONDITIONS,
    AccessCondition,
    Condition,
    Operator,
    SimpleCondition,
)
from optiga.protocol.metadata import (
    ACCESS_TAGS,
    FLUSH_WORDS,
    INVALID_FLAG,
    MAX_SIZE,
    MAX_VERSION,
    OWN_TAGS,
    Metadata,
    Tag,
    tag_word,
)
from optiga.protocol.objects import SLOTS, parse_oid
from optiga.protocol.rules.values import VALUE_SIZES, Problem, check_form
from optiga.suggestions import same_word, suggest

_SECURITY_STATUSES = (Condition.SECURITY_STATUS_GLOBAL, Condition.SECURITY_STATUS_APPLICATION)
_JOINTS = {"&&": Operator.AND, "and": Operator.AND, "||": Operator.OR, "or": Operator.OR}
_STATES: Mapping[str, int] = {
    **LIFE_CYCLE_WORDS,
    "initialisation": LifeCycleState.INITIALIZATION,
    "cr": LifeCycleState.CREATION,
    "in": LifeCycleState.INITIALIZATION,
    "op": LifeCycleState.OPERATIONAL,
    "te": LifeCycleState.TERMINATION,
}
_CONDITIONS: Mapping[str, Condition] = {**CONDITION_WORDS, "alw": Condition.ALWAYS, "nev": Condition.NEVER}
"""The words of conditions, and the manual's abbreviations."""
_TYPES = {kind.name.lower(): int(kind) for kind in ObjectType}
_RESETS = {**_STATES, **FLUSH_WORDS}
_OTHER_NAMES = {"metaupdate": "metadataupdate"}
_OPERANDS: Mapping[Condition, str] = {
    Condition.CONFIDENTIALITY: "the OID of a shared secret after conf, for example 0xE140",
    Condition.INTEGRITY: "the OID of a trust anchor after int, for example 0xE0E8",
    Condition.AUTHORIZATION: "the OID of an authorization reference after auto, for example 0xF1D0",
    Condition.LINKED_COUNTER: "the OID of a counter after luc, for example 0xE120",
}
"""What stands behind a condition that names an object."""

_IN_BRACKETS = re.compile(r"\b(conf|int|auto|luc|sec_sta_[ga])\s*\(\s*([0-9A-Za-z]+)\s*\)", re.IGNORECASE)
"""``Conf(0xE140)``, as the manual writes it."""
_SECURITY_STATUS = re.compile(r"\bsec[-_ ]sta[-_ ]([ga])\b", re.IGNORECASE)
_BETWEEN = re.compile(r"\s*(?::=|=>|->|[:=]|\s)\s*")
"""What people write between a tag and its value."""
_WORD = re.compile(r"&&|\|\||==|<=|>=|!=|[<>]|[A-Za-z0-9_]+|\S")


def parse_metadata_words(texts: Iterable[str]) -> Metadata:
    """Metadata from texts of the form ``tag: value``, in their order.

    :raises ValueError: one line that names the word that is wrong, and what may stand there.
    """
    items: dict[int, bytes] = {}
    for text in texts:
        name, colon, value = text.partition(":")
        if not colon or value.lstrip().startswith("="):
            example = with_colon(text) or "change: never"
            raise ValueError(f"{text!r}: expected a tag, a colon and a value, for example {example!r}")
        tag = parse_tag(name)
        if tag in items:
            raise ValueError(f"{name.strip()}: this tag is given twice")
        items[tag] = parse_value(tag, value)
    metadata = Metadata(items)
    if sum(2 + len(value) for value in items.values()) > MAX_SIZE - 2:
        raise ValueError(f"these metadata take more than {MAX_SIZE} bytes, the limit for an object")
    return metadata


def with_colon(text: str) -> str:
    """What is meant by a tag and a value with something else than a colon between them; empty if it is nothing such."""
    text = text.strip()
    for match in _BETWEEN.finditer(text):
        tag, value = _tag_of(text[: match.start()]), text[match.end() :]
        if tag is not None and tag not in OWN_TAGS and value:
            return f"{tag_word(tag)}: {value}"
    return ""


def parse_tag(name: str) -> int:
    """A tag by its name, or by its number in hex.

    :raises ValueError: if there is none of that name, or only the chip sets it.
    """
    word = name.strip().lower()
    tag = _tag_of(word)
    if tag is None:
        number = _hex(word)
        if number is None or len(number) != 1:
            known = [tag.name.lower() for tag in Tag if tag not in OWN_TAGS]
            meant = suggest(word, known, {})
            raise ValueError(f"{name.strip()!r} is not a metadata tag{meant} (known: {', '.join(known)})") from None
        known_tag = Tag.of(number[0])
        if known_tag is None:
            return number[0]
        tag = known_tag
    if tag in OWN_TAGS:
        raise ValueError(f"{tag_word(tag)}: only the chip sets it")
    return int(tag)


def _tag_of(name: str) -> Tag | None:
    word = same_word(name)
    return next((tag for tag in Tag if same_word(tag.name) == _OTHER_NAMES.get(word, word)), None)


def parse_value(tag: int, text: str) -> bytes:
    """The value of a tag from its words.

    :raises ValueError: one line that names the word that is wrong, and what may stand there.
    """
    name = tag_word(tag)
    text = text.strip()
    if not text:
        raise ValueError(f"{name}: its value is missing")
    may_be_hex = text.lower().startswith("0x") or tag != Tag.VERSION  # whose number is decimal
    raw = _hex(text.lower()) if may_be_hex else None
    if raw is not None:
        wrong = describe_form(tag, raw)
        if wrong and tag in ACCESS_TAGS and raw[0] == len(raw) - 1 and not describe_form(tag, raw[1:]):
            return raw[1:]  # with its length before it, as Infineon's tools read a condition
        if wrong:
            raise ValueError(f"{name}: {wrong}")
        return raw
    try:
        if tag in ACCESS_TAGS:
            return parse_condition(text).encode()
        if tag == Tag.VERSION:
            return _version(text)
        if tag == Tag.LCSO:
            return bytes([_choice(text, _STATES, "a life cycle state")])
        if tag == Tag.TYPE:
            return bytes([_choice(text, _TYPES, "a data type")])
        if tag == Tag.KEY_USAGE:
            return bytes([_flags(text, KEY_USAGE_WORDS, "a key usage")])
        if tag == Tag.RESET_TYPE:
            return bytes([_reset(text)])
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    raise ValueError(f"{name}: {text!r} is not a value in hex, such as 0x01")


def parse_condition(text: str) -> AccessCondition:
    """An access condition from its words. ``&&`` binds stronger than ``||``.

    :raises ValueError: if the words are no condition by the manual's rules.
    """
    words = _WORD.findall(_IN_BRACKETS.sub(r"\1 \2", _SECURITY_STATUS.sub(r"sec_sta_\1", text)))
    alternatives: list[list[SimpleCondition]] = [[]]
    place = 0

    def word() -> str:
        """The next word, empty behind the last."""
        nonlocal place
        place += 1
        return words[place - 1] if place <= len(words) else ""

    while True:
        alternatives[-1].append(_simple(word(), word))
        joint = word()
        if not joint:
            return AccessCondition(tuple(map(tuple, alternatives)))
        if joint.lower() not in _JOINTS:
            raise _unexpected(joint, "&& (and), || (or) or nothing")
        if _JOINTS[joint.lower()] is Operator.OR:
            alternatives.append([])


def _simple(name: str, word: Callable[[], str]) -> SimpleCondition:
    """One simple condition whose first word is given; the others are taken."""
    kind = _CONDITIONS.get(name.lower())
    if kind is None:
        raise _unexpected(name, f"one of {', '.join(CONDITION_WORDS)}", CONDITION_WORDS)
    if kind in (Condition.ALWAYS, Condition.NEVER):
        return SimpleCondition(kind)
    if kind in LCS_CONDITIONS:
        comparison = word()
        if comparison not in COMPARISON_WORDS:
            raise _unexpected(comparison, f"one of {', '.join(COMPARISON_WORDS)} after {name.lower()}")
        return SimpleCondition(kind, COMPARISON_WORDS[comparison], _choice(word(), _STATES, "a life cycle state"))
    operand = word()
    if kind in _SECURITY_STATUSES:
        bits = _hex(operand.lower())
        if bits is None or len(bits) != 1:
            raise _unexpected(operand, f"the bits of a security status after {name.lower()}, for example 0x20")
        return SimpleCondition(kind, None, bits[0])
    oid = parse_oid(operand)
    if oid is None:
        if operand.lower() in (slot.name for slot in SLOTS):
            raise ValueError(f"expected {_OPERANDS[kind]}, not the slot {operand!r}")
        raise _unexpected(operand, _OPERANDS[kind])
    return SimpleCondition(kind, None, oid)


def _unexpected(word: str, allowed: str, choices: Iterable[str] = ()) -> ValueError:
    if word and word in "()[]{}":
        return ValueError("parentheses are not supported: && has priority over ||, so write out each alternative")
    return ValueError(
        f"expected {allowed}, not {word!r}{suggest(word, choices, {})}" if word else f"expected {allowed} at the end"
    )


def _choice(word: str, choices: Mapping[str, int], what: str) -> int:
    """The number of a word, or of one byte in hex."""
    wanted = word.strip().lower()
    if found := next((known for known in choices if same_word(known) == same_word(wanted)), None):
        return choices[found]
    if wanted.isascii() and wanted.isdigit() and len(wanted) == 1 and int(wanted) in choices.values():
        return int(wanted)
    raw = _hex(wanted) if wanted.startswith("0x") else None
    if raw is not None and len(raw) == 1:
        return raw[0]
    names = [name for name in choices if name != "initialisation" and len(name) > len("op")]
    if not word:
        raise ValueError(f"{what} is missing: {', '.join(names)}")
    raise ValueError(f"{word!r} is not {what}{suggest(wanted, names, {})} (known: {', '.join(names)})")


def _flags(text: str, choices: Mapping[str, int], what: str) -> int:
    """The numbers of words between commas, together; ``none`` is 0."""
    if text.lower() == "none":
        return 0
    number = 0
    for word in text.split(","):
        number |= _choice(word.strip(), choices, what)
    return number


def _reset(text: str) -> int:
    """A reset type: a life cycle state to go to, a way of flushing, or one of each."""
    words = [same_word(word) for word in text.split(",")]
    if sum(word in _STATES for word in words) > 1 or {"flush", "random"} <= set(words):
        raise ValueError(f"{text!r} has two values of one kind: use one life cycle state, and flush or random")
    return _flags(text, _RESETS, "a reset type")


def _version(text: str) -> bytes:
    """A version, and whether the object is marked invalid."""
    match = re.fullmatch(r"([0-9]{1,5})\s*(\(?invalid\)?)?", text.lower())
    if match is None or int(match[1]) > MAX_VERSION:
        raise ValueError(
            f"{text!r} is not a version: use a number up to {MAX_VERSION}, followed by (invalid) "
            "if the object is invalid"
        )
    return (int(match[1]) | (INVALID_FLAG if match[2] else 0)).to_bytes(2, "big")


def describe_form(tag: int, value: bytes) -> str:
    """What is wrong with the form of a tag's value, for people; empty if nothing is."""
    problem = check_form(tag, value)
    if problem is Problem.SIZE:
        return f"0x{value.hex()} has {counted(len(value), 'byte')}, not {VALUE_SIZES[tag]}"
    if problem is Problem.NO_CONDITION:
        try:
            AccessCondition.parse(value)
        except ValueError as error:
            return str(error)
    return ""


def _hex(text: str) -> bytes | None:
    """Bytes of ``0x20e0``, ``20e0``, ``20 e0``, ``20:e0`` or ``0x20 0xe0``; None if it is not hex."""
    if re.fullmatch(r"(0x)?([0-9a-f]{2})+|(0x)?[0-9a-f]{2}([ :]+(0x)?[0-9a-f]{2})+", text) is None:
        return None
    return bytes.fromhex(re.sub("0x|[ :]", "", text))
