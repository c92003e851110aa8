"""What an object of a chip can hold: for metadata that are to change, and for what files and documents say of a chip.

SRM, "Metadata expression", and the tables "Data Object Types", "Metadata Update Identifier" and "Common data
structures".
"""

from __future__ import annotations

from optiga.emulator.access import parse_condition
from optiga.emulator.objects import StoredObject
from optiga.protocol import metadata as md
from optiga.protocol import objects as oids
from optiga.protocol.algorithms import AES_KEY_SIZES, CURVES, RSA_KEY_BITS
from optiga.protocol.codes import ALL_KEY_USAGES, LifeCycleState
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.models import Model
from optiga.protocol.objects import ObjectInfo, ObjectKind

_LIFE_CYCLES = (oids.LCS_GLOBAL, oids.LCS_APPLICATION)
_SIZES = (Tag.MAX_SIZE, Tag.USED_SIZE)
_RSA_SIZES = 5
"""How many times as long as its modulus an RSA key in PKCS #8 is at the most."""


def is_valid_value(model: Model, oid: int, tag: int, value: bytes) -> bool:
    """Whether a value is one that a tag of the object can have; LcsO and the tags that nobody writes aside."""
    is_key = model.objects[oid].kind.is_key
    if tag in md.ACCESS_TAGS:
        try:
            condition = parse_condition(value)
        except ValueError:
            return False
        return all(simple.kind in model.conditions for simple in condition)
    if tag == Tag.VERSION:
        return len(value) == 2
    if len(value) != 1:
        return False
    if tag == Tag.KEY_USAGE:
        return is_key and value[0] != 0 and not value[0] & ~ALL_KEY_USAGES
    if tag == Tag.TYPE:
        return not is_key and oid != oids.SECURITY_MONITOR and value[0] in model.object_types
    return md.is_reset_type(value[0])  # no other tag remains


def check_object(model: Model, oid: int, stored: StoredObject) -> None:
    """Refuse an object that a chip of a model cannot hold. Whether private keys are sound is not looked at.

    :raises ValueError: one line that says what is wrong.
    """
    info = model.objects.get(oid)
    if info is None or info.kind is ObjectKind.SESSION:
        raise ValueError(f"an {model.title} stores no such object")
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
        raise ValueError(f"its metadata give a size of {metadata.max_size} bytes, the chip {info.size or None}")
    for tag, value in metadata.items():
        if tag not in model.metadata_tags:
            raise ValueError(f"its metadata have a tag 0x{tag:02x}, which no {model.title} knows")
        if tag in md.ACCESS_TAGS:
            parse_condition(value)
        if not _is_possible(model, info, tag, value):
            raise ValueError(f"its metadata say {Tag(tag).name.lower()} 0x{value.hex()}, which it cannot have")


def _is_possible(model: Model, info: ObjectInfo, tag: int, value: bytes) -> bool:
    """Whether a tag can have a value, be it one that is written or one that the chip itself sets."""
    if tag == Tag.LCSO:
        return len(value) == 1 and value[0] in tuple(LifeCycleState)
    if tag in _SIZES:
        return len(value) == (2 if info.size > 0xFF else 1) and not info.kind.is_key
    if tag == Tag.ALGORITHM:
        return info.kind.is_key and len(value) == 1 and value[0] in {*model.algorithms, *AES_KEY_SIZES}
    return is_valid_value(model, info.oid, tag, value)


def _check_key(info: ObjectInfo, data: bytes, metadata: Metadata) -> None:
    algorithm = metadata.algorithm
    if (algorithm is None) != (not data):
        raise ValueError("a key and the algorithm in its metadata belong together")
    if algorithm is None:
        return
    fits = {
        ObjectKind.EC_KEY: algorithm.is_ec,
        ObjectKind.RSA_KEY: algorithm.is_rsa,
        ObjectKind.SYMMETRIC_KEY: not algorithm.is_ec and not algorithm.is_rsa,
    }
    if not fits[info.kind]:
        raise ValueError(f"the algorithm in its metadata is not that of a {info.kind.value}")
    if algorithm.is_rsa:  # what is longer has numbers that take without end to be looked at
        is_good = len(data) <= _RSA_SIZES * RSA_KEY_BITS[algorithm] // 8
    else:
        is_good = len(data) == (CURVES[algorithm].coordinate_size if algorithm.is_ec else AES_KEY_SIZES[algorithm])
    if not is_good:
        raise ValueError(f"a key of {len(data)} bytes does not fit the algorithm in its metadata")


def _check_data(info: ObjectInfo, data: bytes, metadata: Metadata) -> None:
    if len(data) > info.size:
        raise ValueError(f"{len(data)} bytes of data, and room for {info.size}")
    if metadata.get(Tag.USED_SIZE) is not None and metadata.used_size != len(data):
        raise ValueError(f"{len(data)} bytes of data, and a used size of {metadata.used_size}")
    if metadata.get(Tag.USED_SIZE) is None and len(data) != info.size:
        raise ValueError(f"{len(data)} bytes of data where {info.size} belong")
    if info.oid in _LIFE_CYCLES and data[0] not in tuple(LifeCycleState):
        raise ValueError(f"0x{data.hex()} is no life cycle state")
