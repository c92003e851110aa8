"""``provision``: from a blank chip to a device with an identity, in one command."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from optiga.ca.days import MAX_DAYS
from optiga.chip.key_fate import KeyFate
from optiga.cli.commands.identity.csr import warn_of_names
from optiga.cli.render.device import summary_of
from optiga.cli.support.again import told_to_start_again
from optiga.cli.support.authorization import authorize_option
from optiga.cli.support.chip_files import is_still_to_be_made
from optiga.cli.support.choices import WholeNumber
from optiga.cli.support.cloud_options import (
    aws_options,
    build_aws_options,
    build_thing,
    device_options,
    refuse_cloud_options,
)
from optiga.cli.support.confirm import confirm, yes_option
from optiga.cli.support.file_names import CA_FOLDER, FILE, FileName, out_dir_option
from optiga.cli.support.journals import open_named_journal, shared_journal_option
from optiga.cli.support.options import in_full, of_option, options_for
from optiga.cli.support.passphrase import gives_passphrase, open_authority, passphrase_options, warn_of_crl
from optiga.cli.support.runs import tell_of_chip_file, tell_people
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.cli.support.trust import build_trust, trust_options, trust_passphrase
from optiga.errors import ConfigurationError
from optiga.files.files import is_there
from optiga.files.placeholders import check_new_name
from optiga.files.shown import whole_path
from optiga.identity.configuration import load_configuration
from optiga.provision.entry import Step
from optiga.provision.events import Event, RunDone, StepName, utc_now
from optiga.provision.interrupted import told_that_it_is_finished
from optiga.provision.job import Job
from optiga.provision.journal import FILE_NAME
from optiga.provision.outputs import OutputLayout
from optiga.provision.plan import Plan, make_plan
from optiga.provision.preview import preview
from optiga.provision.renewal import check_past, parse_moment
from optiga.provision.results import RunResult
from optiga.provision.run import provision
from optiga.provision.services import Services
from optiga.provision.specs import AwsIssuerSpec, CaIssuerSpec
from optiga.provision.steps import describe

if TYPE_CHECKING:
    from optiga.ca.authority import CertificateAuthority


@dataclass(frozen=True, slots=True)
class DryRun:
    """The result of ``provision --dry-run``.

    :param steps: what a run would do, one sentence each.
    """

    steps: tuple[str, ...]


def _take_moment(_ctx: click.Context, param: click.Parameter, text: str | None) -> datetime | None:
    with of_option(param.opts[0]):
        return None if text is None else parse_moment(text)


@click.command(name="provision")
@click.argument("config_path", type=FileName("CONFIG"))
@click.option("--slot", metavar="SLOT", help="Slot of the key (default: slot of CONFIG).")
@click.option(
    "--id", "object_id", metavar="OID", help="Object for the certificate (default: certificate object of the slot)."
)
@out_dir_option
@click.option(
    "--journal", "journal_path", type=FILE, help="Journal file (default: personalization.db in the output folder)."
)
@shared_journal_option
@yes_option
@click.option("--renew", is_flag=True, help="Generate a new key and certificate; AWS IoT then deactivates the old one.")
@click.option(
    "--issued-before",
    metavar="DATE",
    callback=_take_moment,
    help="With --renew: renew only a certificate that was issued before DATE, for example 2026-11-28 or "
    "2026-11-28T10:00:00Z (UTC).",
)
@click.option(
    "--expires-within",
    type=WholeNumber(1, MAX_DAYS),
    metavar="DAYS",
    help="With --renew: renew only a certificate that expires within DAYS.",
)
@trust_options
@click.option("--dry-run", is_flag=True, help="Check everything and show every step, but change nothing.")
@aws_options
@device_options
@click.option("--ca", "ca_path", type=CA_FOLDER, help="Folder of your own CA, to use instead of AWS's CA.")
@click.option(
    "--days",
    type=WholeNumber(1, MAX_DAYS),
    metavar="DAYS",
    help="With --ca: days that the certificate is valid (default: 3650, or as long as the CA).",
)
@click.option("--server", is_flag=True, help="With --ca: allow use as a TLS server, too, if CONFIG asks for it.")
@click.option(
    "--ignore-names",
    is_flag=True,
    help="With --ca: leave out names that the CA may not certify (default: refuse the CSR).",
)
@click.option("--no-cloud", is_flag=True, help="With --ca: do not use AWS. Stop when the certificate is on the chip.")
@passphrase_options
@authorize_option
@common_options()
@pass_settings
@told_to_start_again()
def command(
    settings: Settings,
    /,
    config_path: str,
    slot: str | None,
    object_id: str | None,
    out_dir: str,
    journal_path: str | None,
    shared_journal: bool,
    yes: bool,
    renew: bool,
    issued_before: datetime | None,
    expires_within: int | None,
    trust: str | None,
    pkcs12_passphrase_file: str | None,
    emulated: bool,
    dry_run: bool,
    ca_path: str | None,
    days: int | None,
    server: bool,
    ignore_names: bool,
    no_cloud: bool,
    passphrase_file: str | None,
    ask_passphrase: bool,
    **options: Any,
) -> None:
    """Provision a chip: key pair, CSR, certificate, thing and policy in AWS IoT, all attached and active.

    The journal records each step before the next step begins. If the command is interrupted, run it again to
    finish. A chip that is already finished is only checked; a file or a certificate that is missing is written again.
    """
    of_ca = {
        "--no-cloud": no_cloud,
        "--days": days is not None,
        "--server": server,
        "--ignore-names": ignore_names,
        "a passphrase": passphrase_file is not None or ask_passphrase,
    }
    not_used = _ca_not_used(settings) if ca_path is None else ""
    if ca_path is None and any(of_ca.values()):
        needing = next(name for name, is_given in of_ca.items() if is_given)
        raise click.UsageError(f"{needing} requires --ca.{f' {not_used}.' if not_used else ''}")
    if not_used:
        settings.note(f"{not_used}: without --ca, AWS issues the certificate")
    if no_cloud:
        refuse_cloud_options(options)
    configuration = load_configuration(Path(config_path), slot=slot)
    warn_of_names(settings, configuration)
    settings.check_query(DryRun if dry_run else RunResult)
    believed = build_trust(settings, trust, emulated=emulated, passphrase_file=pkcs12_passphrase_file)
    outputs = OutputLayout(Path(out_dir))
    outputs.check_shared()
    aws, thing = build_aws_options(options), build_thing(options)
    with options_for(oid="--id"):
        job = Job.new_identity(
            configuration,
            CaIssuerSpec(Path(ca_path), days, server, ignore_names) if ca_path else AwsIssuerSpec(),
            certificate=object_id,
            thing=None if no_cloud else thing,
            aws=aws,
            outputs=outputs,
            trust=believed,
            renew=renew,
            issued_before=issued_before,
            expires_within=expires_within,
        )
    check_past(job, utc_now())
    if not dry_run or settings.port is not None:
        settings.find_port()
    journal = Path(journal_path) if journal_path is not None else outputs.shared / FILE_NAME
    # Whatever needs no passphrase is checked before it is asked for; a chip that is finished needs none.
    authority = None
    if ca_path:
        authority = open_authority(settings, ca_path, passphrase_file, ask=ask_passphrase, later=True)
    services = Services(
        authority=authority,
        listeners=(tell_people(settings), tell_of_chip_file(settings, StepName.KEY, "The new key")),
        trust_passphrase=trust_passphrase(settings, trust, pkcs12_passphrase_file),
        confirm=None if yes else partial(_confirm_loss, settings),
    )
    with KeyFate(job.slot.key_oid):
        plan = make_plan(job, services)
    if authority is not None:
        warn_of_crl(settings, authority.folder)
    if dry_run:
        check_new_name(journal)
        opening_journal = partial(open_named_journal, settings, journal, shared=shared_journal)
        foreseen = None
        if settings.port is not None and _is_there_to_look_at(settings):
            foreseen = preview(settings.open_chip, plan, opening_journal if is_there(journal) else None, services)
        if foreseen is None and is_there(journal):
            with opening_journal():  # which may be refused
                settings.note("If the journal knows the chip, only the missing steps are done")
        if authority is not None and (foreseen is None or foreseen.level < Step.CERTIFIED):
            plan.tell_of_end(services.reporter(slot=plan.slot.name))
            _foresee_key(settings, authority, is_given=gives_passphrase(passphrase_file, ask=ask_passphrase))
        for note in plan.new.issuer.notes if plan.new else ():
            settings.note(note)
        steps = describe(plan, foreseen)
        text = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1)) or "Nothing will change"
        settings.print_result(DryRun(steps), text=text)
        return
    run_plan(settings, plan, services, journal, shared=shared_journal)


def _foresee_key(settings: Settings, authority: CertificateAuthority, *, is_given: bool) -> None:
    """Try the passphrase with which the run is going to open the CA's key, or say that the run needs one."""
    if is_given:
        authority.unlock()
    elif not authority.is_open:
        said = f"The key of the CA in {authority.folder.path} is encrypted"
        settings.note(f"{said}: the run needs its passphrase")


def _ca_not_used(settings: Settings) -> str:
    """That a file of defaults names a CA, which does not count here; empty if none does."""
    defaults = settings.defaults
    if defaults is None or "ca" not in defaults.values:
        return ""
    return f"The value of ca in {defaults.where('ca')} does not count for 'provision'"


def _confirm_loss(settings: Settings, what: str, lost: tuple[str, ...]) -> None:
    """Ask before a key is replaced that the journal does not know.

    :raises ConfigurationError: if it is not confirmed, or nobody is there to be asked.
    """
    try:
        confirm(settings, what, tuple(map(in_full, lost)), yes=False)
    except ConfigurationError as error:
        if what.startswith("Replacing the certificate"):
            error.advise("To keep that certificate, give another object with --id", first=True)
        raise


def _is_there_to_look_at(settings: Settings) -> bool:
    """Whether there is a chip at the port already; of an emulated one that is made only when opened, this is said."""
    if is_still_to_be_made(settings):
        settings.note("The emulated chip does not exist yet: the run would create it, factory-fresh")
        return False
    return True


def run_plan(
    settings: Settings,
    plan: Plan,
    services: Services,
    journal_path: Path,
    *,
    shared: bool = False,
) -> None:
    """Take the chip at the port through a plan, and print what has become of it: JSON, or lines for a person.

    :param services: the journal is added to them.
    :param shared: take a journal that a group of this user's may write.
    """
    opened = open_named_journal(settings, journal_path, shared=shared, make=True)
    with ExitStack() as at_end, opened as journal, ExitStack() as used:
        if is_still_to_be_made(settings):
            journal.check_writable()
            if services.authority is not None:
                services.authority.unlock()
        with KeyFate(plan.slot.key_oid):
            chip = used.enter_context(settings.open_chip())
        heard: list[Event] = []
        services = replace(services, journal=journal, listeners=(*services.listeners, heard.append))
        entry = provision(plan.job, services, chip, plan=plan)
        at_end.enter_context(told_that_it_is_finished(plan.job))
        outputs = plan.outputs(entry.uid)
        is_new = plan.job.renew and any(isinstance(event, RunDone) and event.is_changed for event in heard)
        result = replace(entry.run_result(journal.newest_seal, Path(whole_path(outputs.folder))), renewed=is_new)
    with told_that_it_is_finished(plan.job):
        text = summary_of(result, outputs, journal_path) if settings.is_read_by_a_person else None
        settings.print_result(result, text=text, default="json" if text is None else "text")
