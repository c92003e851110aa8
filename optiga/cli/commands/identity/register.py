"""``register``: the certificate that a chip came with, registered with AWS IoT."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from optiga.cli.support.cloud_options import aws_options, build_aws_options, build_report, build_wishes, device_options
from optiga.cli.support.file_names import FILE, FOLDER
from optiga.cli.support.journals import shared_journal_option
from optiga.cli.support.options import of_option
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.cli.support.trust import at_port, load_roots, trust_options


@click.command(name="register")
@click.option("--thing", metavar="NAME", help="Thing of the device; {uid} may stand in it.")
@click.option("--policy", metavar="NAME", help="Policy of the device; {uid} may stand in it.")
@trust_options
@click.option("--slot", metavar="SLOT", default="first", help="Slot of the identity. [first]")
@click.option("--out-dir", type=FOLDER, default=".", help="Folder for the journal. [the current one]")
@click.option("--journal", "journal_path", type=FILE, help="The journal. [personalization.db in that folder]")
@shared_journal_option
@aws_options
@device_options
@common_options()
@pass_settings
def command(
    settings: Settings,
    /,
    thing: str | None,
    policy: str | None,
    trust: str | None,
    emulated: bool,
    slot: str,
    out_dir: str,
    journal_path: str | None,
    shared_journal: bool,
    **options: Any,
) -> None:
    """Let a device in with the certificate that Infineon gave its chip: no new key, no CSR, no CA.

    The chip proves its key first; with --trust also that it is genuine: its certificate leads to one of the roots.
    """
    from optiga.cli.commands.identity.provision import run_plan
    from optiga.files.files import check_folder_writable
    from optiga.objects.addressing import resolve_slot
    from optiga.provision.journal import FILE_NAME, RUN_FIELDS
    from optiga.provision.plan import plan_registration

    settings.find_port(more=" Its identity lives in it: whoever copies the file has it.")
    with of_option("--slot"):
        found = resolve_slot(slot)
    settings.check_query(dict.fromkeys(RUN_FIELDS, ""))
    roots = load_roots(trust, emulated=emulated)
    folder = Path(out_dir)
    check_folder_writable(folder)
    wishes = build_wishes(options, thing=thing, policy=policy)
    plan = plan_registration(found, folder, build_aws_options(options), wishes, build_report(settings))
    journal = Path(journal_path) if journal_path is not None else folder / FILE_NAME
    run_plan(settings, plan, journal, shared=shared_journal, trust=roots and at_port(settings, roots))
