"""What a dry run finds out about the chip that it names; nothing is signed and nothing written."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from optiga.errors import CertificateError, CloudError, ConfigurationError, OptigaError, naming
from optiga.objects.stored import is_empty, read_stored
from optiga.provision.attestation import Attestation
from optiga.provision.believed import other_owner
from optiga.provision.chip_slot import OTHER_JOURNAL, ChipSlot, certificates_in, chain_of
from optiga.provision.earlier import known_before
from optiga.provision.entry import Entry, Step
from optiga.provision.preparation import Preparation
from optiga.provision.renewal import narrow
from optiga.provision.restoring import missing_files
from optiga.provision.steps.identity import WriteCertificate

if TYPE_CHECKING:
    from optiga.chip import Chip
    from optiga.provision.events import Reporter
    from optiga.provision.journal import Journal
    from optiga.provision.plan import Plan
    from optiga.provision.services import Services


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a run would begin with.

    :param uid: the chip's UID in hex.
    :param level: the last step that is done; BEGUN for a new identity.
    :param restored: what is written again although its step is done, one sentence each.
    :param previous: identifiers of the certificates that become inactive at the end.
    :param is_known: whether the journal knows what the chip holds.
    """

    uid: str
    level: Step = Step.BEGUN
    restored: tuple[str, ...] = ()
    previous: tuple[str, ...] = ()
    is_known: bool = False


def preview(
    open_chip: Callable[[], Chip],
    plan: Plan,
    open_journal: Callable[[], AbstractContextManager[Journal]] | None,
    services: Services,
) -> Foreseen | None:
    """Refuse a chip that a run would refuse, and warn of a certificate that nobody here knows.

    Only a run has the chip prove its keys, and looks whose an existing thing is. At most seven exchanges, and one for
    each counter that limits a use: the UID, the metadata of key and certificate, once more for a run that replaces
    them, and the certificate, in two parts. A chip that cannot be asked is a warning, too.

    :param open_journal: None where there is no journal yet.
    :param services: whose listeners are told.
    :returns: None if the chip cannot be asked.
    :raises ConfigurationError: if the chip does not let its key or certificate be replaced, a file cannot be written,
        or the journal cannot be read.
    :raises CertificateError: if the chip has no room for the certificate, or journal and plan do not agree.
    :raises CloudError: if AWS no longer accepts the certificate in the journal.
    :raises ChipError: if an update of the key or the certificate was interrupted, or one is in termination.
    """
    reporter = services.reporter(slot=plan.slot.name)
    try:
        with open_chip() as chip:
            chip_slot = ChipSlot(chip, plan, reporter, chip.uid.hex)
            refusal, data, foreseen, owner = chip_slot.refusal(), b"", Foreseen(chip_slot.uid), ""
            if refusal is None:
                plan.outputs(chip_slot.uid).check()
                with nullcontext() if open_journal is None else open_journal() as journal:
                    found = None if journal is None else journal.find(chip_slot.uid, plan.slot.name)
                    if plan.job.is_conditional:
                        plan = narrow(plan, found, services.clock(), reporter)
                        chip_slot = ChipSlot(chip, plan, reporter, chip_slot.uid)
                    is_new = plan.renews or found is None
                    if is_new:  # before anything is read, which a counter may count
                        chip_slot.check_possible(dry=True)
                    data = read_stored(chip, plan.target.oid)
                    if journal is not None:
                        foreseen = _foresee(chip_slot, plan, journal, found, reporter, data)
                        for one in certificates_in(data)[:1]:
                            owner = other_owner(one, journal, chip_slot.uid, plan.slot.name)
                if foreseen.level < Step.REQUESTED and not is_new:
                    chip_slot.check_possible(dry=True)
    except (ConfigurationError, CertificateError, CloudError):
        raise
    except OptigaError as error:
        reporter.warn(f"cannot check what the chip holds: {error.message}")
        return None
    if refusal is not None:
        raise refusal
    if is_empty(data) or foreseen.is_known:
        return foreseen
    held = certificates_in(data)
    subject = f" of {held[0].subject}" if held else ""
    whose = f"that this journal has as that of slot {owner}" if owner else "that is not in this journal"
    key = f"the key in slot {plan.slot.name}"
    lost = f"{key} and this certificate"
    if foreseen.level >= Step.KEY:
        is_bound = foreseen.level >= Step.REQUESTED  # without its key such a run is refused
        lost = "this certificate" if is_bound else f"this certificate, and {key} if that is not the interrupted run's"
    told = f"{plan.target.info.label} holds a certificate{subject} {whose}: a run replaces {lost}"
    told = told if owner else naming("{told}. {other}", told=told, other=OTHER_JOURNAL)
    asked = naming(
        "{told}. If the key belongs to the certificate, the run asks for confirmation, unless {yes} is given", told=told
    )
    reporter.warn(told if services.confirm is None else asked)
    return foreseen


def _foresee(
    chip_slot: ChipSlot,
    plan: Plan,
    journal: Journal,
    found: Entry | None,
    reporter: Reporter,
    data: bytes,
) -> Foreseen:
    """What a run would begin with by the journal.

    :param found: what the journal has of the slot.
    :param data: what the object for the certificate holds.
    """
    if plan.job.trust is None and not plan.renews:
        Attestation(chip_slot, plan, reporter).check(found)
    entry, previous = Preparation(chip_slot, plan, journal, reporter).foresee(found, certificates_in(data))
    known = known_before(journal, found, has_cloud=plan.cloud is not None)
    is_known = any(one.fingerprint in known for one in certificates_in(data)[:1])
    if entry is None or found is None:
        return Foreseen(chip_slot.uid, previous=previous, is_known=is_known)
    chip_slot.refuse_other(found, certificates_in(data), journal)
    restored = [
        f"The file {path} is missing: it is written again from the journal"
        for path in missing_files(entry, plan.outputs(chip_slot.uid))
    ]
    if plan.new is not None and entry.step >= Step.WRITTEN and not _is_stored(entry, data):
        restored += WriteCertificate().describe(plan)
    if entry.is_finished:
        reporter.note("This chip is already finished")
    elif not found.is_finished:
        proviso = "" if entry.key_info is None else ", if the chip still has its key"
        reporter.note(f"A run continues the interrupted run after the step {entry.step.title!r}{proviso}")
    is_known |= entry.issued is not None
    return Foreseen(chip_slot.uid, entry.step, tuple(restored), previous, is_known)


def _is_stored(entry: Entry, data: bytes) -> bool:
    """Whether an object holds the certificates of an entry; of a finished one, only the first is looked at."""
    held, own = certificates_in(data), chain_of(entry)
    count = 1 if entry.is_finished else None
    return [one.der for one in held[:count]] == [one.der for one in own[:count]]
