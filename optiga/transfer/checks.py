"""What the chip would refuse to have written, found before it is asked.

SRM, "Common data structures" and "Metadata expression".
"""

from __future__ import annotations

from optiga.errors import ConfigurationError
from optiga.objects.objects import check_data
from optiga.protocol import objects as oids
from optiga.protocol.codes import ALL_KEY_USAGES, LifeCycleState, ObjectType
from optiga.protocol.metadata import Metadata, Tag, is_reset_type
from optiga.protocol.objects import ObjectInfo, ObjectKind

_UNITS = {oids.SLEEP_DELAY: "ms", oids.CURRENT_LIMIT: "mA"}
_APPLICATION_STATES = tuple(state for state in LifeCycleState if state is not LifeCycleState.TERMINATION)
_STATES = {oids.LCS_GLOBAL: tuple(LifeCycleState), oids.LCS_APPLICATION: _APPLICATION_STATES}


def check_content(info: ObjectInfo, data: bytes, metadata: Metadata) -> None:
    """Refuse data that an object cannot hold.

    :param data: at least one byte.
    :param metadata: those that the object has, with its size.
    :raises ConfigurationError: if it cannot.
    """
    check_data(info, data, 0)
    room = metadata.max_size
    if room is not None and len(data) > room:
        raise ConfigurationError(f"{len(data)} bytes do not fit {info.label}, which has room for {room}", oid=info.oid)
    if info.oid in oids.RANGES and data[0] not in oids.RANGES[info.oid]:
        allowed, unit = oids.RANGES[info.oid], _UNITS[info.oid]
        raise ConfigurationError(
            f"{info.label}, {info.name}: {data[0]} {unit} is out of its range, {allowed[0]} to {allowed[-1]}",
            oid=info.oid,
        )
    if info.oid in _STATES and data[0] not in _STATES[info.oid]:
        raise ConfigurationError(f"{info.label}: 0x{data[0]:02x} is no life cycle state for it", oid=info.oid)
    if info.kind is ObjectKind.COUNTER and data[:4] > data[4:]:
        raise ConfigurationError(f"{info.label}: its value is more than its threshold", oid=info.oid)


def check_changes(info: ObjectInfo, changes: Metadata) -> None:
    """Refuse values that a tag of an object cannot be set to; conditions are checked where they are read.

    :raises ConfigurationError: if there is one.
    """
    for tag, value in changes.items():
        if not _is_settable(tag, value):
            name = Tag(tag).name.lower() if tag in tuple(Tag) else f"tag 0x{tag:02x}"
            raise ConfigurationError(f"{info.label}: {name} cannot be set to 0x{value.hex()}", oid=info.oid)


def _is_settable(tag: int, value: bytes) -> bool:
    if tag not in tuple(Tag):
        return False
    number = int.from_bytes(value, "big")
    if tag == Tag.LCSO:
        return number in tuple(LifeCycleState)
    if tag == Tag.TYPE:
        return number in tuple(ObjectType)
    if tag == Tag.KEY_USAGE:
        return number != 0 and not number & ~ALL_KEY_USAGES
    if tag == Tag.RESET_TYPE:
        return is_reset_type(number)
    return True
