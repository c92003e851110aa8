"""``deprovision``: a device's certificate out of AWS IoT."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from optiga.cli.cloud_options import aws_options, build_aws_options, build_report
from optiga.cli.settings import Settings, common_options, pass_settings
from optiga.errors import ConfigurationError


@click.command(name="deprovision")
@click.option("--slot", metavar="SLOT", default="second", help="Slot of the identity. [second]")
@click.option("--uid", metavar="HEX", help="The chip, if it is not at hand. [the one at the port]")
@click.option("--delete-thing", is_flag=True, help="Delete the thing, too.")
@click.option("--delete-policy", is_flag=True, help="Delete the policy, too.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--journal", "path", metavar="FILE", default="personalization.db", help="The journal. [personalization.db]"
)
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
    **options: Any,
) -> None:
    """Detach, deactivate and delete a device's certificate, and mark the journal. The chip is not touched."""
    from optiga.personalize.journal import open_journal
    from optiga.personalize.provision.undo import deprovision, find_entry
    from optiga.personalize.targets import resolve_slot

    found = resolve_slot(slot)
    settings.check_query({"uid": "", "slot": "", "step": "", "certificate_id": "", "thing": "", "policy": ""})
    with open_journal(Path(path)) as journal:
        entry = find_entry(journal, uid.lower() if uid is not None else _uid_of_chip(settings), found.name)
        if not yes:
            lost = [*(entry.replaces or "").split(), entry.certificate_id]
            lost += [entry.thing if delete_thing else None, entry.policy if delete_policy else None]
            _ask(entry.uid, entry.slot, lost)
        done = deprovision(
            journal,
            entry,
            build_aws_options(options),
            build_report(settings),
            delete_thing=delete_thing,
            delete_policy=delete_policy,
        )
    fields = {
        "uid": done.uid,
        "slot": done.slot,
        "step": done.step.title,
        "certificate_id": done.certificate_id,
        "thing": done.thing,
        "policy": done.policy,
    }
    settings.print_result(fields)


def _uid_of_chip(settings: Settings) -> str:
    with settings.open_chip() as chip:
        return chip.uid.hex


def _ask(uid: str, slot: str, lost: list[str | None]) -> None:
    """Have the user confirm what cannot be undone."""
    if sys.stdin is None or not sys.stdin.isatty():
        raise ConfigurationError("nobody can be asked: standard input is no terminal", hint="--yes does without")
    what = ", ".join(name for name in lost if name) or "nothing"
    click.confirm(f"Slot {slot} of chip {uid}: delete for good {what}?", abort=True, err=True)
