"""Taking the data of a command apart, with the manual's errors."""

from __future__ import annotations

from optiga.emulator.machine import CommandError
from optiga.protocol import tlv
from optiga.protocol.codes import ErrorCode


def take_tags(data: bytes) -> dict[int, bytes]:
    """The TLVs of a command by their tags.

    :raises CommandError: if they are cut off or one stands twice.
    """
    items = take_tlvs(data)
    tags = dict(items)
    if len(tags) != len(items):
        raise CommandError(ErrorCode.INVALID_DATA)
    return tags


def take_tlvs(data: bytes) -> list[tuple[int, bytes]]:
    """The TLVs of a command in their order; at least one.

    :raises CommandError: if they are cut off, or there is none.
    """
    try:
        items = tlv.decode(data)
    except ValueError:
        raise CommandError(ErrorCode.INVALID_LENGTH) from None
    if not items:
        raise CommandError(ErrorCode.INVALID_LENGTH)
    return items


def take_number(value: bytes, size: int) -> int:
    """An unsigned integer of ``size`` bytes.

    :raises CommandError: if it has another size.
    """
    if len(value) != size:
        raise CommandError(ErrorCode.INVALID_LENGTH)
    return int.from_bytes(value, "big")


def expect_tags(tags: dict[int, bytes], *wanted: int) -> list[bytes]:
    """The values of exactly the tags wanted, in their order.

    :raises CommandError: if one is missing or another is there.
    """
    if set(tags) != set(wanted):
        raise CommandError(ErrorCode.INVALID_DATA)
    return [tags[tag] for tag in wanted]
