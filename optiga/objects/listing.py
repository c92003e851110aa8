"""The objects of a chip in a list."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from optiga.chip.abilities import objects_of
from optiga.chip.unusable import find_unusable
from optiga.errors import ChipError
from optiga.files.activity import each
from optiga.objects.objects import takes_certificates
from optiga.objects.reading import HEAD
from optiga.objects.stored import is_empty
from optiga.protocol.codes import ErrorCode
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.objects import ObjectInfo, ObjectKind
from optiga.protocol.rules.known import is_counted
from optiga.results import ABSENT

if TYPE_CHECKING:
    from optiga.chip import Chip


@dataclass(frozen=True, slots=True)
class ObjectDescription:
    """An object of a chip. SRM, tables "Metadata associated with data and key objects" and "Access conditions".

    :param oid: for example ``0xE0E1``.
    :param name: what the manual calls it.
    :param used: bytes that it holds; None for keys.
    :param max: most bytes that it can hold; None for keys.
    :param life_cycle: its state in a word; None where its metadata have none.
    :param change: the access condition in words, and so are ``read`` and ``execute``.
    :param empty: True for a key's object without a key, and for an object of certificates or of a trust anchor without
        one, also where it is full of zeros; None for other objects, and where the object may not be read.
    :param algorithm: of a key that is there, for example ``secp256r1``.
    :param metadata: all of it, as the chip encodes it.
    :param unusable: why the chip neither reads nor uses the object, and what to do; None where it does.
    """

    oid: str
    name: str
    kind: ObjectKind
    used: int | None
    max: int | None
    life_cycle: str | None
    change: str
    read: str
    execute: str
    empty: bool | None
    algorithm: str | None
    metadata: bytes
    unusable: str | None = field(default=None, metadata=ABSENT)


def list_objects(chip: Chip) -> list[ObjectDescription]:
    """Every object of the chip but its sessions. One exchange for each, one for the UID, and one for each object of
    certificates or of a trust anchor, of which the first bytes are read.

    :raises ChipError: if the chip refuses for another reason than that it has no such object.
    """
    listed = []
    for info in each("Reading metadata", objects_of(chip).values()):
        if info.kind is ObjectKind.SESSION:
            continue
        try:
            metadata = chip.objects.metadata(info.oid)
        except ChipError as error:
            if error.code == ErrorCode.INVALID_OID:  # this model does not have it
                continue
            raise
        words, unusable = metadata.in_words(), find_unusable(info.oid, metadata)
        listed.append(
            ObjectDescription(
                oid=info.label,
                name=info.name,
                kind=info.kind,
                used=metadata.used_size,
                max=metadata.max_size,
                life_cycle=words.get("lcso"),
                change=words.get("change", "never"),
                read=words.get("read", "never"),
                execute=words.get("execute", "never"),
                empty=_find_empty(chip, info, metadata, is_usable=unusable is None),
                algorithm=words.get("algorithm"),
                metadata=metadata.encode(),
                unusable=unusable.text if unusable else None,
            )
        )
    return listed


def _find_empty(chip: Chip, info: ObjectInfo, metadata: Metadata, *, is_usable: bool) -> bool | None:
    """Whether an object holds no key, or no certificate; None if it is for other things, or may not be read."""
    if info.kind.is_key:
        return metadata.algorithm is None
    if not takes_certificates(info):
        return None
    if metadata.used_size == 0:
        return True
    if not is_usable or is_counted(metadata, Tag.READ):
        return None
    try:
        return is_empty(chip.objects.read(info.oid, length=HEAD))
    except ChipError as error:
        if error.code == ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED:
            return None
        raise
