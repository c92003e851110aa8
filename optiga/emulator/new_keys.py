"""What GenKeyPair and GenSymKey have in common: where a new key goes, and the metadata it gets there."""

from __future__ import annotations

from optiga.emulator.fields import expect_tags, take_number, take_tags
from optiga.emulator.machine import CommandError, check_room
from optiga.emulator.objects import StoredObject
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import ErrorCode, KeyUsage
from optiga.protocol.commands import TAG_EXPORT
from optiga.protocol.commands.gen_key_pair import TAG_OID, TAG_USAGE
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.rules.values import is_key_usage


def take_place(data: bytes) -> tuple[int, KeyUsage] | None:
    """The object or session for a new key, and what it may be used for; None if it is to be given out in plain.

    :raises CommandError: if the data say neither.
    """
    tags = take_tags(data)
    if TAG_EXPORT in tags:
        (nothing,) = expect_tags(tags, TAG_EXPORT)
        take_number(nothing, 0)
        return None
    where, what_for = expect_tags(tags, TAG_OID, TAG_USAGE)
    oid, usage = take_number(where, 2), take_number(what_for, 1)
    if not is_key_usage(usage):
        raise CommandError(ErrorCode.INVALID_DATA)
    return oid, KeyUsage(usage)


def metadata_with_key(stored: StoredObject, algorithm: KeyAlgorithm, usage: KeyUsage) -> Metadata:
    """The metadata of an object once it holds a new key.

    :raises CommandError: if there is no room for them.
    """
    metadata = stored.metadata.with_tags({Tag.ALGORITHM: bytes([algorithm]), Tag.KEY_USAGE: bytes([usage])})
    check_room(metadata)
    return metadata
