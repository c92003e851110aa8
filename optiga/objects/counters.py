"""The counters of a chip. SRM, table "Common data structures": value and threshold, four bytes each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from optiga.chip.unusable import find_unusable
from optiga.errors import ChipError, ConfigurationError, Reason, counted, naming
from optiga.files.activity import each
from optiga.objects.addressing import COUNTER
from optiga.protocol.codes import ErrorCode
from optiga.protocol.objects import OBJECTS, ObjectInfo, ObjectKind

if TYPE_CHECKING:
    from optiga.chip import Chip
    from optiga.chip.unusable import Unusable

_SIZE = 8


@dataclass(frozen=True, slots=True)
class CounterState:
    """A counter in words and numbers.

    :param oid: for example ``0xE120``.
    :param value: what it has counted to, 0 to 0xFFFFFFFF, and so is ``threshold``, where it stops.
    :param left: how often it can still count by one.
    :param frozen: whether it is at its threshold, where it stays.
    """

    oid: str
    value: int
    threshold: int
    left: int
    frozen: bool


@dataclass(frozen=True, slots=True)
class CounterStep:
    """A counter after it has counted.

    :param counted: by how much; None if it is at its threshold and could not be read beforehand.
    """

    oid: str
    value: int
    threshold: int
    left: int
    frozen: bool
    counted: int | None


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter as it is now; it counts up to its threshold and stays there."""

    info: ObjectInfo
    value: int
    threshold: int

    @property
    def left(self) -> int:
        """How often it can still count by one."""
        return max(self.threshold - self.value, 0)

    @property
    def state(self) -> CounterState:
        """The counter as results report it."""
        return CounterState(self.info.label, self.value, self.threshold, self.left, self.left == 0)


def list_counters(chip: Chip) -> tuple[list[Counter], list[Unusable]]:
    """Every counter of the chip: its own, and the data objects whose type is up counter.

    :returns: those that can be read, and those that the chip neither reads nor counts.
    """
    found: list[Counter] = []
    unusable: list[Unusable] = []
    for info in each("Reading counters", [info for info in OBJECTS.values() if info.kind in COUNTER.kinds]):
        try:
            metadata = chip.objects.metadata(info.oid)
            if not metadata.is_counter:
                continue
            if why := find_unusable(info.oid, metadata):
                unusable.append(why)
            else:
                found.append(read_counter(chip, info))
        except ChipError as error:
            if error.code not in (ErrorCode.INVALID_OID, ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED):
                raise
    return found, unusable


def what_it_lacks(chip: Chip, info: ObjectInfo) -> str:
    """Why a data object does not count yet, one sentence; empty if nothing. One exchange, none for a chip's own."""
    if info.kind is ObjectKind.COUNTER or chip.objects.metadata(info.oid).is_counter:
        return ""
    makes = f'\'python -m optiga object metadata {info.label} "type: up_counter" "execute: always"\''
    return f"{info.label} is not a counter yet, because its type is not up_counter. To set the type, use {makes}"


def read_counter(chip: Chip, info: ObjectInfo) -> Counter:
    """Value and threshold.

    :raises ConfigurationError: if the object is no counter, or not yet one.
    :raises ChipError: if the chip refuses.
    """
    data = chip.objects.read(info.oid)
    if len(data) != _SIZE:
        raise ConfigurationError(
            f"{info.label} holds {counted(len(data), 'byte')}, but a counter has {_SIZE}",
            hint=naming(
                "To make it a counter, use 'python -m optiga counter set {oid} {value=N} {threshold=N}', and set its "
                "type to up_counter",
                oid=info.label,
            ),
            oid=info.oid,
            reason=Reason.WRONG_TYPE,
        )
    return Counter(info, int.from_bytes(data[:4], "big"), int.from_bytes(data[4:], "big"))


def count_up(chip: Chip, info: ObjectInfo, step: int) -> CounterStep:
    """Count, at most up to the threshold. A counter whose reading would count another is read only afterwards.

    :param step: 1 to 255.
    :raises ChipError: if the chip refuses, as it does at the threshold.
    """
    counted = chip.objects.count(info.oid, step)
    state = read_counter(chip, info).state
    if counted is None and not state.frozen:
        counted = step
    return CounterStep(state.oid, state.value, state.threshold, state.left, state.frozen, counted)


def plan_set(chip: Chip, info: ObjectInfo, value: int | None, threshold: int | None) -> tuple[Counter | None, Counter]:
    """A counter before and after value or threshold are set; what is None stays. Changes nothing.

    :raises ConfigurationError: if the value would be more than the threshold, or one is missing and is not to be had.
    """
    check_values(info, value, threshold)
    before = None
    if value is None or threshold is None or info.kind is ObjectKind.COUNTER:
        try:
            before = read_counter(chip, info)
        except ChipError as error:
            if error.code != ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED or value is None or threshold is None:
                raise
    new_value = before.value if value is None and before else value or 0
    new_threshold = before.threshold if threshold is None and before else threshold or 0
    if new_value > new_threshold:
        raise _too_much(info, new_value, new_threshold, naming("Give both: {value} and {threshold}"))
    return before, Counter(info, new_value, new_threshold)


def check_values(info: ObjectInfo, value: int | None, threshold: int | None) -> None:
    """Refuse a value that is more than the threshold, without the chip; None for what is not known yet.

    :raises ConfigurationError: if it is.
    """
    if value is not None and threshold is not None and value > threshold:
        raise _too_much(info, value, threshold, "Use a greater threshold, or a smaller value")


def _too_much(info: ObjectInfo, value: int, threshold: int, hint: str) -> ConfigurationError:
    return ConfigurationError(
        f"{info.label}: the value {value} is more than the threshold {threshold}",
        hint=hint,
        oid=info.oid,
        reason=Reason.CONFLICT,
    )


def write_counter(chip: Chip, counter: Counter) -> None:
    """Write value and threshold, which the counter's change access condition has to allow."""
    chip.objects.write(counter.info.oid, counter.value.to_bytes(4, "big") + counter.threshold.to_bytes(4, "big"))
