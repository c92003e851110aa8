"""What an object of a chip can hold: for what files and documents say of a chip. SRM, "Common data structures"."""

from __future__ import annotations

from optiga.emulator.objects import StoredObject
from optiga.errors import counted
from optiga.protocol import metadata as md
from optiga.protocol import objects as oids
from optiga.protocol.algorithms import AES_KEY_SIZES, CURVES, RSA_KEY_BITS
from optiga.protocol.codes import LifeCycleState
from optiga.protocol.conditions import AccessCondition
from optiga.protocol.metadata import Metadata, Tag, tag_word
from optiga.protocol.models import Model
from optiga.protocol.objects import ObjectInfo, ObjectKind, format_oid
from optiga.protocol.rules.values import Problem, check_value, key_kind

_RSA_SIZES = 5
"""How many times as long as its modulus an RSA key in PKCS #8 is at the most."""


def parse_row(model: Model, oid: int, data: object, metadata: object) -> StoredObject:
    """An object of a chip from its row in a file.

    :raises ValueError: if it is none that a chip of the model can hold.
    """
    try:
        stored = StoredObject(expect_bytes(data), Metadata.parse(expect_bytes(metadata)))
        check_object(model, oid, stored)
    except ValueError as error:
        raise ValueError(f"object {format_oid(oid) if type(oid) is int else oid}: {error}") from None
    return stored


def expect_bytes(value: object) -> bytes:
    """What a column holds, which in SQLite may be of any type.

    :raises ValueError: if it holds something else.
    """
    if type(value) is bytes:
        return value
    raise ValueError(f"{value!r:.20} is not bytes")


def check_object(model: Model, oid: int, stored: StoredObject) -> None:
    """Refuse an object that a chip of a model cannot hold. Whether private keys are sound is not looked at.

    :raises ValueError: one line that says what is wrong.
    """
    info = model.objects.get(oid)
    if info is None or info.kind is ObjectKind.SESSION:
        raise ValueError(f"an {model.title} does not have this object")
    _check_metadata(model, info, stored.metadata)
    if info.kind.is_key:
        _check_key(info, stored.data, stored.metadata)
    else:
        _check_data(info, stored.data, stored.metadata)


def _check_metadata(model: Model, info: ObjectInfo, metadata: Metadata) -> None:
    size = len(metadata.encode())
    if size > md.MAX_SIZE:
        raise ValueError(f"its metadata have {size} bytes, more than {md.MAX_SIZE}")
    if metadata.max_size != (info.size or None):
        raise ValueError(
            f"its metadata give a maximum size of {metadata.max_size} bytes, but on the chip it is {info.size or None}"
        )
    for tag, value in metadata.items():
        problem = check_value(model, info, tag, value)
        if problem in (Problem.NO_TAG, Problem.LACKS_TAG):
            raise ValueError(f"its metadata have a tag 0x{tag:02x}, which an {model.title} does not support")
        if problem is Problem.NO_CONDITION:
            AccessCondition.parse(value)  # which says why
        if problem is not None:
            raise ValueError(f"its metadata say {tag_word(tag)} 0x{value.hex()}, which is not allowed for this object")


def _check_key(info: ObjectInfo, data: bytes, metadata: Metadata) -> None:
    algorithm = metadata.algorithm
    if (algorithm is None) != (not data):
        raise ValueError("a key needs its algorithm in the metadata, and an algorithm needs a key")
    if algorithm is None:
        return
    if info.kind is not key_kind(algorithm):
        raise ValueError(f"the algorithm in its metadata is not an algorithm for a {info.kind.value}")
    if algorithm.is_rsa:  # what is longer has numbers that take without end to be looked at
        is_good = len(data) <= _RSA_SIZES * RSA_KEY_BITS[algorithm] // 8
    else:
        is_good = len(data) == (CURVES[algorithm].coordinate_size if algorithm.is_ec else AES_KEY_SIZES[algorithm])
    if not is_good:
        raise ValueError(f"a key of {counted(len(data), 'byte')} does not fit the algorithm in its metadata")


def _check_data(info: ObjectInfo, data: bytes, metadata: Metadata) -> None:
    if len(data) > info.size:
        raise ValueError(f"{counted(len(data), 'byte')} of data, but there is room for {info.size}")
    if metadata.get(Tag.USED_SIZE) is not None and metadata.used_size != len(data):
        raise ValueError(f"{counted(len(data), 'byte')} of data, but the used size is {metadata.used_size}")
    if metadata.get(Tag.USED_SIZE) is None and len(data) != info.size:
        raise ValueError(f"{counted(len(data), 'byte')} of data instead of {info.size}")
    if info.oid in oids.LIFE_CYCLES and LifeCycleState.of(data[0]) is None:
        raise ValueError(f"0x{data.hex()} is not a life cycle state")
