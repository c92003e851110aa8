"""``update show`` and ``update apply``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from optiga.cli.commands.chip.object import compare_sides
from optiga.cli.support.authorization import authorize_option
from optiga.cli.support.chip_files import refuse_a_blank_chip
from optiga.cli.support.confirm import confirm, yes_option
from optiga.cli.support.file_names import FileName
from optiga.cli.support.settings import Decorator, Settings, common_options, pass_settings
from optiga.objects.objects import MetadataDescription, describe_metadata
from optiga.update.apply import AGAIN, send_update
from optiga.update.check import check_update
from optiga.update.update_file import read_update

if TYPE_CHECKING:
    from optiga.update.check import UpdatePlan
    from optiga.update.update_set import UpdateSet


@dataclass(frozen=True, slots=True)
class UpdateResult:
    """The result of ``update apply``.

    :param oid: the object, for example ``0xF1E0``.
    :param updates: ``data``, ``key`` or ``metadata``.
    :param version: of the update, 1 to 32767.
    :param applied: whether it was sent and taken.
    :param resumed: whether it ends one that was interrupted.
    :param irreversible: what can never be undone of it, one sentence each.
    :param there_already: whether the chip had it, version and content, so that it was not sent.
    :param before: the object's metadata.
    :param after: its metadata then; None where it was only checked.
    """

    oid: str
    updates: str
    version: int
    applied: bool
    resumed: bool
    irreversible: tuple[str, ...]
    there_already: bool
    before: MetadataDescription
    after: MetadataDescription | None


_paths_argument: Decorator = click.argument("paths", type=FileName("FILE", takes_folder=True), nargs=-1, required=True)


@click.command(name="show")
@_paths_argument
@common_options(board=False)
@pass_settings
def show(settings: Settings, paths: tuple[str, ...]) -> None:
    """Show what an update does, to which object, and which trust anchor verifies it. No chip is needed.

    FILE is JSON of 'update make', C of Infineon's tool, or a manifest followed by its fragment files or by a folder
    with them. Data, keys and encrypted metadata are not shown.
    """
    settings.print_result(_read(paths).describe())


@click.command(name="apply")
@_paths_argument
@click.option(
    "--check", "only_check", is_flag=True, help="Check whether the chip would accept the update, but change nothing."
)
@yes_option
@authorize_option
@common_options()
@pass_settings
def apply(settings: Settings, paths: tuple[str, ...], only_check: bool, yes: bool) -> None:
    """Apply an update to the chip. The files are the same as for 'update show'.

    Before anything is sent, the command refuses an update that the chip would refuse: a version that is not
    greater, an update for another chip, a wrong signer. It asks before changes that can never be undone. If an
    update is interrupted, apply the same file again. An update that the chip already has is not sent.
    """
    update = _read(paths)
    label = update.describe().target
    settings.check_query(UpdateResult)
    refuse_a_blank_chip(settings, update.signed.anchor_oid, "no trust anchor")
    with settings.open_chip() as chip:
        plan = check_update(chip, update)
        for warning in plan.warnings:
            settings.warn(warning)
        if plan.there_already:
            _print_there(settings, update, plan)
            return
        if only_check:
            _print_check(settings, update, plan)
            return
        confirm(settings, f"Updating {label}", plan.stays, yes=yes)
        try:
            send_update(chip, update)
        except KeyboardInterrupt:
            settings.warn(f"{label} was being updated. {AGAIN}")
            raise
        after = describe_metadata(chip.objects.metadata(update.oid))
    if plan.resumed:
        settings.note(f"This update finishes an interrupted update of {label}")
    result = _result(update, plan, after, applied=True)
    settings.print_result(result, text=compare_sides(label, result.before, after))


def _read(paths: tuple[str, ...]) -> UpdateSet:
    """The update set in one file, or in those of a manifest and its fragments."""
    return read_update(*map(Path, paths))


def _print_there(settings: Settings, update: UpdateSet, plan: UpdatePlan) -> None:
    """The update is on the chip already, as after a run that was cut off when it had finished."""
    result = _result(update, plan, describe_metadata(plan.before), applied=False)
    text = f"{result.oid} already has this update of its {result.updates}, version {result.version}: "
    settings.print_result(result, text=text + "nothing was sent")


def _print_check(settings: Settings, update: UpdateSet, plan: UpdatePlan) -> None:
    result = _result(update, plan, None, applied=False)
    lines = [f"{result.oid} would accept this update of its {result.updates} to version {result.version}"]
    if plan.resumed:
        lines.append("It finishes an interrupted update")
    if plan.stays:
        lines.append("It can never be undone:")
        lines += [f"  {sentence}" for sentence in plan.stays]
    settings.print_result(result, text="\n".join(lines))


def _result(update: UpdateSet, plan: UpdatePlan, after: MetadataDescription | None, *, applied: bool) -> UpdateResult:
    described = update.describe()
    return UpdateResult(
        oid=described.target,
        updates=described.updates,
        version=described.payload_version,
        applied=applied,
        resumed=plan.resumed,
        irreversible=tuple(plan.stays),
        there_already=plan.there_already,
        before=describe_metadata(plan.before),
        after=after,
    )
