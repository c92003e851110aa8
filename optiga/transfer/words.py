"""Metadata in the words of Infineon's library ``optigatrust`` 1.5.1: the member ``pretty_metadata`` of its files.

A condition is a list with a word or a byte in hex for each byte, ``["conf", "0xe1", "0x40"]``, or the word alone where
it is one byte. Usages and resets are lists of words, sizes are numbers. What has no word stands in hex, so that every
value can be given back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NoReturn

from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import KEY_USAGE_WORDS, LIFE_CYCLE_WORDS, Flush, LifeCycleState, ObjectType, life_cycle_word
from optiga.protocol.conditions import COMPARISON_WORDS, CONDITION_WORDS, AccessCondition, Operator, SimpleCondition
from optiga.protocol.metadata import ACCESS_TAGS, INVALID_FLAG, MAX_VERSION, Metadata, Tag
from optiga.suggestions import suggest

Pretty = str | int | list[str]
"""A tag's value in the library's words, as JSON has it."""
TAGS = {tag.name.lower(): tag for tag in Tag if tag is not Tag.METADATA_UPDATE} | {"meta_update": Tag.METADATA_UPDATE}
"""The tags by the library's names."""
_NAMES = {tag: name for name, tag in TAGS.items()}

_CONDITION_BYTES: Mapping[str, int] = {
    **CONDITION_WORDS,
    **COMPARISON_WORDS,
    **LIFE_CYCLE_WORDS,
    "alw": CONDITION_WORDS["always"],
    "nev": CONDITION_WORDS["never"],
    "&&": Operator.AND,
    "||": Operator.OR,
}
"""Each byte of a condition by the word for it."""
_TYPES = {
    "byte_string": ObjectType.BYTE_STRING,
    "up_counter": ObjectType.UP_COUNTER,
    "trust_anchor": ObjectType.TRUST_ANCHOR,
    "device_cert": ObjectType.DEVICE_CERTIFICATE,
    "pre_sh_secret": ObjectType.PRE_SHARED_SECRET,
    "platform_binding": ObjectType.PLATFORM_BINDING,
    "update_secret": ObjectType.UPDATE_SECRET,
    "authorization_ref": ObjectType.AUTHORIZATION_REFERENCE,
}
_TYPE_NAMES = {kind: name for name, kind in _TYPES.items()}
_RESET_STATES = {
    "lcso_to_creation": LifeCycleState.CREATION,
    "lcso_to_initialisation": LifeCycleState.INITIALIZATION,
    "lcso_to_operational": LifeCycleState.OPERATIONAL,
    "lcso_to_termination": LifeCycleState.TERMINATION,
}
_RESET_FLUSHES = {"flushing": Flush.ZEROS, "random_data": Flush.RANDOM}
_RESETS: Mapping[str, int] = {**_RESET_STATES, **_RESET_FLUSHES}
_HEX = re.compile("0x([0-9a-f]{2})+")
_BYTE = re.compile("(0x)?[0-9a-f]{1,2}")


def to_pretty(metadata: Metadata) -> dict[str, Pretty]:
    """Metadata in the library's words, as JSON has them, in the order of their tags.

    Tags that the library has no name for are left out. So is the version: the library writes it as a list, which it
    cannot read, and it would skip the whole object.
    """
    known = ((Tag.of(number), value) for number, value in metadata.items())
    return {_NAMES[tag]: _to_pretty(tag, value) for tag, value in known if tag is not None and tag is not Tag.VERSION}


def from_pretty(tag: Tag, value: Any) -> bytes:
    """The value of a tag from the library's words: the opposite of :func:`to_pretty`.

    Sizes and algorithm have none: the chip sets them, and the width of a size is not to be seen. They are checked.

    :param value: what the JSON has.
    :returns: bytes; none for the tags that the chip sets.
    :raises ValueError: what must stand there.
    """
    if tag in (Tag.MAX_SIZE, Tag.USED_SIZE):
        if type(value) is not int or not 0 <= value <= 0xFFFF:
            raise ValueError("must be a number of bytes")
        return b""
    if tag == Tag.ALGORITHM:
        if not isinstance(value, str):
            raise ValueError("must be the name of an algorithm")
        return b""
    if tag in ACCESS_TAGS:
        return _condition_bytes(value)
    if tag == Tag.VERSION:
        return _version_bytes(value)
    if isinstance(value, str) and _HEX.fullmatch(value.lower()):
        return bytes.fromhex(value[2:])
    if tag == Tag.LCSO:
        return _one_of(value, LIFE_CYCLE_WORDS)
    if tag == Tag.TYPE:
        return _one_of(value, _TYPES)
    return _all_of(value, KEY_USAGE_WORDS if tag == Tag.KEY_USAGE else _RESETS)


def _to_pretty(tag: Tag, value: bytes) -> Pretty:
    number = int.from_bytes(value, "big")
    if tag in ACCESS_TAGS:
        words = _condition_words(value)
        return words[0] if len(words) == 1 else words
    if tag in (Tag.MAX_SIZE, Tag.USED_SIZE):
        return number
    if len(value) != 1:
        return f"0x{value.hex()}"
    if tag == Tag.ALGORITHM:
        algorithm = KeyAlgorithm.of(number)
        return f"0x{number:02x}" if algorithm is None else algorithm.title
    if tag == Tag.LCSO:
        return life_cycle_word(number)
    if tag == Tag.TYPE:
        kind = ObjectType.of(number)
        return f"0x{number:02x}" if kind is None else _TYPE_NAMES[kind]
    if tag == Tag.KEY_USAGE:
        return _flags(number, [(name, int(bit), int(bit)) for name, bit in KEY_USAGE_WORDS.items()])
    states = [(name, int(state), 0x0F) for name, state in _RESET_STATES.items()]
    return _flags(number, [*states, *((name, flush, flush) for name, flush in _RESET_FLUSHES.items())])


def _flags(number: int, names: list[tuple[str, int, int]]) -> list[str]:
    """The names of what is set, and of the rest the bits in hex.

    :param names: each with its bits and the mask that they are looked for in.
    """
    found, rest = [], number
    for name, bits, mask in names:
        if number & mask == bits:
            found.append(name)
            rest &= ~mask
    return [*found, f"0x{rest:02x}"] if rest else found


def _condition_words(value: bytes) -> list[str]:
    """A condition word by word; what is none, byte by byte."""
    try:
        condition = AccessCondition.parse(value)
    except ValueError:
        return [hex(byte) for byte in value]
    words: list[str] = []
    for token in condition.alternatives:
        words += ["||"] if words else []
        for place, simple in enumerate(token):
            words += [*(["&&"] if place else []), *_simple_words(simple)]
    return words


def _simple_words(simple: SimpleCondition) -> list[str]:
    if simple.comparison is not None:
        state = hex(simple.value) if LifeCycleState.of(simple.value) is None else life_cycle_word(simple.value)
        return [simple.word, simple.sign, state]
    return [simple.word, *(hex(byte) for byte in simple.value.to_bytes(simple.operand_size, "big"))]


def _condition_bytes(value: Any) -> bytes:
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ValueError('must be always, never or a list such as ["lcso", "<", "operational"]')
    encoded = bytearray()
    for word in words:
        known = _CONDITION_BYTES.get(word.lower())
        if known is None and not _BYTE.fullmatch(word.lower()):
            meant = suggest(word, _CONDITION_BYTES, {})
            raise ValueError(
                f"{word!r} is not a word of a condition, such as conf, lcso, <, operational and 0xe1{meant}"
            )
        encoded.append(int(word, 16) if known is None else known)
    return bytes(encoded)


def _version_bytes(value: Any) -> bytes:
    if isinstance(value, list) and len(value) == 2:
        is_invalid, number = value
        if isinstance(is_invalid, bool) and type(number) is int and 0 <= number <= MAX_VERSION:
            return (number | (INVALID_FLAG if is_invalid else 0)).to_bytes(2, "big")
    raise ValueError(f"must be a list of false (or true, for invalid) and a number up to {MAX_VERSION}")


def _one_of(value: Any, choices: Mapping[str, int]) -> bytes:
    if not isinstance(value, str) or value not in choices:
        _refuse(value, choices)
    return bytes([choices[value]])


def _all_of(value: Any, choices: Mapping[str, int]) -> bytes:
    number = 0
    for word in value if isinstance(value, list) else [value]:
        if isinstance(word, str) and word in choices:
            number |= choices[word]
        elif isinstance(word, str) and _BYTE.fullmatch(word.lower()):
            number |= int(word, 16)
        else:
            _refuse(word, choices)
    return bytes([number])


def _refuse(value: Any, choices: Mapping[str, int]) -> NoReturn:
    shown = repr(value) if isinstance(value, str) else "this"
    meant = suggest(value, choices, {}) if isinstance(value, str) else ""
    raise ValueError(f"{shown} is not one of {', '.join(choices)}{meant}")
