"""Which value a tag may have on which object of which model, and when it may be given it; what data may be.

SRM, "Metadata expression", and the tables "Metadata associated with data and key objects", "Data Object Types", "Key
Usage Identifier", "Metadata Update Identifier" and "Common data structures". What one model has and another lacks:
:mod:`optiga.protocol.models`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import lru_cache

from optiga.protocol import objects as oids
from optiga.protocol.algorithms import AES_KEY_SIZES, KeyAlgorithm
from optiga.protocol.codes import ALL_KEY_USAGES, LifeCycleState, ObjectType, is_reset_type
from optiga.protocol.conditions import AccessCondition
from optiga.protocol.metadata import ACCESS_TAGS, OWN_TAGS, Metadata, Tag
from optiga.protocol.models import Model
from optiga.protocol.objects import ObjectInfo, ObjectKind


class Problem(Enum):
    """Why a tag of an object cannot have a value, or cannot be given it."""

    NO_TAG = "no model supports the tag"
    LACKS_TAG = "the model does not support the tag, but another model does"
    LACKS_TYPE = "the model does not support the data type, but another model does"
    LACKS_CONDITION = "the model does not support the simple condition, but another model does"
    OTHER_KIND = "the tag belongs to another kind of object"
    SIZE = "the value has a wrong number of bytes"
    NO_CONDITION = "it is not an access condition"
    NO_VALUE = "it has no meaning"
    OWN = "only the chip sets the tag"
    UNCHANGING = "the object has no life cycle state: its metadata never change"
    BACKWARDS = "life cycle states only go forward"
    LOCKED = "the object is operational"


VALUE_SIZES: Mapping[int, int] = {
    Tag.LCSO: 1,
    Tag.VERSION: 2,
    Tag.ALGORITHM: 1,
    Tag.KEY_USAGE: 1,
    Tag.TYPE: 1,
    Tag.RESET_TYPE: 1,
}
"""Bytes of the values of which all have the same number."""
_FIXED_KINDS = (ObjectKind.COUNTER, ObjectKind.SECRET)
_ALL_TAGS = frozenset(Tag)
_SIZES_OF_DATA = (Tag.MAX_SIZE, Tag.USED_SIZE)
_OF_DATA = (*_SIZES_OF_DATA, Tag.TYPE)
"""Tags of objects that hold no key."""
_OF_KEYS = (Tag.KEY_USAGE, Tag.ALGORITHM)
"""Tags of the others alone."""


def check_value(model: Model | None, info: ObjectInfo, tag: int, value: bytes) -> Problem | None:
    """Whether a tag of an object can have a value, be it one that is written or one that the chip itself sets.

    :param model: None for whatever any model has.
    """
    if tag not in (_ALL_TAGS if model is None else model.metadata_tags):
        return _missing(tag)
    if tag in ACCESS_TAGS:
        return _check_condition(model, bytes(value))
    problem = None if model is None else check_model(model, tag, value)
    if problem is not None:
        return problem
    is_key = info.kind.is_key
    if is_key if tag in _OF_DATA else not is_key and tag in _OF_KEYS:
        return Problem.OTHER_KIND
    if tag == Tag.TYPE and info.oid == oids.SECURITY_MONITOR:
        return Problem.OTHER_KIND
    if tag in _SIZES_OF_DATA:
        return None if len(value) == (2 if info.size > 0xFF else 1) else Problem.SIZE
    problem = check_form(tag, value)
    return problem or (None if _has_meaning(model, tag, value[0]) else Problem.NO_VALUE)


def check_model(model: Model, tag: int, value: bytes) -> Problem | None:
    """Whether a model has a tag, and what its value says. What no model has is :attr:`Problem.NO_TAG`, or left."""
    if tag not in model.metadata_tags:
        return _missing(tag)
    if tag == Tag.TYPE:
        kind = ObjectType.of(int.from_bytes(value, "big"))
        return Problem.LACKS_TYPE if kind is not None and kind not in model.object_types else None
    if tag in ACCESS_TAGS and _check_condition(model, bytes(value)) is Problem.LACKS_CONDITION:
        return Problem.LACKS_CONDITION
    return None


def check_form(tag: int, value: bytes) -> Problem | None:
    """Whether a value has the form of a tag's, whatever the object and the model."""
    if tag in ACCESS_TAGS:
        return _check_condition(None, bytes(value))
    return None if len(value) == VALUE_SIZES.get(tag, len(value)) else Problem.SIZE


def check_change(model: Model | None, info: ObjectInfo, before: Metadata, tag: int, value: bytes) -> Problem | None:
    """Whether a tag of an object can be given a value now. SRM, "Metadata expression".

    :param model: None for whatever any model has.
    :param before: the object's metadata as they are.
    """
    if before.get(Tag.LCSO) is None:
        return Problem.UNCHANGING
    if tag not in (_ALL_TAGS if model is None else model.metadata_tags):
        return _missing(tag)
    if tag in OWN_TAGS:
        return Problem.OWN
    if tag == Tag.LCSO:
        problem = check_value(model, info, tag, value)
        return Problem.BACKWARDS if problem is None and value[0] < before.state else problem
    return Problem.LOCKED if before.is_locked else check_value(model, info, tag, value)


def check_setting(oid: int, byte: int, before: int | None = None) -> Problem | None:
    """Whether an object can be written with a byte, where it is one whose only byte has a meaning of its own.

    The application has no termination (footnote to table 52).

    :param before: what the object holds; None if that is not known.
    """
    if oid in oids.LIFE_CYCLES:
        state = LifeCycleState.of(byte)
        if state is None or (state is LifeCycleState.TERMINATION and oid == oids.LCS_APPLICATION):
            return Problem.NO_VALUE
        return Problem.BACKWARDS if before is not None and byte < before else None
    return Problem.NO_VALUE if oid in oids.RANGES and byte not in oids.RANGES[oid] else None


def is_key_usage(number: int) -> bool:
    """Whether a number says what a key may be used for: something, and nothing without a name."""
    return number != 0 and not number & ~ALL_KEY_USAGES


def fixed_size(info: ObjectInfo, metadata: Metadata) -> int | None:
    """The bytes that an object always has; None if it has as many as were written.

    SRM, table "Common data structures": a counter has a fixed length, a binding secret all of its bytes.
    """
    if info.kind in _FIXED_KINDS:
        return info.size
    return oids.COUNTER_SIZE if metadata.is_counter else None


def room_of(info: ObjectInfo, metadata: Metadata) -> int:
    """Most bytes that an object takes."""
    return min(fixed_size(info, metadata) or metadata.room, metadata.room)


def key_kind(algorithm: KeyAlgorithm) -> ObjectKind:
    """The kind of the objects that hold keys of an algorithm."""
    if algorithm.is_ec:
        return ObjectKind.EC_KEY
    return ObjectKind.RSA_KEY if algorithm.is_rsa else ObjectKind.SYMMETRIC_KEY


def _missing(tag: int) -> Problem:
    """Why a tag is not among those of a model."""
    return Problem.NO_TAG if Tag.of(tag) is None else Problem.LACKS_TAG


@lru_cache(maxsize=256)
def _check_condition(model: Model | None, value: bytes) -> Problem | None:
    """Whether a model knows an access condition; the same few stand in most objects of most chips."""
    try:
        condition = AccessCondition.parse(value)
    except ValueError:
        return Problem.NO_CONDITION
    is_known = model is None or all(simple.kind in model.conditions for simple in condition)
    return None if is_known else Problem.LACKS_CONDITION


def _has_meaning(model: Model | None, tag: int, number: int) -> bool:
    """Whether a value of one byte is one of a tag's; the version has two, all of which are versions."""
    if tag == Tag.LCSO:
        return LifeCycleState.of(number) is not None
    if tag == Tag.TYPE:
        return ObjectType.of(number) is not None
    if tag == Tag.KEY_USAGE:
        return is_key_usage(number)
    if tag == Tag.RESET_TYPE:
        return is_reset_type(number)
    if tag == Tag.ALGORITHM:
        return number in ({*KeyAlgorithm} if model is None else {*model.algorithms, *AES_KEY_SIZES})
    return True
