"""The objects of a chip: what they are, their data, metadata and counters, and what is done to them.

Every change is planned first: what cannot be is refused before the chip is asked to change anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from optiga.chip.abilities import require_metadata
from optiga.errors import ConfigurationError, Reason, counted, naming
from optiga.objects.addressing import WRITABLE
from optiga.objects.irreversible import what_stays, what_stays_written
from optiga.objects.key_usages import check_key_usage
from optiga.objects.lost_uses import lost_uses
from optiga.objects.reading import Comparison
from optiga.objects.weak_secrets import count_known_bytes, warn_of_conditions, warn_of_known_secret
from optiga.protocol import metadata as md
from optiga.protocol.codes import LifeCycleState
from optiga.protocol.metadata import Metadata, Tag, tag_word
from optiga.protocol.metadata_words import describe_form, parse_metadata_words
from optiga.protocol.objects import COUNTER_SIZE, LAST_ERROR_CODE, LIFE_CYCLES, ObjectInfo, ObjectKind
from optiga.protocol.rules.known import is_counted
from optiga.protocol.rules.values import Problem, check_change, check_value
from optiga.results import keyed

if TYPE_CHECKING:
    from optiga.chip import Chip


def takes_certificates(info: ObjectInfo) -> bool:
    """Whether an object is for certificates or a trust anchor."""
    return info.kind in (ObjectKind.CERTIFICATE, ObjectKind.TRUST_ANCHOR)


@dataclass(frozen=True)
class MetadataChange:
    """A change of metadata that was asked for.

    :param before: what the object has.
    :param changes: the tags that are to have other values; empty if it has them all already.
    :param stays: what can never be undone of it, one sentence each.
    :param weak: what protects nothing afterwards, one sentence each.
    """

    info: ObjectInfo
    before: Metadata
    changes: Metadata
    stays: tuple[str, ...]
    weak: tuple[str, ...] = ()

    @property
    def warnings(self) -> list[str]:
        """What a key can no longer do, and what protects nothing, one sentence each."""
        return [*lost_uses(self.info.oid, self.before, self.changes), *self.weak]

    @property
    def is_needed(self) -> bool:
        return any(True for _ in self.changes.items())


@dataclass(frozen=True, slots=True)
class MetadataDescription:
    """Metadata of an object.

    :param words: what each tag says, by the tag's name: ``{"lcso": "creation", "change": "lcso < operational", …}``.
    :param hex: all of it, as the chip encodes it.
    """

    words: Mapping[str, str] = field(metadata=keyed(*(tag_word(tag) for tag in Tag)))
    hex: bytes


def describe_metadata(metadata: Metadata) -> MetadataDescription:
    """Metadata in words and in hex."""
    return MetadataDescription(metadata.in_words(), metadata.encode())


def read_words(info: ObjectInfo, texts: Sequence[str]) -> Metadata:
    """Metadata to set, from words as ``change: never``.

    :raises ConfigurationError: if they are wrong, or the object cannot have them.
    """
    try:
        changes = parse_metadata_words(texts)
    except ValueError as error:
        raise ConfigurationError(str(error), oid=info.oid) from None
    _check_kind(info, changes)
    return changes


def read_raw_metadata(info: ObjectInfo, data: bytes) -> Metadata:
    """Metadata to set, from bytes as the chip encodes them. What the chip alone sets, as sizes, is left out.

    :param data: one TLV 0x20, or what it holds.
    :raises ConfigurationError: if they are no metadata, nothing of them can be set, or the object cannot have them.
    """
    is_cut_off = data[:1] == b"\x20" and len(data) > 1 and data[1] > len(data) - 2
    try:
        whole = Metadata.parse(data if data[:1] == b"\x20" else bytes([md.CONSTRUCTED_TAG, len(data) & 0xFF]) + data)
        changes = Metadata({tag: value for tag, value in whole.items() if tag not in md.OWN_TAGS})
    except ValueError as error:
        hint = "The end is missing: scripts often keep it in a variable, for example an OID" if is_cut_off else ""
        raise ConfigurationError(str(error), hint=hint, oid=info.oid) from None
    for tag, value in changes.items():
        if wrong := describe_form(tag, value):
            raise ConfigurationError(f"{tag_word(tag)}: {wrong}", oid=info.oid)
    if not any(True for _ in changes.items()):
        raise ConfigurationError("these metadata have no tag that can be set", oid=info.oid)
    _check_kind(info, changes)
    return changes


def _check_kind(info: ObjectInfo, changes: Metadata) -> None:
    """:raises ConfigurationError: for tags that are another kind of object's."""
    for tag, value in changes.items():
        if check_value(None, info, tag, value) is Problem.OTHER_KIND:
            raise ConfigurationError(f"{tag_word(tag)}: {why_of_other_kind(info, tag)}", oid=info.oid)


def why_of_other_kind(info: ObjectInfo, tag: int) -> str:
    """Why an object cannot have a tag that others have."""
    if tag == Tag.TYPE:
        return f"{info.label} is a key, which has no data type" if info.kind.is_key else f"{info.label} has no type"
    return f"{info.label} is not a key and has no {tag_word(tag)}"


def plan_metadata(chip: Chip, info: ObjectInfo, wanted: Metadata, *, partly: bool = False) -> MetadataChange:
    """Compare metadata that are wanted with those that an object has. Nothing is changed. One exchange; one more if the
    object becomes a secret, and one for each object that a condition names.

    :param partly: the change is one of many: a key takes those of its usages that it can have, one at least, and it is
        not looked at what the other objects have. Otherwise it must be able to have each usage.
    :raises ConfigurationError: if they can no longer be set, do not fit, nothing could use a key for its usage, or the
        chip's model does not know them.
    """
    require_metadata(chip, wanted, info.oid)
    before = chip.objects.metadata(info.oid)
    changes = Metadata({tag: value for tag, value in wanted.items() if before.get(tag) != value})
    names = list(changes.in_words())
    if not names:
        return MetadataChange(info, before, changes, ())
    problems = {tag: check_change(None, info, before, tag, value) for tag, value in changes.items()}
    if Problem.UNCHANGING in problems.values():
        raise ConfigurationError(
            f"only the chip can change the metadata of {info.label}", oid=info.oid, reason=Reason.DENIED
        )
    wanted_state = changes.in_words().get("lcso")
    if problems.get(Tag.LCSO) is Problem.NO_VALUE:
        raise ConfigurationError(f"{info.label}: lcso: {wanted_state} is not a life cycle state", oid=info.oid)
    if problems.get(Tag.LCSO) is Problem.BACKWARDS:
        now = before.in_words()["lcso"]
        raise ConfigurationError(
            f"{info.label} is in its life cycle state {now} and never goes back to {wanted_state}",
            oid=info.oid,
            reason=Reason.DENIED,
        )
    fixed = [name for name in names if name != "lcso"]
    if fixed and before.is_locked:
        raise ConfigurationError(
            f"{info.label} is {before.in_words()['lcso']}: {', '.join(fixed)} can never be changed again",
            oid=info.oid,
            reason=Reason.DENIED,
        )
    check_key_usage(info.oid, before, changes, partly=partly)
    size = len(before.with_tags(dict(changes.items())).encode())
    if size > md.MAX_SIZE:
        raise ConfigurationError(
            f"the metadata of {info.label} would take {size} bytes, but there is room for {md.MAX_SIZE}",
            oid=info.oid,
            reason=Reason.TOO_LARGE,
        )
    stays = tuple(what_stays(before, changes))
    return MetadataChange(info, before, changes, stays, () if partly else tuple(_weak(chip, info, before, changes)))


def _weak(chip: Chip, info: ObjectInfo, before: Metadata, changes: Metadata) -> list[str]:
    """What protects nothing after a change, one sentence each."""
    set_now = [tag for tag in md.ACCESS_TAGS if changes.get(tag) is not None]
    weak = warn_of_conditions(chip, info, before.with_tags(dict(changes.items())), set_now)
    if count := count_known_bytes(chip, info, before, changes):
        weak.append(warn_of_known_secret(info, count))
    return weak


def plan_lock(chip: Chip, info: ObjectInfo) -> MetadataChange:
    """What locking an object means; nothing is needed if it is locked already."""
    before = chip.objects.metadata(info.oid)
    if before.is_locked:
        return MetadataChange(info, before, Metadata({}), ())
    wanted = Metadata({int(Tag.LCSO): bytes([LifeCycleState.OPERATIONAL])})
    weak = warn_of_conditions(chip, info, before.with_tags(dict(wanted.items())), md.ACCESS_TAGS)
    return MetadataChange(info, before, wanted, tuple(what_stays(before, wanted)), tuple(weak))


def execute_metadata(chip: Chip, change: MetadataChange) -> Metadata:
    """Carry out a change of metadata, if it is needed.

    :returns: what the chip has afterwards.
    """
    if not change.is_needed:
        return change.before
    chip.objects.write_metadata(change.info.oid, change.changes)
    return chip.objects.metadata(change.info.oid)


def check_data(info: ObjectInfo, data: bytes, offset: int) -> None:
    """Refuse data that cannot be written, before the chip is touched.

    :param offset: where in the object they begin, in bytes.
    :raises ConfigurationError: if the object is not written so, or has no room for them.
    """
    if info.kind.is_key or info.oid == LAST_ERROR_CODE:
        raise ConfigurationError(
            f"{info.label} {WRITABLE.refusal}: {WRITABLE.reasons[info.kind]}", oid=info.oid, reason=Reason.DENIED
        )
    if not data:
        raise ConfigurationError(f"no data are given for {info.label}", oid=info.oid)
    if info.size and offset + len(data) > info.size:
        where = f" at offset {offset}" if offset else ""
        raise ConfigurationError(
            f"{counted(len(data), 'byte')}{where} {'does' if len(data) == 1 else 'do'} not fit in {info.label}, which "
            f"has room for {info.size}",
            oid=info.oid,
            reason=Reason.TOO_LARGE,
        )
    if info.kind is ObjectKind.COUNTER and (offset, len(data)) != (0, COUNTER_SIZE):
        raise ConfigurationError(
            f"{info.label} is a counter",
            hint=naming("Use {counters.write_counter}"),
            oid=info.oid,
            reason=Reason.WRONG_TYPE,
        )


def read_data(chip: Chip, info: ObjectInfo, metadata: Metadata | None = None) -> bytes | None:
    """Data of an object; None if they cannot be read, or reading them would advance a counter.

    :param metadata: the object's; where they are None, one exchange asks for them.
    """
    known = chip.objects.metadata(info.oid) if metadata is None else metadata
    if info.kind.is_key or is_counted(known, Tag.READ):
        return None
    return b"" if known.used_size == 0 else chip.objects.read_if_allowed(info.oid)


def compare_data(
    chip: Chip,
    info: ObjectInfo,
    expected: bytes,
    metadata: Metadata | None = None,
    *,
    offset: int = 0,
    to_the_end: bool = True,
) -> bool | None:
    """Whether an object holds bytes; None as for :func:`read_data`. The exchanges of :class:`.reading.Comparison`.

    :param expected: the bytes.
    :param metadata: the object's; where they are None, one exchange asks for them.
    :param offset: where in the object the bytes begin.
    :param to_the_end: whether they must be the object's last.
    """
    known = chip.objects.metadata(info.oid) if metadata is None else metadata
    if info.kind.is_key or is_counted(known, Tag.READ):
        return None
    if known.used_size == 0:
        return not expected
    return Comparison(chip, info.oid, expected, offset=offset).is_same(to_the_end=to_the_end)


@dataclass(frozen=True)
class DataChange:
    """A write that was asked for.

    :param written: bytes, from ``offset`` on.
    :param is_needed: whether the object holds anything else now, or does not let itself be read.
    :param stays: what can never be undone of it, one sentence each.
    """

    info: ObjectInfo
    written: bytes
    offset: int
    erase: bool
    is_needed: bool
    stays: tuple[str, ...]


def plan_data(
    chip: Chip, info: ObjectInfo, data: bytes, metadata: Metadata | None = None, *, offset: int = 0, erase: bool = True
) -> DataChange:
    """Compare data that are to be written with those that an object holds. Changes nothing.

    :param metadata: the object's; where they are None, one exchange asks for them.
    """
    if erase:
        is_there = compare_data(chip, info, bytes(offset) + data, metadata)
    else:
        is_there = compare_data(chip, info, data, metadata, offset=offset, to_the_end=False)
    state = (chip.objects.read_if_allowed(info.oid) or b"") if info.oid in LIFE_CYCLES else b""
    return DataChange(info, data, offset, erase, not is_there, tuple(what_stays_written(info.oid, data, state)))


def execute_data(chip: Chip, change: DataChange) -> None:
    """Carry out a write, if it is needed."""
    if change.is_needed:
        chip.objects.write(change.info.oid, change.written, offset=change.offset, erase=change.erase)
