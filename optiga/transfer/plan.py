"""What an import is going to do, object by object: all of it is checked before anything is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from optiga.chip.unusable import find_unusable
from optiga.errors import ChipError, ConfigurationError, OptigaError, Reason, counted, naming
from optiga.files.activity import each
from optiga.objects.irreversible import what_stays_written
from optiga.objects.lost_uses import lost_uses
from optiga.objects.objects import compare_data, plan_metadata
from optiga.objects.stored import decode_stored
from optiga.objects.weak_secrets import count_known_bytes, warn_of_known_secret
from optiga.pki.certificate import Certificate
from optiga.protocol import objects as oids
from optiga.protocol.codes import ErrorCode
from optiga.protocol.conditions import NEVER
from optiga.protocol.metadata import OWN_TAGS, Metadata, Tag
from optiga.protocol.objects import INFINEON_CERTIFICATE, ObjectInfo, ObjectKind
from optiga.protocol.rules.access import evaluate
from optiga.protocol.rules.effects import stays_empty
from optiga.protocol.rules.known import Known, access_now
from optiga.protocol.rules.values import Problem, check_setting
from optiga.transfer.checks import check_changes, check_content
from optiga.transfer.cut_off import CUT_OFF, is_cut_off
from optiga.transfer.form import Entry
from optiga.transfer.lost import lost_certificate

if TYPE_CHECKING:
    from optiga.chip import Chip

_OWN = (
    oids.SECURITY_STATUS_GLOBAL,
    oids.UID,
    oids.SECURITY_EVENT_COUNTER,
    oids.BUFFER_SIZE,
    oids.SECURITY_STATUS_APPLICATION,
    oids.LAST_ERROR_CODE,
)
_CHANGE = int(Tag.CHANGE)
_NO_DATA = "its data are not in the file"
_INTERRUPTED = "a protected update of it was interrupted in the file's chip: its data and version are not in the file"


@dataclass(frozen=True)
class ObjectPlan:
    """What an import does with one object.

    :param before: its metadata as they are.
    :param data: bytes to write; empty if there are none, or they are there already.
    :param opens: whether its change condition has to be opened for that.
    :param changes: tags of its metadata that are set, but for LcsO.
    :param state: its LcsO if that goes on.
    :param left: why something of it in the file stays out; empty if nothing does.
    :param stays: what can never be undone, one sentence each.
    :param known: how many bytes of zeros become a secret, because the file does not have it; 0 if none do.
    """

    info: ObjectInfo
    before: Metadata
    data: bytes = b""
    opens: bool = False
    changes: Metadata = field(default_factory=lambda: Metadata({}))
    state: Metadata = field(default_factory=lambda: Metadata({}))
    left: str = ""
    stays: tuple[str, ...] = ()
    known: int = 0

    @property
    def names(self) -> list[str]:
        """The tags that are set, in words."""
        return [*self.changes.in_words(), *self.state.in_words()]

    @property
    def result(self) -> str:
        """``written`` (data, and metadata perhaps), ``metadata`` (these alone), ``left`` or ``unchanged``."""
        if self.data:
            return "written"
        return "metadata" if self.names else "left" if self.left else "unchanged"

    @property
    def steps(self) -> list[str]:
        """What is done, in the order in which it is done but for LcsO, which all objects have set in the end."""
        before = self.before.in_words()
        said = (
            [f"change is set to always for the data: {before.get('change', 'absent')} -> always"] if self.opens else []
        )
        said += [f"{counted(len(self.data), 'byte', 'are')} written"] if self.data else []
        if self.opens and self.changes.get(_CHANGE) is None:
            said.append(f"change is restored: {before.get('change', 'never')}")
        return said + [
            f"{name}: {before.get(name, 'absent')} -> {value}"
            for name, value in (self.changes.in_words() | self.state.in_words()).items()
        ]


@dataclass(frozen=True)
class Failure:
    """An object that cannot be imported, and why."""

    info: ObjectInfo
    error: OptigaError


@dataclass(frozen=True)
class ImportPlan:
    """What an import does, in its order, and what it cannot do."""

    objects: tuple[ObjectPlan, ...]
    failures: tuple[Failure, ...]

    @property
    def stays(self) -> list[str]:
        """What can never be undone, one sentence each, with the object."""
        return [f"{plan.info.label}: {sentence}" for plan in self.objects for sentence in plan.stays]

    @property
    def warnings(self) -> list[str]:
        """What keys can no longer do, and which secrets everybody knows, one sentence each, with the object."""
        lost = [
            sentence
            for plan in self.objects
            for sentence in lost_uses(plan.info.oid, plan.before, plan.changes.with_tags(dict(plan.state.items())))
        ]
        return lost + [warn_of_known_secret(plan.info, plan.known) for plan in self.objects if plan.known]

    @property
    def steps(self) -> list[str]:
        """All that is done, one sentence each, with the object; life cycle states where they are set, in the end."""
        early = [(plan, step) for plan in self.objects for step in plan.steps if not step.startswith("lcso: ")]
        late = [(plan, step) for plan in self.objects for step in plan.steps if step.startswith("lcso: ")]
        return [f"{plan.info.label}: {step}" for plan, step in early + late]

    def check(self) -> None:
        """:raises ConfigurationError: if there is anything that it cannot do."""
        if self.failures:
            first, *others = (str(failure.error) for failure in self.failures)
            raise ConfigurationError(
                first,
                hint=naming("Nothing has been written. To import the others, use {keep_going}"),
                problems=tuple(others),
                oid=self.failures[0].info.oid,
                reason=self.failures[0].error.reason,
            )


def plan_import(
    chip: Chip, entries: Iterable[Entry], *, life_cycle: bool = False, is_shielded: bool | None = False
) -> ImportPlan:
    """Compare a file with a chip. Two or more exchanges for each object, which change nothing.

    :param life_cycle: whether the life cycle states of the chip and of the application go on, too.
    :param is_shielded: whether the connection is a shielded one; None where nobody knows.
    :raises ChipError: if the chip refuses to be read for other reasons than an access condition.
    """
    plans: list[ObjectPlan] = []
    failures: list[Failure] = []
    for entry in each("Comparing objects", sorted(entries, key=_order)):
        try:
            plans.append(_plan_object(chip, entry, life_cycle=life_cycle, is_shielded=is_shielded))
        except ConfigurationError as error:
            if entry.info.label not in error.message:
                error.locate(entry.info.label)
            failures.append(Failure(entry.info, error))
        except ChipError as error:
            if error.code != ErrorCode.INVALID_METADATA:
                raise
            failures.append(Failure(entry.info, error))  # an update of it was interrupted
    return ImportPlan(tuple(plans), tuple(failures))


def _order(entry: Entry) -> tuple[bool, bool, int]:
    """Counters come late, for writing others may count them; the life cycle states of application and chip last."""
    is_last = entry.info.oid in oids.LIFE_CYCLES
    return (is_last, entry.info.kind is ObjectKind.COUNTER, -entry.info.oid if is_last else entry.info.oid)


def _plan_object(chip: Chip, entry: Entry, *, life_cycle: bool, is_shielded: bool | None) -> ObjectPlan:
    info = entry.info
    if info.oid in _OWN:
        return _plan_own(chip, entry)
    wanted = {tag: value for tag, value in (entry.metadata or Metadata({})).items() if tag not in OWN_TAGS}
    is_interrupted = entry.metadata is not None and entry.metadata.is_invalid
    if is_interrupted:
        del wanted[Tag.VERSION]  # or the chip would take its own object for one whose update was interrupted
    if info.kind is ObjectKind.SYSTEM and Tag.LCSO not in wanted:
        wanted = {}  # without LcsO nobody can change them
    try:
        planned = plan_metadata(chip, info, Metadata(wanted), partly=True)
    except ChipError as error:
        if error.code == ErrorCode.INVALID_OID:
            raise ConfigurationError(
                f"the chip has no object {info.label}, {info.name}", oid=info.oid, reason=Reason.NOT_FOUND
            ) from None
        raise
    unusable = find_unusable(info.oid, planned.before)
    if unusable and unusable.is_interrupted:
        raise unusable.error(chip.port)
    check_changes(info, planned.changes)
    before, changes = planned.before, dict(planned.changes.items())
    state = {int(Tag.LCSO): changes.pop(Tag.LCSO)} if Tag.LCSO in changes else {}
    stays = [*planned.stays]
    if stays_empty(info, before, before.with_tags({**changes, **state})):
        stays.append("the slot has no key and can never get one")
    data, left = _plan_data(chip, entry, before, life_cycle=life_cycle)
    known = 0 if data else count_known_bytes(chip, info, before, planned.changes)
    after = before.with_tags(dict(planned.changes.items()))
    if known and access_now(after, Tag.CHANGE) == NEVER:
        stays.append(f"its secret is {counted(known, 'zero')} and can never be another")
    if data:
        stays += what_stays_written(
            info.oid, data, chip.objects.read(info.oid) if info.oid in oids.LIFE_CYCLES else b""
        )
        if lost := lost_certificate(chip, info.oid):
            stays.append(lost)
    elif state and left == _NO_DATA:
        stays.append("its data are not in the file: it keeps the data that the chip has now")
    return ObjectPlan(
        info,
        before,
        data=data,
        opens=bool(data) and _must_open(chip, info, before, is_shielded=is_shielded),
        changes=Metadata(changes),
        state=Metadata(state),
        left=(_INTERRUPTED if is_interrupted else left) or _what_remains(entry, before),
        stays=tuple(stays),
        known=known,
    )


def _plan_own(chip: Chip, entry: Entry) -> ObjectPlan:
    """What the chip sets itself is only compared, but for the last error code, which reading clears."""
    before = Metadata({})
    try:
        held = None if entry.info.oid == oids.LAST_ERROR_CODE else chip.objects.read(entry.info.oid)
    except ChipError as error:
        if error.code != ErrorCode.INVALID_OID:
            raise
        held = None
    same = entry.data is None or entry.data == held
    return ObjectPlan(entry.info, before, left="" if same else "it belongs to the chip itself")


def _plan_data(chip: Chip, entry: Entry, before: Metadata, *, life_cycle: bool) -> tuple[bytes, str]:
    """The data to write, and why any stay out."""
    info, data = entry.info, entry.data
    if data is None:
        return b"", _why_no_data(entry, before)
    check_content(info, data, before)
    was_cut_off = is_cut_off(entry)
    if compare_data(chip, info, data, before, to_the_end=not (was_cut_off or _is_begun(entry, before))):
        return b"", ""
    if was_cut_off and not _is_whole_certificate(data):
        return b"", CUT_OFF
    if before.max_size and len(data) > before.room:
        raise ConfigurationError(
            f"{info.label} is a secret for updates with {before.room} bytes, not {len(data)}",
            oid=info.oid,
            reason=Reason.TOO_LARGE,
        )
    if info.oid == INFINEON_CERTIFICATE:
        return b"", "Infineon's certificate is for this chip's own key"
    if info.oid in oids.LIFE_CYCLES:
        if not life_cycle:
            return b"", naming("it advances only with {life_cycle}")
        held = chip.objects.read_if_allowed(info.oid)
        if held and check_setting(info.oid, data[0], held[0]) is Problem.BACKWARDS:
            raise ConfigurationError(
                f"{info.label}: a life cycle state never goes back", oid=info.oid, reason=Reason.DENIED
            )
    return data, ""


def _is_begun(entry: Entry, before: Metadata) -> bool:
    """Whether a file's data may be the first bytes only of what the chip has: the file's chip held as many as this."""
    used = None if entry.metadata is None else entry.metadata.used_size
    return used is not None and used == before.used_size and used > len(entry.data or b"")


def _is_whole_certificate(data: bytes) -> bool:
    """Whether data begin with a certificate or chain that ends before they do: no more was written to the object."""
    try:
        decode_stored(data, Certificate.parse_leniently)
    except ValueError:
        return False
    return True


def _why_no_data(entry: Entry, before: Metadata) -> str:
    """Why an object of which a file has no data is not all that it was."""
    metadata = entry.metadata
    if metadata is None:
        return ""
    if entry.info.kind.is_key:
        return "" if metadata.algorithm is None else "keys never leave a chip: the key is not in the file"
    was_empty = metadata.get(Tag.USED_SIZE) is not None and metadata.used_size == 0
    return "" if was_empty and before.used_size == 0 else _NO_DATA


def _what_remains(entry: Entry, before: Metadata) -> str:
    """Tags that the object has and the file has not: nothing takes them away. Absent conditions mean never."""
    if entry.metadata is None or not entry.is_whole:
        return ""
    remaining = [
        name
        for tag, (name, value) in zip(dict(before.items()), before.in_words().items(), strict=True)
        if tag not in OWN_TAGS and entry.metadata.get(tag) is None and value != "never"
    ]
    return f"not in the file, but cannot be removed: {', '.join(remaining)}" if remaining else ""


def _must_open(chip: Chip, info: ObjectInfo, before: Metadata, *, is_shielded: bool | None) -> bool:
    """Whether an object has to be opened for its data. What is authorized need not be.

    :raises ConfigurationError: if it has to be, and can no longer be.
    """
    access = access_now(before, Tag.CHANGE)
    holds = evaluate(access, Known(shielded=is_shielded, integrity=(), authorized=chip.authorized))
    if holds or not before.is_locked:
        return not holds
    if holds is False:
        stands = before.in_words().get("change", "absent")
        lets = "never allows its data to" if access == NEVER else "does not allow its data to"
        raise ConfigurationError(
            f"{info.label} is locked: its change condition ({stands}) {lets} be written",
            oid=info.oid,
            reason=Reason.DENIED,
        )
    return False
