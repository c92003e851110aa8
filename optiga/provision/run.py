"""A chip taken to its end: its steps, each written down before the next begins; what an interrupted run has left is
finished.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from optiga.arguments import takes
from optiga.chip import open_chip
from optiga.chip.key_fate import KeyFate, goes_on_by_itself
from optiga.errors import CertificateError, ConfigurationError, Naming, OptigaError, naming
from optiga.identity.csr import check_model
from optiga.provision.attestation import Attestation
from optiga.provision.chip_slot import OTHER_JOURNAL, ChipSlot
from optiga.provision.entry import Entry
from optiga.provision.entry import Step as Level
from optiga.provision.events import Reporter, RunDone, RunStarted
from optiga.provision.interrupted import advise_again, again, told_that_it_is_finished
from optiga.provision.journal import Journal
from optiga.provision.plan import Plan, make_plan
from optiga.provision.preparation import Preparation, check_accepted
from optiga.provision.renewal import narrow
from optiga.provision.restoring import restore_files
from optiga.provision.services import no_journal
from optiga.provision.steps import steps
from optiga.provision.steps.work import KeptStep, OpeningStep, Progress, Work

if TYPE_CHECKING:
    from optiga.chip import Chip
    from optiga.provision.job import Job
    from optiga.provision.services import Services
    from optiga.provision.specs import ThingSpec


@takes
def provision(job: Job, services: Services, chip: Chip | None = None, *, plan: Plan | None = None) -> Entry:
    """Provision a chip, or continue an interrupted run from its state in the journal.

    :param services: the resources, with a journal and, if the job needs it, the CA.
    :param chip: an open chip, which stays open; None opens the chip at the port of the services.
    :param plan: the result of :func:`.plan.make_plan` for this job, to reuse it for several chips; None makes a plan.
    :returns: the finished entry of the journal. A chip that was already finished is not changed.
    :raises OptigaError: if a step fails; the next call continues there.
    """
    if services.journal is None:
        raise no_journal()
    if plan is not None and plan.job != job:
        raise ConfigurationError("the plan belongs to another job", parameter="plan")
    if chip is None:
        plan = plan or make_plan(job, services)  # first: to open an emulated chip may make it
        with open_chip(services.port) as opened:
            return provision(job, services, opened, plan=plan)
    reporter = services.reporter(port=chip.port, slot=job.slot.name)
    with ExitStack() as at_end, chip.turn, reporter.run():
        reporter.uid = chip.uid.hex
        reporter.tell(RunStarted, steps=tuple(step.name for step in steps(job)))
        plan = plan or make_plan(job, services, reporter)
        with services.journal.sealed():
            with KeyFate(job.slot.key_oid):
                if job.is_conditional:
                    known = services.journal.find(reporter.uid, job.slot.name)
                    plan = narrow(plan, known, services.clock(), reporter)
                work = _prepare(plan, services, services.journal, chip, reporter)
            entry, is_changed = _run(work)
            at_end.enter_context(told_that_it_is_finished(job))
        reporter.tell(RunDone, is_changed=is_changed, journal_seal=services.journal.newest_seal)
    return entry


def _prepare(plan: Plan, services: Services, journal: Journal, chip: Chip, reporter: Reporter) -> Work:
    """All that the steps are given; a chip that cannot be taken through them is refused."""
    chip_slot = ChipSlot(chip, plan, reporter, reporter.uid)
    if plan.new is not None:
        check_model(chip, plan.new.configuration)
    chip_slot.check_usable()
    outputs = plan.outputs(chip_slot.uid)
    outputs.check()
    attestation = Attestation(chip_slot, plan, reporter)
    return Work(plan, chip_slot, attestation, journal, reporter, services.clock, outputs, services.confirm)


def _run(work: Work) -> tuple[Entry, bool]:
    """Do what is to be done.

    :returns: what the slot has come to, and whether that is new.
    """
    plan, attestation = work.plan, work.attestation
    listed = steps(plan.job)
    with KeyFate(plan.slot.key_oid):
        for step in listed:
            if isinstance(step, OpeningStep):
                with work.reporter.step(step.name):
                    step.open(work)
        attestation.look()
        known = work.journal.find(work.uid, plan.slot.name)
        if not plan.renews:
            attestation.check(known)
        attestation.warn_of_loss(known)
        preparation = Preparation(work.chip_slot, plan, work.journal, work.reporter, work.confirm)
        entry = attestation.begin(preparation.begin(known))
    if entry.is_finished:
        _leave(entry, work, is_written=_confirm(entry, work))
        return entry, False
    return _finish(entry, [step for step in listed if isinstance(step, KeptStep)], work), True


def _finish(entry: Entry, kept: list[KeptStep], work: Work) -> Entry:
    """Do the steps that are left to do.

    :param entry: what the slot has come to.
    """
    work.outputs.make_folder()
    restore_files(entry, work.outputs, work.reporter)
    fate = KeyFate(work.plan.slot.key_oid, had_certificate=work.chip_slot.had_certificate)
    try:
        for step in kept:
            if entry.step < step.level:
                with work.reporter.step(step.name) as facts:
                    progress = step.run(entry, work)
                    done = next(progress, None)
                    while done is not None:
                        if entry.step < Level.KEY <= done.step and work.plan.new is not None:
                            fate.made()
                        entry = work.journal.save(done)
                        facts.extend(done.pending)
                        done = _send(progress, entry)
    except (OptigaError, KeyboardInterrupt) as error:
        goes_on_by_itself(error)
        if work.plan.new is not None and entry.step < Level.WRITTEN:
            fate.tell(error)
        if entry.started_at is not None:
            advise_again(error, f"To continue after the step {entry.step.title!r}", again(work.plan.job))
        raise
    return entry


def _send(progress: Progress, entry: Entry) -> Entry | None:
    """What a step comes to next, None at its end.

    :param entry: what was written down of it last.
    """
    try:
        return progress.send(entry)
    except StopIteration:
        return None


def _confirm(entry: Entry, work: Work) -> bool:
    """Make sure that a finished chip is what the journal says.

    :returns: whether its certificate had to be written again.
    :raises CertificateError: if it has another key or certificate, or its own CA has revoked that.
    :raises CloudError: if AWS no longer lets its certificate in.
    """
    if problem := work.chip_slot.key_problem(entry):
        hint = naming("{other}. {anew}", other=OTHER_JOURNAL, anew=work.plan.anew_hint)
        raise CertificateError(f"chip {entry.uid} is finished in the journal, but {problem}", hint=hint)
    check_accepted(entry, work.plan, work.reporter)
    return work.chip_slot.confirm(entry, work.journal)


def _leave(entry: Entry, work: Work, *, is_written: bool) -> None:
    """Leave a finished chip as it is; files that are missing are written again.

    :param is_written: whether its certificate was written again, too.
    """
    work.outputs.make_folder()
    is_restored = restore_files(entry, work.outputs, work.reporter) or is_written
    changed = "Nothing else" if is_restored else "Nothing"
    work.reporter.note(f"This chip is already finished. {changed} was changed")
    if ignored := _ignored(entry, work.plan.job.device):
        names, *others = ignored
        for other in others:
            names = naming("{names}, {other}", names=names, other=other)
        work.reporter.warn(
            naming(
                "Not applied, because the chip is already finished: {names}. Change its thing in AWS IoT instead",
                names=names,
            )
        )


def _ignored(entry: Entry, device: ThingSpec | None) -> list[Naming]:
    """The parameters of a device that a finished chip has had no use for."""
    if device is None:
        return []
    is_grouped = device.billing_group != entry.billing_group and device.billing_group
    given = (
        (naming("{thing_type}"), device.thing_type),
        (naming("{groups}"), device.groups),
        (naming("{attributes}"), device.attributes),
        (naming("{parameters}"), device.parameters),
        (naming("{exclusive}"), device.exclusive and not entry.exclusive),
        (naming("{billing_group}"), is_grouped),
    )
    return [name for name, value in given if value]
