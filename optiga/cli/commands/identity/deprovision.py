"""``deprovision``: a device's certificate out of AWS IoT."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from optiga.chip import Chip
from optiga.cli.support.again import told_to_start_again
from optiga.cli.support.chip_files import is_still_to_be_made
from optiga.cli.support.cloud_options import aws_options, build_aws_options, given_options
from optiga.cli.support.confirm import confirm, yes_option
from optiga.cli.support.content import take_uid
from optiga.cli.support.file_names import FILE
from optiga.cli.support.journals import open_named_journal, shared_journal_option, whole_uid
from optiga.cli.support.options import in_full, of_option
from optiga.cli.support.runs import tell_people
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.errors import ConfigurationError, Reason
from optiga.objects.addressing import resolve_slot
from optiga.provision.entry import Entry
from optiga.provision.events import Event
from optiga.provision.journal import FILE_NAME
from optiga.provision.results import Undone
from optiga.provision.services import Services
from optiga.provision.undo import deprovision, find_entry
from optiga.provision.undo_plan import UndoPlan, plan_undo


@click.command(name="deprovision")
@click.option("--slot", metavar="SLOT", default="second", help="Slot of the certificate (default: second).")
@click.option(
    "--uid",
    callback=take_uid,
    metavar="HEX",
    help="UID of the chip, or a part of it, if the chip is not connected (default: UID of the chip at the port). "
    "With --yes, the whole UID.",
)
@click.option("--delete-thing", is_flag=True, help="Delete the thing in AWS IoT, too.")
@click.option("--delete-policy", is_flag=True, help="Delete the policy in AWS IoT, too.")
@click.option("--dry-run", is_flag=True, help="Show what would be deleted and what would stay, but change nothing.")
@yes_option
@click.option("--journal", "path", type=FILE, default=FILE_NAME, help=f"Journal file (default: {FILE_NAME}).")
@shared_journal_option
@aws_options
@common_options()
@pass_settings
@told_to_start_again()
def command(
    settings: Settings,
    /,
    slot: str,
    uid: str | None,
    delete_thing: bool,
    delete_policy: bool,
    dry_run: bool,
    yes: bool,
    path: str,
    shared_journal: bool,
    **options: Any,
) -> None:
    """Detach, deactivate and delete a device's certificate in AWS IoT, and mark this in the journal. The chip does
    not change.
    """
    with of_option("--slot"):
        found = resolve_slot(slot)
    settings.check_query(UndoPlan if dry_run else Undone)
    opened = open_named_journal(settings, Path(path), shared=shared_journal)
    with opened as journal, ExitStack() as used:
        of_cloud = {"delete_thing": delete_thing, "delete_policy": delete_policy, **options}
        way = build_aws_options(options)
        chip = used.enter_context(_open_chip(settings)) if uid is None else None
        of_chip = chip.uid.hex if chip is not None else whole_uid(settings, journal, uid or "")
        if yes and not dry_run and uid not in (None, of_chip):  # a script may have cut it off
            raise ConfigurationError(
                f"--uid {uid} is only a part of {of_chip}, and with --yes nobody confirms which chip is meant",
                hint="Give the whole UID, or confirm at the terminal",
                reason=Reason.AMBIGUOUS,
            )
        entry = find_entry(journal, of_chip, found.name, way.region)
        _note_unused(settings, entry, of_cloud)
        asking = partial(confirm, settings, yes=yes, short="Deprovision this slot")
        heard: list[Event] = []
        services = Services(journal, listeners=(tell_people(settings), heard.append), confirm=asking)
        undo = plan_undo if dry_run else deprovision
        done = undo(entry, services, way, delete_thing=delete_thing, delete_policy=delete_policy, chip=chip)
        if isinstance(done, UndoPlan):
            _print_plan(settings, done)
            return
        result = Undone.of(done, heard[-1])
    settings.print_result(result)


def _open_chip(settings: Settings) -> AbstractContextManager[Chip]:
    """The chip at the port.

    :raises ConfigurationError: if it is an emulated chip that would have to be made: no journal has it.
    """
    if is_still_to_be_made(settings):
        raise ConfigurationError(
            "the emulated chip does not exist yet, so no journal has an entry for it",
            hint="Name the chip's file with --port, or give its UID with --uid",
            reason=Reason.NOT_FOUND,
            parameter="port",
        )
    return settings.open_chip()


def _note_unused(settings: Settings, entry: Entry, of_cloud: Mapping[str, Any]) -> None:
    """Say which options have no effect for a device.

    :param of_cloud: the values of all options that are for AWS, by the names of their parameters.
    """
    if entry.account is None:
        if given := given_options(of_cloud):
            settings.note(f"Not used, because this device is not in AWS IoT: {given}")
        return
    for kind, name in (("thing", entry.thing), ("policy", entry.policy)):
        if of_cloud[f"delete_{kind}"] and name is None:
            settings.note(f"--delete-{kind} has no effect: this device has no {kind}")


def _print_plan(settings: Settings, plan: UndoPlan) -> None:
    plan = replace(plan, stays=tuple(in_full(sentence) for sentence in plan.stays))
    lines = [f"{number}. {step}" for number, step in enumerate(plan.steps, 1)] or ["Nothing will change"]
    settings.print_result(plan, text="\n".join([*lines, "This stays:", *(f"  {sentence}" for sentence in plan.stays)]))
