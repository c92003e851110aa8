"""Everything that a chip tells of its objects, for a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from optiga.chip.abilities import objects_of
from optiga.chip.unusable import find_unusable
from optiga.errors import ChipError, ConfigurationError, Reason
from optiga.files.activity import each
from optiga.objects.addressing import ADMINISTERED, resolve
from optiga.objects.objects import read_data
from optiga.protocol.codes import SECRET_TYPES, ErrorCode
from optiga.protocol.objects import LAST_ERROR_CODE, ObjectInfo, ObjectKind, Reference, format_oid
from optiga.results import ABSENT
from optiga.transfer.form import Entry

if TYPE_CHECKING:
    from optiga.chip import Chip
    from optiga.chip.unusable import Unusable
    from optiga.protocol.metadata import Metadata


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """What of a chip is told.

    :param objects: number of them.
    :param unread: identifiers of those whose data are not there, for example ``0xE140``.
    :param unusable: identifiers of those that the chip neither reads nor uses.
    :param secrets: identifiers of those whose data are secrets, and are there.
    """

    objects: int
    unread: tuple[str, ...]
    unusable: tuple[str, ...] = field(metadata=ABSENT)
    secrets: tuple[str, ...]


class Export(NamedTuple):
    """What a chip tells.

    :param unread: objects whose data it does not let be read, or that reading would count.
    :param unusable: objects that it neither reads nor uses, whatever their access conditions; those with data are
        unread, too.
    """

    entries: list[Entry]
    unread: list[ObjectInfo]
    unusable: list[Unusable]

    @property
    def secrets(self) -> list[ObjectInfo]:
        """Objects whose data are secrets, and are there."""
        return [entry.info for entry in self.entries if entry.data and entry.metadata and _is_secret(entry.metadata)]

    @property
    def summary(self) -> ExportSummary:
        """How much there is, and what is missing or secret."""
        return ExportSummary(
            objects=len(self.entries),
            unread=tuple(info.label for info in self.unread),
            unusable=tuple(format_oid(one.oid) for one in self.unusable),
            secrets=tuple(info.label for info in self.secrets),
        )


def _is_secret(metadata: Metadata) -> bool:
    """Whether metadata are those of a secret; data of a type that nobody knows are taken for one."""
    try:
        return metadata.object_type in SECRET_TYPES
    except ValueError:
        return True


def choose(oids: Sequence[Reference]) -> list[ObjectInfo]:
    """The objects that a user names, each once.

    :raises ConfigurationError: if one is not there, or is never exported.
    """
    chosen = {target.oid: target.info for target in (resolve(oid, ADMINISTERED) for oid in oids)}
    if LAST_ERROR_CODE in chosen:
        raise ConfigurationError(
            "0xF1C2, the last error code, is never exported", oid=LAST_ERROR_CODE, reason=Reason.DENIED
        )
    return list(chosen.values())


def read_chip(chip: Chip, chosen: Sequence[ObjectInfo] = ()) -> Export:
    """Read metadata and data of a chip's objects: two or more exchanges for each, and one for the UID.

    Nothing on the chip is changed by it: data whose reading is counted are left.

    :param chosen: the objects; all of the chip's if empty.
    :raises ChipError: if the chip refuses for other reasons than an access condition.
    """
    entries: list[Entry] = []
    unread: list[ObjectInfo] = []
    unusable: list[Unusable] = []
    for info in each("Reading objects", chosen or objects_of(chip).values()):
        if info.kind is ObjectKind.SESSION or info.oid == LAST_ERROR_CODE:
            continue
        try:
            metadata = chip.objects.metadata(info.oid)
        except ChipError as error:
            if error.code == ErrorCode.INVALID_OID and not chosen:  # this model does not have it
                continue
            raise
        if why := find_unusable(info.oid, metadata):
            unusable.append(why)
        data = None if why else read_data(chip, info, metadata)
        if data is None and not info.kind.is_key:
            unread.append(info)
        entries.append(Entry(info, metadata, data or None))
    return Export(entries, unread, unusable)
