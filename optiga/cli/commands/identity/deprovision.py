"""``deprovision``: a device's certificate out of AWS IoT."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from optiga.cli.support.cloud_options import aws_options, build_aws_options
from optiga.cli.support.confirm import confirm, yes_option
from optiga.cli.support.content import take_uid
from optiga.cli.support.file_names import FILE
from optiga.cli.support.journals import open_named_journal, shared_journal_option
from optiga.cli.support.options import of_option
from optiga.cli.support.runs import tell_people
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.objects.addressing import resolve_slot
from optiga.provision.entry import Step
from optiga.provision.journal import FILE_NAME
from optiga.provision.services import Services
from optiga.provision.undo import Undone, deprovision, find_entry


@click.command(name="deprovision")
@click.option("--slot", metavar="SLOT", default="second", help="Slot of the certificate (default: second).")
@click.option(
    "--uid",
    callback=take_uid,
    metavar="HEX",
    help="UID of the chip, if it is not connected (default: UID of the chip at the port).",
)
@click.option("--delete-thing", is_flag=True, help="Delete the thing in AWS IoT, too.")
@click.option("--delete-policy", is_flag=True, help="Delete the policy in AWS IoT, too.")
@yes_option
@click.option("--journal", "path", type=FILE, default=FILE_NAME, help=f"Journal file (default: {FILE_NAME}).")
@shared_journal_option
@aws_options
@common_options()
@pass_settings
def command(
    settings: Settings,
    /,
    slot: str,
    uid: str | None,
    delete_thing: bool,
    delete_policy: bool,
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
    settings.check_query(Undone)
    with open_named_journal(settings, Path(path), shared=shared_journal) as journal:
        way = build_aws_options(options)
        entry = find_entry(journal, _uid_of_chip(settings) if uid is None else uid, found.name, way.region)
        names = [*(one.certificate_id for one in entry.begun.replaced), entry.certificate_id]
        lost = [f"the certificate {name}" for name in names if name]
        lost += [f"the thing {entry.thing}"] if delete_thing and entry.thing else []
        lost += [f"the policy {entry.policy}"] if delete_policy and entry.policy else []
        if entry.requested is not None and entry.issued is None and entry.account is not None:
            lost.append("a certificate that AWS IoT may have issued in the interrupted run")
        if_there = ", if AWS IoT still has it" * (entry.step is Step.DEPROVISIONED)
        goes = []
        if entry.account is None and entry.step is not Step.DEPROVISIONED:
            goes.append("the journal marks the slot as deprovisioned, and the next run generates a new key")
        goes += [f"{name} will be deleted{if_there}" for name in lost]
        where = "" if entry.account is None else f" in account {entry.account}, {entry.region}"
        confirm(settings, f"Deprovisioning slot {entry.slot} of chip {entry.uid}{where}", goes, yes=yes)
        services = Services(journal, listeners=(tell_people(settings),))
        done = deprovision(entry, services, way, delete_thing=delete_thing, delete_policy=delete_policy)
        result = Undone.of(done, journal.newest_seal)
    settings.print_result(result)


def _uid_of_chip(settings: Settings) -> str:
    with settings.open_chip() as chip:
        return chip.uid.hex
