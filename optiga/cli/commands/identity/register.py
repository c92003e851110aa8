"""``register``: the certificate that a chip came with, registered with AWS IoT."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from optiga.cli.commands.identity.provision import run_plan
from optiga.cli.support.again import told_to_start_again
from optiga.cli.support.chip_files import refuse_a_blank_chip
from optiga.cli.support.cloud_options import aws_options, build_aws_options, build_thing, device_options
from optiga.cli.support.file_names import FILE, out_dir_option
from optiga.cli.support.journals import shared_journal_option
from optiga.cli.support.options import of_option
from optiga.cli.support.runs import tell_of_chip_file, tell_people
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.cli.support.trust import build_trust, trust_options, trust_passphrase
from optiga.objects.addressing import resolve_slot
from optiga.provision.events import StepName
from optiga.provision.job import Job
from optiga.provision.journal import FILE_NAME
from optiga.provision.outputs import OutputLayout
from optiga.provision.plan import make_plan
from optiga.provision.results import RunResult
from optiga.provision.services import Services


@click.command(name="register")
@click.option("--thing", metavar="NAME", help="Thing of the device; may contain {uid}.")
@click.option("--policy", metavar="NAME", help="Policy of the device; may contain {uid}.")
@trust_options
@click.option("--slot", metavar="SLOT", default="first", help="Slot of the certificate (default: first).")
@out_dir_option
@click.option(
    "--journal", "journal_path", type=FILE, help="Journal file (default: personalization.db in the output folder)."
)
@shared_journal_option
@aws_options
@device_options
@common_options()
@pass_settings
@told_to_start_again()
def command(
    settings: Settings,
    /,
    thing: str | None,
    policy: str | None,
    trust: str | None,
    pkcs12_passphrase_file: str | None,
    emulated: bool,
    slot: str,
    out_dir: str,
    journal_path: str | None,
    shared_journal: bool,
    **options: Any,
) -> None:
    """Register a device in AWS IoT with the certificate that Infineon gave its chip: no new key, no CSR, no CA.

    The chip first proves that it has the key of the certificate. With --trust, the certificate must chain to one of
    the trusted root certificates, too.
    """
    settings.find_port()
    with of_option("--slot"):
        found = resolve_slot(slot)
    refuse_a_blank_chip(settings, found.certificate_oid)
    settings.check_query(RunResult)
    believed = build_trust(settings, trust, emulated=emulated, passphrase_file=pkcs12_passphrase_file)
    outputs = OutputLayout(Path(out_dir))
    outputs.check_shared()
    device = build_thing(options, thing=thing, policy=policy)
    opening = trust_passphrase(settings, trust, pkcs12_passphrase_file)
    listeners = (tell_people(settings), tell_of_chip_file(settings, StepName.REGISTERED, "Its key"))
    services = Services(listeners=listeners, trust_passphrase=opening)
    job = Job.own_certificate(found, thing=device, aws=build_aws_options(options), outputs=outputs, trust=believed)
    plan = make_plan(job, services)
    journal = Path(journal_path) if journal_path is not None else outputs.shared / FILE_NAME
    run_plan(settings, plan, services, journal, shared=shared_journal)
