"""What the chip would refuse to have written, found before it is asked.

SRM, "Common data structures" and "Metadata expression".
"""

from __future__ import annotations

from optiga.errors import ConfigurationError, Reason
from optiga.objects.objects import check_data
from optiga.protocol import objects as oids
from optiga.protocol.metadata import Metadata, tag_word
from optiga.protocol.objects import ObjectInfo, ObjectKind
from optiga.protocol.rules import values
from optiga.protocol.rules.values import Problem

_UNITS = {oids.SLEEP_DELAY: "ms", oids.CURRENT_LIMIT: "mA"}


def check_content(info: ObjectInfo, data: bytes, metadata: Metadata) -> None:
    """Refuse data that an object cannot hold.

    :param data: at least one byte.
    :param metadata: those that the object has, with its size.
    :raises ConfigurationError: if it cannot.
    """
    check_data(info, data, 0)
    room = metadata.max_size
    if room is not None and len(data) > room:
        raise ConfigurationError(
            f"{len(data)} bytes do not fit in {info.label}, which has room for {room}",
            oid=info.oid,
            reason=Reason.TOO_LARGE,
        )
    if values.check_setting(info.oid, data[0]) is not None:
        if info.oid in oids.LIFE_CYCLES:
            raise ConfigurationError(
                f"{info.label}: 0x{data[0]:02x} is not a life cycle state of this object", oid=info.oid
            )
        allowed, unit = oids.RANGES[info.oid], _UNITS[info.oid]
        raise ConfigurationError(
            f"{info.label}, {info.name}: {data[0]} {unit} is out of its range, {allowed[0]} to {allowed[-1]}",
            oid=info.oid,
        )
    if info.kind is ObjectKind.COUNTER and data[:4] > data[4:]:
        raise ConfigurationError(
            f"{info.label}: its value is more than its threshold", oid=info.oid, reason=Reason.CONFLICT
        )


def check_changes(info: ObjectInfo, changes: Metadata) -> None:
    """Refuse values that a tag of an object cannot be set to.

    :raises ConfigurationError: if there is one.
    """
    for tag, value in changes.items():
        problem = values.check_value(None, info, tag, value)
        if problem is not None:
            name = f"tag {tag_word(tag)}" if problem is Problem.NO_TAG else tag_word(tag)
            raise ConfigurationError(f"{info.label}: {name} cannot be set to 0x{value.hex()}", oid=info.oid)
