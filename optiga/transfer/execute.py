"""Writing a file's objects into a chip, as planned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from optiga.errors import ChipError, OptigaError, naming
from optiga.files.activity import each
from optiga.protocol import objects as oids
from optiga.protocol.metadata import Metadata, Tag
from optiga.transfer.plan import Failure, ImportPlan, ObjectPlan

if TYPE_CHECKING:
    from optiga.chip import Chip

_CHANGE = int(Tag.CHANGE)
_ALWAYS, _NEVER = b"\x00", b"\xff"
_LISTED = 6
"""Most objects that a message names."""


def execute_import(chip: Chip, plan: ImportPlan, *, keep_going: bool = False) -> list[Failure]:
    """Carry out an import: data and metadata of each object, then their life cycle states, those of the chip last.

    :param keep_going: go on behind an object that the chip refuses.
    :returns: what has failed, what was planned to fail first.
    :raises OptigaError: if the chip refuses and this does not go on, or cannot be reached; it says what is done.
    """
    failures = list(plan.failures)
    failed: set[int] = set()
    done: dict[int, str] = {}
    for planned, act in each("Importing", _acts(chip, plan)):
        if planned.info.oid in failed:
            continue
        try:
            act()
        except ChipError as error:
            if not keep_going:
                raise _with_progress(error, planned, done) from None
            failed.add(planned.info.oid)
            failures.append(Failure(planned.info, error))
        except OptigaError as error:
            raise _with_progress(error, planned, done) from None
        done[planned.info.oid] = planned.info.label
    return failures


@dataclass(frozen=True, slots=True)
class ImportedObject:
    """What an import does or has done with one object.

    :param oid: for example ``0xE0E1``.
    :param name: what the manual calls it.
    :param result: ``written`` (data, and metadata perhaps), ``metadata`` (these alone), ``unchanged``, ``left`` or
        ``failed``.
    :param bytes: how many are written.
    :param metadata: names of the tags that are set.
    :param reason: why it failed, or what stays out; None otherwise.
    """

    oid: str
    name: str
    result: str
    bytes: int
    metadata: tuple[str, ...]
    reason: str | None


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import does or has done.

    :param objects: by their identifiers; the numbers behind them say how many there are of each result.
    :param left: how many objects there are of which something is left out, whatever their result; each has a reason.
    :param steps: what is done, one sentence each.
    :param never_undone: what can never be undone of it, one sentence each.
    """

    objects: tuple[ImportedObject, ...]
    written: int
    metadata: int
    unchanged: int
    left: int
    failed: int
    steps: tuple[str, ...]
    never_undone: tuple[str, ...]


def import_result(plan: ImportPlan, failures: list[Failure]) -> ImportResult:
    """What an import does or has done.

    :param failures: objects that it cannot import, or could not.
    """
    why = {failure.info.oid: str(failure.error) for failure in failures}
    rows = [_row(planned, why.get(planned.info.oid)) for planned in plan.objects]
    known = {planned.info.oid for planned in plan.objects}
    rows += [
        ImportedObject(info.label, info.name, "failed", 0, (), why[info.oid])
        for info in (failure.info for failure in failures)
        if info.oid not in known
    ]
    rows.sort(key=lambda row: row.oid)
    results = [row.result for row in rows]
    return ImportResult(
        objects=tuple(rows),
        written=results.count("written"),
        metadata=results.count("metadata"),
        unchanged=results.count("unchanged"),
        left=sum(row.reason is not None and row.result != "failed" for row in rows),
        failed=results.count("failed"),
        steps=tuple(plan.steps),
        never_undone=tuple(plan.stays),
    )


def _row(planned: ObjectPlan, why: str | None) -> ImportedObject:
    return ImportedObject(
        oid=planned.info.label,
        name=planned.info.name,
        result=planned.result if why is None else "failed",
        bytes=len(planned.data),
        metadata=tuple(planned.names),
        reason=why or planned.left or None,
    )


def _acts(chip: Chip, plan: ImportPlan) -> Iterator[tuple[ObjectPlan, Callable[[], None]]]:
    """What is done, in its order."""
    early = [planned for planned in plan.objects if planned.info.oid not in oids.LIFE_CYCLES]
    late = [planned for planned in plan.objects if planned.info.oid in oids.LIFE_CYCLES]
    for planned in early:
        if planned.data or _has_tags(planned.changes):
            yield planned, partial(_write, chip, planned)
    for planned in early:
        if _has_tags(planned.state):
            yield planned, partial(chip.write_metadata, planned.info.oid, planned.state)
    for planned in late:
        if planned.data:
            yield planned, partial(_write, chip, planned)


def _write(chip: Chip, planned: ObjectPlan) -> None:
    """Data, then metadata but for LcsO; the object is open no longer than that takes."""
    oid, changes = planned.info.oid, dict(planned.changes.items())
    if not planned.opens:
        _write_content(chip, planned, changes)
        return
    closed = planned.before.get(_CHANGE) or _NEVER
    try:
        chip.objects.write_metadata(oid, Metadata({_CHANGE: _ALWAYS}))
        _write_content(chip, planned, {_CHANGE: closed, **changes})
    except BaseException:
        with suppress(OptigaError):
            chip.objects.write_metadata(oid, Metadata({_CHANGE: closed}))
        raise


def _write_content(chip: Chip, planned: ObjectPlan, changes: dict[int, bytes]) -> None:
    if planned.data:
        chip.objects.write(planned.info.oid, planned.data)
    if changes:
        chip.objects.write_metadata(planned.info.oid, Metadata(changes))


def _has_tags(metadata: Metadata) -> bool:
    return any(True for _ in metadata.items())


def _with_progress(error: OptigaError, planned: ObjectPlan, done: dict[int, str]) -> OptigaError:
    """The same error with the object it happened at, what is done, and how to go on."""
    label = planned.info.label
    if label not in error.message:
        error.locate(label)
    labels = list(done.values())
    named = ", ".join(labels) if len(labels) <= _LISTED else f"{len(labels)} objects, {labels[0]} to {labels[-1]}"
    done_so_far = named or "nothing"
    if isinstance(error, ChipError):  # which refuses it again
        error.advise(naming("Done so far: {done}. To import the others, use {keep_going}", done=done_so_far))
    else:
        error.advise(f"Done so far: {done_so_far}. Try again to continue")
    return error
