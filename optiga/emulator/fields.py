"""Taking the data of a command apart, with the manual's errors."""

from __future__ import annotations

from optiga.emulator import keys
from optiga.emulator.machine import CommandError, Machine, is_session
from optiga.protocol import tlv
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import ErrorCode
from optiga.protocol.commands import TAG_EXPORT, TAG_SESSION
from optiga.protocol.public_key import PublicKey

AT_THE_BEGINNING = 0
"""In place of a tag: the data of the command begin with it."""


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


def take_exactly(data: bytes, *wanted: int) -> list[bytes]:
    """The values of a command that has exactly the tags wanted, each once, in their order.

    :raises CommandError: if its TLVs are cut off or stand twice, one is missing or another is there.
    """
    values, offset, size = [], 0, len(data)
    for tag in wanted:  # in the order that hosts have them in
        start = offset + tlv.HEAD_SIZE
        if start > size or data[offset] != tag:
            break
        offset = start + (data[offset + 1] << 8 | data[offset + 2])
        values.append(data[start:offset])
    else:
        if offset == size:
            return values
    return expect_tags(take_tags(data), *wanted)


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
    if len(tags) != len(wanted):
        raise CommandError(ErrorCode.INVALID_DATA)
    try:
        return [tags[tag] for tag in wanted]
    except KeyError:
        raise CommandError(ErrorCode.INVALID_DATA) from None


def take_session(value: bytes) -> int:
    """The identifier of a session.

    :raises CommandError: if it is that of anything else.
    """
    oid = take_number(value, 2)
    if not is_session(oid):
        raise CommandError(ErrorCode.INVALID_OID)
    return oid


def take_target(tags: dict[int, bytes]) -> int | None:
    """Where a new secret goes: a session, or None for out. Its tag is taken from the others.

    :raises CommandError: if there is not exactly one of the two ways, or what is named is no session.
    """
    if (TAG_EXPORT in tags) == (TAG_SESSION in tags):
        raise CommandError(ErrorCode.INVALID_DATA)
    if TAG_EXPORT in tags:
        take_number(tags.pop(TAG_EXPORT), 0)
        return None
    return take_session(tags.pop(TAG_SESSION))


def take_public_key(machine: Machine, identifier: bytes, bit_string: bytes) -> PublicKey:
    """A public key.

    :param identifier: of its algorithm, one byte.
    :raises CommandError: if the chip has no such algorithm, or the BIT STRING is no key of it.
    """
    number = take_number(identifier, 1)
    if number not in machine.model.algorithms:
        raise CommandError(ErrorCode.UNSUPPORTED_PARAMETERS)
    public_key = PublicKey.of_chip(KeyAlgorithm(number), bit_string)
    try:
        keys.load_public(public_key)
    except ValueError:
        raise CommandError(ErrorCode.INVALID_DATA) from None
    return public_key
