"""How many bytes of data an object takes, and which objects always have all of theirs.

SRM, tables "Common data structures" (a counter has a fixed length, a binding secret all of its bytes) and "Data Object
Types" (a protected update secret is limited).
"""

from __future__ import annotations

from optiga.emulator.objects import COUNTER_SIZE, UP_COUNTER, StoredObject
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.objects import ObjectInfo, ObjectKind

_FIXED_KINDS = (ObjectKind.COUNTER, ObjectKind.SECRET)


def fixed_size(info: ObjectInfo, metadata: Metadata) -> int | None:
    """The bytes that an object always has; None if it has as many as were written."""
    if info.kind in _FIXED_KINDS:
        return info.size
    return COUNTER_SIZE if metadata.get(Tag.TYPE) == UP_COUNTER else None


def room_of(info: ObjectInfo, metadata: Metadata) -> int:
    """Most bytes that an object takes."""
    return min(fixed_size(info, metadata) or metadata.room, metadata.room)


def with_content(info: ObjectInfo, stored: StoredObject, data: bytes) -> StoredObject:
    """An object with other data; one of a fixed length has that, what is missing is zeros."""
    size = fixed_size(info, stored.metadata)
    return stored.with_data(data if size is None else data[:size].ljust(size, b"\x00"))
