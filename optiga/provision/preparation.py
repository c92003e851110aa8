"""The start of a run: a new run, the continuation of an interrupted run, or a finished chip."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from optiga.errors import CertificateError, CloudError, Naming, OptigaError, Reason, capitalized, naming
from optiga.pki.name_parts import subject_components
from optiga.pki.names import fill_uid
from optiga.provision.believed import (
    check_entry,
    check_names,
    key_digest,
    known_certificates,
    known_keys,
    other_owner,
)
from optiga.provision.chip_slot import OTHER_JOURNAL, ChipSlot, Identity, chain_of
from optiga.provision.earlier import known_before, left_in_aws, lives, removal_of, valid_of_ca
from optiga.provision.entry import Entry, Step
from optiga.provision.events import Reporter
from optiga.provision.facts import Begun, LossAccepted, Placed, Replaced, damaged
from optiga.provision.issuers import find_unrecorded
from optiga.provision.joining import check_things, own_certificates
from optiga.provision.journal import Journal
from optiga.provision.mismatch import Mismatch, find_mismatch, hint_of
from optiga.provision.plan import Plan
from optiga.provision.services import Confirm, have_confirmed
from optiga.provision.specs import CaIssuerSpec

if TYPE_CHECKING:
    from optiga.pki.certificate import Certificate


class Preparation:
    """Compares what the journal says of a slot with the plan and with the chip."""

    def __init__(
        self,
        chip_slot: ChipSlot,
        plan: Plan,
        journal: Journal,
        reporter: Reporter,
        confirm: Confirm | None = None,
    ) -> None:
        self._chip_slot = chip_slot
        self._plan = plan
        self._journal = journal
        self._reporter = reporter
        self._confirm = confirm
        self._uid = chip_slot.uid

    def begin(self, found: Entry | None) -> Entry:
        """The entry to go on from: the journal's, or a new one.

        :param found: what the journal has of the slot.
        :raises ConfigurationError: if the journal's is none that a run has left.
        """
        renew = self._plan.renews
        if found is None or found.step is Step.DEPROVISIONED:
            return self._begin_anew(None)
        found, mismatch = self._believe(found)
        if found.is_finished:
            if renew:
                return self._begin_anew(found)
            return self._with_cloud(found) if found.account is None and self._plan.cloud else found
        if found.step < Step.REQUESTED:
            if mismatch or self._chip_slot.key_problem(found):
                return self._begin_anew(found)
            self._chip_slot.check_possible()
            self._plan.open_issuer(self._reporter)
        elif reason := self._reason_not_to_continue(found, mismatch):
            if renew:
                return self._begin_anew(found)
            raise reason
        self._journal.check_writable()
        self._plan.outputs(self._uid).check_room()
        found = self._lose_meanwhile(found)
        warn_of_difference(found, self._plan, self._reporter)
        self._reporter.note(f"Continuing an interrupted run after the step {found.step.title!r}")
        self._tell_renewed(found)
        if found.step >= Step.WRITTEN:
            self._chip_slot.put(found)
        entry = self._take_names(found)
        is_told = isinstance(next(iter(entry.pending), None), Begun | LossAccepted)
        return self._journal.save(entry) if is_told else entry

    def foresee(self, found: Entry | None, held: list[Certificate]) -> tuple[Entry | None, tuple[str, ...]]:
        """What :meth:`begin` would begin with, as far as journal and AWS tell it. The chip is not asked.

        :param found: what the journal has of the slot.
        :param held: what the object for the certificate holds.
        :returns: the entry to go on from, None for a new identity; and the certificates in AWS IoT that the run
            makes inactive at its end.
        :raises OptigaError: if :meth:`begin`, or the check of a finished chip, would refuse the entry.
        """
        renew, cloud = self._plan.renews, self._plan.cloud
        if found is None or found.step is Step.DEPROVISIONED:
            return None, ()
        found, mismatch = self._believe(found)
        is_anew = renew if found.is_finished else found.step < Step.REQUESTED and bool(mismatch)
        if not found.is_finished and found.step >= Step.REQUESTED:
            reason = self._reason_not_to_finish(found, mismatch)
            reason = reason or self._chip_slot.find_other(found, held, self._journal)
            if reason is not None and not renew:
                raise reason
            is_anew = reason is not None
        if is_anew:
            self._tell_valid(found)
            return None, tuple(self._replaced(found))
        if found.is_finished:
            check_accepted(found, self._plan, self._reporter)
        else:
            warn_of_difference(found, self._plan, self._reporter)
            self._tell_renewed(found)
        if found.account is None and cloud is not None:
            found = replace(found, step=min(found.step, Step.WRITTEN))
        return found, () if found.is_finished else tuple(one.certificate_id for one in found.begun.replaced)

    def _believe(self, found: Entry) -> tuple[Entry, Mismatch]:
        """The journal's entry, once it is checked; and what it says and the plan does not, empty if they agree.

        :raises ConfigurationError: if it is none that a run has left.
        :raises CertificateError: if the chip is finished, and not as the plan says.
        """
        if not found.is_complete:
            raise damaged(found.uid, found.slot)
        found = check_entry(found)
        check_names(found, self._journal)
        mismatch = find_mismatch(found, self._plan, self._uid)
        if mismatch and found.is_finished and not self._plan.renews:
            said = f"chip {found.uid} is finished, but {mismatch}"
            raise CertificateError(
                said, hint=hint_of(found, self._plan), reason=Reason.CONFLICT, parameter=mismatch.parameter
            )
        return found, mismatch

    def _reason_not_to_continue(self, entry: Entry, mismatch: str) -> OptigaError | None:
        """The same as :meth:`_reason_not_to_finish`, also by what the chip holds."""
        reason = self._reason_not_to_finish(entry, mismatch or self._chip_slot.key_problem(entry))
        return reason or self._chip_slot.find_other(entry, self._chip_slot.stored() or [], self._journal)

    def _reason_not_to_finish(self, entry: Entry, problem: str) -> OptigaError | None:
        """Why the interrupted run cannot be continued, None if it can.

        :param problem: what journal, plan and chip do not agree about.
        """
        said, hint, cloud = "the interrupted run cannot be continued", hint_of(entry, self._plan), self._plan.cloud
        if isinstance(problem, Mismatch) and problem:
            return CertificateError(
                f"{said}: {problem}", hint=hint, reason=Reason.CONFLICT, parameter=problem.parameter
            )
        if problem:
            return CertificateError(
                f"{said}: {problem}", hint=naming("{other}. {hint}", other=OTHER_JOURNAL, hint=hint)
            )
        if revoked := self._plan.revoked(entry):
            return CertificateError(f"{said}: {revoked}", hint=hint, reason=Reason.REVOKED)
        if cloud and (problem := cloud.certificate_problem(entry, self._reporter)):
            return CloudError(f"{said}: {problem}", hint=hint)
        return None

    def _begin_anew(self, old: Entry | None) -> Entry:
        plan, cloud = self._plan, self._plan.cloud
        self._chip_slot.check_possible()
        plan.open_issuer(self._reporter)
        self._journal.check_writable()
        self._plan.outputs(self._uid).check_room()
        lost = self._lose_identity()
        if old is not None:
            self._tell_valid(old)
        before = tuple(Replaced(name, key) for name, key in self._replaced(old).items())
        if isinstance(lost, Replaced) and lost.certificate_id not in [one.certificate_id for one in before]:
            before = (*before, lost)
        entry = Entry.begin(self._uid, plan.slot.name, Begun(plan.issuer_name, plan.settings, before))
        entry = entry.after(lost) if isinstance(lost, LossAccepted) else entry
        entry = self._take_names(entry) if cloud else entry
        # Where the chip keeps its own identity, there is nothing to write down before that has been found and proven.
        return entry if plan.new is None else self._journal.save(entry)

    def _tell_valid(self, old: Entry) -> None:
        """Warn of the certificate that a CA of one's own has issued before, or say that it is revoked."""
        spec = self._plan.job.issuer
        is_same = self._plan.is_issuer_of(old)
        folder = spec.folder if isinstance(spec, CaIssuerSpec) and is_same else None
        record = self._plan.revocation(old) if is_same else None
        if record is not None and record.serial == old.serial:
            self._reporter.note(f"The certificate {record.serial} is already revoked ({record.reason})")
        elif (text := valid_of_ca(old, folder)) is not None:
            self._reporter.warn(text)

    def _tell_renewed(self, found: Entry) -> None:
        """The same of the certificate that an interrupted run renews."""
        issued = [one for one in lives(self._journal, found.uid, found.slot)[:-1] if one.issued is not None]
        if issued and issued[-1].is_finished:
            self._tell_valid(issued[-1])

    def _lose_meanwhile(self, found: Entry) -> Entry:
        """Have it confirmed that an identity is lost that has come onto the chip since an interrupted run.

        :returns: the entry, begun once more where it replaces that identity's certificate, too.
        :raises OptigaError: if it is not confirmed; nothing is changed by then.
        """
        lost = self._lose_identity(has_key=found.key_info is not None) if found.issued is None else None
        if not isinstance(lost, Replaced):
            return found if lost is None else found.after(lost)
        begun = replace(found.begun, replaced=(*found.begun.replaced, lost))
        entry = Entry.begin(found.uid, found.slot, begun)
        return entry if found.proof is None else entry.after(found.proof)

    def _lose_identity(self, *, has_key: bool = False) -> Replaced | LossAccepted | None:
        """Have it confirmed that an identity on the chip is lost that the journal does not know, or warn of it.

        :param has_key: whether the slot has its new key already, so that only a certificate is replaced.
        :returns: the certificate, if AWS may have it and its key is lost; or what may be lost, for the next run if this
            one is interrupted.
        :raises OptigaError: if it is not confirmed; nothing is changed by then.
        """
        found, cloud = self._journal.find(self._uid, self._plan.slot.name), self._plan.cloud
        known = known_before(self._journal, found, has_cloud=cloud is not None)
        identity = self._chip_slot.identity(known)
        if identity is None:
            return None
        identity = replace(identity, slot=None) if has_key else identity
        what, lost = identity.loss(self._journal.path)
        later = self._what_becomes_of(identity)
        others = [one for one in self._journal.of_chip(self._uid) if one.slot != self._plan.slot.name]
        is_kept = any(identity.certificate.fingerprint in known_certificates(one) for one in others)
        owner = other_owner(identity.certificate, self._journal, self._uid, self._plan.slot.name)
        if owner:
            later = (f"slot {owner}, which has this certificate in the journal, then has none on the chip", *later)
        is_lost = bool(owner) or not is_kept  # else it was taken back
        if identity.slot is not None and is_lost and not owner:
            later = (naming("if another journal has this chip, use {journal}"), *later)
        if self._confirm is None or not is_lost:
            self._reporter.warn(_joined(lost, later))
        else:
            have_confirmed(self._confirm, what, (lost, *later))
        name = identity.certificate.fingerprint
        if cloud is None:
            return LossAccepted(name) if is_lost else None
        if identity.slot is None or self._journal.owners(name) - {self._uid}:
            return None
        return Replaced(name, key_digest(identity.certificate.public_key.info))

    def _what_becomes_of(self, identity: Identity) -> tuple[str, ...]:
        """What becomes of a certificate whose key is lost, one sentence each; nothing if its key stays."""
        cloud = self._plan.cloud
        if identity.slot is None:
            return ()
        if cloud is None:
            return ("if the certificate is registered in a cloud, it stays registered",)
        return (
            f"if AWS IoT has the certificate in account {cloud.aws.account}, {cloud.aws.region}, it becomes inactive "
            "at the end",
            "if the certificate is registered elsewhere, it stays registered",
        )

    def _take_names(self, entry: Entry) -> Entry:
        """The entry with the plan's cloud, and with its names for what is not done yet."""
        cloud = self._plan.cloud
        if cloud is None:
            return entry
        # One that was finished without a cloud has its way into one before it.
        step = entry.step if entry.placed is not None else min(entry.step, Step.WRITTEN)
        if step < Step.THING:
            subject, own = self._subject(entry), own_certificates(self._journal, self._uid)
            if self._plan.new is not None or entry.certificate:
                cloud.check_chip(self._uid, subject)
            check_things(self._chip_slot.chip, cloud, self._uid, subject, own, self._reporter)
        thing, policy = cloud.thing(self._uid), cloud.policy(self._uid)
        placed = Placed(cloud.aws.account, cloud.aws.region, cloud.endpoint, thing, policy, cloud.template)
        if entry.placed is not None and step >= Step.REGISTERED:  # what is done stays as it was done
            placed = replace(placed, account=entry.placed.account, region=entry.placed.region)
            if step >= Step.THING:
                placed = replace(placed, thing=entry.placed.thing, template=entry.placed.template)
            if step >= Step.POLICY:
                placed = replace(placed, policy=entry.placed.policy)
        return entry if placed == entry.placed else entry.after(placed)

    def _subject(self, entry: Entry) -> dict[str, str]:
        """The subject of the chip's certificate, or the one that it is going to have, by asn1crypto's names."""
        if self._plan.new is not None:
            return {name: fill_uid(value, self._uid) for name, value in self._plan.new.configuration.subject}
        return subject_components(chain_of(entry)[0].parsed.subject) if entry.certificate else {}

    def _with_cloud(self, finished: Entry) -> Entry:
        """A chip that was finished without a cloud, on its way into one."""
        check_standing(finished, self._plan)
        warn_of_difference(finished, self._plan, self._reporter)
        self._chip_slot.refuse_other(finished, self._chip_slot.stored() or [], self._journal)
        self._chip_slot.put(finished)
        return self._journal.save(self._take_names(finished))

    def _replaced(self, old: Entry | None) -> dict[str, str | None]:
        """The certificates that a new one takes the place of, the newest last, each with the digest of its key."""
        cloud = self._plan.cloud
        if old is None:
            return {}
        here = None if cloud is None else (cloud.aws.account, cloud.aws.region)
        left = left_in_aws(self._journal, old)
        for place, entry in left.items():
            if place != here and (known := known_keys(entry)):
                told = f"the previous certificate does not change in account {place[0]}, {place[1]}: {list(known)[-1]}"
                way = removal_of(entry, cloud.aws.region if cloud else None)
                self._reporter.warn(naming("{told}. {way}", told=told, way=way))
        if cloud is None or here is None or here not in left:
            return {}
        check_names(left[here], self._journal)
        known = known_keys(left[here])
        unrecorded = find_unrecorded(left[here], cloud.certificates, self._reporter)
        if unrecorded is not None and (key_info := left[here].key_info) is not None:
            known[unrecorded] = key_digest(key_info)
        return known


def warn_of_difference(entry: Entry, plan: Plan, reporter: Reporter) -> None:
    """Say what the job asks of its own CA and the certificate that is there is not."""
    if different := plan.difference(entry):
        said = f"the certificate of this {'finished chip' if entry.is_finished else 'interrupted run'} {different}"
        reporter.warn(naming("{said}. {anew}", said=said, anew=plan.anew_hint))


def _joined(sentence: str, others: tuple[str, ...]) -> Naming:
    """Sentences as one text, with their parameters."""
    text = naming("{first}", first=sentence)
    for one in others:
        first, *parts = one.parts if isinstance(one, Naming) else (one,)
        text = naming("{before}. {after}", before=text, after=Naming(capitalized(first), *parts))
    return text


def check_standing(entry: Entry, plan: Plan) -> None:
    """Refuse a finished chip whose certificate the job's own CA has revoked.

    :raises CertificateError: if it has.
    :raises ConfigurationError: if the CA's records are not those that it wrote last.
    """
    if revoked := plan.revoked(entry):
        raise CertificateError(
            f"chip {entry.uid} is finished in the journal, but {revoked}",
            hint=plan.anew_hint,
            reason=Reason.REVOKED,
        )


def check_accepted(entry: Entry, plan: Plan, reporter: Reporter) -> None:
    """Make sure that AWS still lets the certificate of a finished chip in, to its thing and with its policy.

    What somebody has taken from the device is not given back here: it may have been locked out on purpose.

    :raises CloudError: if it does not.
    """
    check_standing(entry, plan)
    warn_of_difference(entry, plan, reporter)
    if plan.cloud is None:
        return
    if problem := plan.cloud.certificate_problem(entry, reporter):
        hint = plan.anew_hint
        if again := plan.cloud.activation(entry, problem):
            hint = naming("To let the device in again, {again}. {anew}", again=again, anew=hint)
        raise CloudError(f"chip {entry.uid} is finished in the journal, but {problem}", hint=hint)
    if loose := plan.cloud.detached_from(entry, reporter):
        raise CloudError(
            f"chip {entry.uid} is finished in the journal, but its certificate is no longer attached to "
            f"{' and '.join(loose)}",
            hint=naming("To let the device in again, attach the certificate in AWS IoT. {anew}", anew=plan.anew_hint),
            reason=Reason.CONFLICT,
        )
