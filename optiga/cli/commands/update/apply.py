"""``update show`` and ``update apply``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from optiga.cli.commands.chip.object import SIDE, compare_sides
from optiga.cli.support.authorization import authorize_option
from optiga.cli.support.confirm import confirm, yes_option
from optiga.cli.support.file_names import FILE
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.objects.objects import describe_metadata
from optiga.update.apply import AGAIN, send_update
from optiga.update.check import check_update
from optiga.update.update_file import read_update

if TYPE_CHECKING:
    from optiga.update.check import UpdatePlan
    from optiga.update.update_set import UpdateSet

_FIELDS = ("oid", "updates", "version", "applied", "resumed", "irreversible", "there_already")


@click.command(name="show")
@click.argument("path", type=FILE)
@common_options()
@pass_settings
def show(settings: Settings, path: str) -> None:
    """Show what an update in a file does, to which object, and who must have signed it. No chip is needed.

    The file is JSON of 'update make', or C of Infineon's tool. Data, keys and encrypted metadata are not shown.
    """
    settings.print_result(read_update(Path(path)).in_words())


@click.command(name="apply")
@click.argument("path", type=FILE)
@click.option("--check", "only_check", is_flag=True, help="Say whether the chip would take it, and change nothing.")
@yes_option
@authorize_option
@common_options()
@pass_settings
def apply(settings: Settings, path: str, only_check: bool, yes: bool) -> None:
    """Apply an update to the chip.

    What the chip would refuse is refused before anything is sent: a version that is not greater, an update for another
    chip, another signer. What can never be undone is said, and asked for. An update that was interrupted is ended by
    applying the same file once more; one that the chip has already, version and content, is not sent.
    """
    update = read_update(Path(path))
    label = update.in_words()["target"]
    settings.check_query({**dict.fromkeys(_FIELDS, ""), "before": SIDE, "after": SIDE})
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
        settings.note(f"An update of {label} that had been interrupted is ended by this one")
    before = describe_metadata(plan.before)
    fields = {**_fields(update, plan, applied=True), "before": before, "after": after}
    settings.print_result(fields, text=compare_sides(str(label), before, after))


def _print_there(settings: Settings, update: UpdateSet, plan: UpdatePlan) -> None:
    """The update is on the chip already, as after a run that was cut off when it had finished."""
    words, held = update.in_words(), describe_metadata(plan.before)
    text = f"{words['target']} has this update of its {words['updates']} already, version {words['payload_version']}: "
    fields = {**_fields(update, plan, applied=False), "before": held, "after": held}
    settings.print_result(fields, text=text + "nothing was sent")


def _print_check(settings: Settings, update: UpdateSet, plan: UpdatePlan) -> None:
    words, before = update.in_words(), describe_metadata(plan.before)
    what, version = words["updates"], words["payload_version"]
    lines = [f"{words['target']} would take this update of its {what} to version {version}"]
    if plan.resumed:
        lines.append("It ends one that was interrupted")
    if plan.stays:
        lines.append("It can never be undone:")
        lines += [f"  {sentence}" for sentence in plan.stays]
    fields = {**_fields(update, plan, applied=False), "before": before, "after": None}
    settings.print_result(fields, text="\n".join(lines))


def _fields(update: UpdateSet, plan: UpdatePlan, *, applied: bool) -> dict[str, Any]:
    words = update.in_words()
    done = (applied, plan.resumed, list(plan.stays), plan.there_already)
    return dict(zip(_FIELDS, (words["target"], words["updates"], words["payload_version"], *done), strict=True))
