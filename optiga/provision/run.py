"""The steps of one chip, each written down before the next begins; what an interrupted run has left is finished."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from optiga.cloud.aws.certificates import ACTIVE, REVOKED
from optiga.cloud.aws.errors import STATE, ignoring
from optiga.errors import CertificateError, CloudError, OptigaError
from optiga.files.files import write_whole
from optiga.identity.csr import check_model
from optiga.identity.key_fate import KeyFate
from optiga.identity.proof import prove_key
from optiga.objects.stored import read_certificates
from optiga.pki.name_parts import subject_components
from optiga.pki.names import fill_uid
from optiga.provision.attestation import Attestation
from optiga.provision.begin import Beginning
from optiga.provision.believed import whose
from optiga.provision.checks import UNANSWERED, ask, why_unanswered
from optiga.provision.entry import Entry, Step
from optiga.provision.facts import (
    FactoryProven,
    Finished,
    Issued,
    PolicyAttached,
    Registered,
    ThingAttached,
    WithoutPolicy,
    WithoutThing,
    Written,
)
from optiga.provision.joining import check_things, own_certificates
from optiga.provision.journal import Journal
from optiga.provision.new_key import NewKey
from optiga.provision.on_chip import OnChip, chain_of
from optiga.provision.outputs import ARN_FILE, check_outputs, policy_file
from optiga.provision.plan import CloudPlan, Plan
from optiga.provision.report import Report

if TYPE_CHECKING:
    from optiga.chip import Chip
    from optiga.identity.genuineness import Trust
    from optiga.pki.certificate import Certificate


def provision(
    chip: Chip,
    plan: Plan,
    journal: Journal,
    report: Report = Report(),  # noqa: B008 - a tuple
    *,
    renew: bool = False,
    trust: Trust | None = None,
) -> Entry:
    """Take a chip to its end, from wherever the journal says that it is.

    :param renew: a new key and certificate for a chip that is finished, the old one deactivated afterwards.
    :param trust: whom to believe that the chip is genuine, which it proves first and again before anything is active
        (:mod:`.attestation` says what that shows and what it cannot); None does without.
    :returns: the finished entry; for a chip that was finished, the entry as it was, and nothing is changed.
    :raises OptigaError: where a step fails; the next call goes on there.
    """
    with journal.sealed():
        return _provision(chip, plan, journal, report, renew=renew, trust=trust)


def _provision(chip: Chip, plan: Plan, journal: Journal, report: Report, *, renew: bool, trust: Trust | None) -> Entry:
    on_chip = OnChip(chip, plan, report)
    if plan.new is not None:
        check_model(chip, plan.new.configuration)
    on_chip.check_usable()
    check_outputs(plan.folder, plan.cloud, on_chip.uid)
    attestation = Attestation(on_chip, plan, trust, report)
    known = journal.find(on_chip.uid, plan.slot.name)
    if not renew:
        attestation.check(known)
    attestation.warn_of_loss(known, renew=renew)
    entry = attestation.begin(Beginning(on_chip, plan, journal, report).begin(renew=renew))
    steps = Steps(on_chip, plan, journal, report, attestation)
    return steps.confirm(entry) if entry.is_finished else steps.finish(entry)


class Steps:
    """What is done to a chip, one after the other."""

    def __init__(self, on_chip: OnChip, plan: Plan, journal: Journal, report: Report, attestation: Attestation) -> None:
        self._on_chip = on_chip
        self._chip = on_chip.chip
        self._attestation = attestation
        self._plan = plan
        self._journal = journal
        self._report = report
        self._uid = on_chip.uid

    def finish(self, entry: Entry) -> Entry:
        """Do what is left to do."""
        try:
            for step, work in self._works(entry.step):
                if entry.step < step:
                    entry = self._journal.save(work(entry))
        except (OptigaError, KeyboardInterrupt) as error:
            if self._plan.new is not None and Step.KEY <= entry.step < Step.WRITTEN:
                fate = KeyFate(self._plan.slot.key_oid)
                fate.made()
                fate.tell(error)
            if entry.started_at is not None:
                self._report.note("What is done is written down: the same command goes on from here")
            raise
        return entry

    def _works(self, begin: Step) -> list[tuple[Step, Callable[[Entry], Entry]]]:
        """The steps of the plan, each with what is done to come there.

        :param begin: the step that a run goes on from.
        """
        plan, cloud = self._plan, self._plan.cloud
        works: list[tuple[Step, Callable[[Entry], Entry]]] = []
        if plan.new is not None:
            asked_before = begin is Step.REQUESTED
            new = NewKey(self._on_chip, plan.new, plan.folder, self._report, asked_before=asked_before)
            works += [
                (Step.KEY, new.make_key),
                (Step.CSR, new.make_csr),
                (Step.REQUESTED, new.request),
                (Step.CERTIFIED, lambda entry: new.certify(self._attest(entry))),
            ]
        else:
            works.append((Step.CERTIFIED, self._take_own))
        works.append((Step.WRITTEN, self._write))
        if cloud is not None:
            if plan.issuer_name != "aws":
                works.append((Step.REGISTERED, self._register))
            if cloud.fleet is not None:
                works.append((Step.POLICY, self._register_thing))
            else:
                works += [(Step.THING, self._attach_thing), (Step.POLICY, self._attach_policy)]
        return [*works, (Step.FINISHED, self._activate)]

    def _take_own(self, entry: Entry) -> Entry:
        """The certificate that the chip came with, and its key, proven."""
        target, slot, genuine = self._plan.target, self._plan.slot, self._attestation.genuine
        if genuine is not None:  # these bytes were proven; another reading might give others
            chain = list(genuine.stored)
            self._attest(entry)
        else:
            chain = read_certificates(self._chip, target.oid, hint="Is it the right slot?")
            proof = prove_key(self._chip, slot, chain[0])
            if not proof.key_match:
                raise CertificateError(proof.text, hint="Nothing was registered", oid=target.oid)
        self._report.note(f"The chip has proven the key of its certificate, {chain[0].subject}")
        self._check_own(chain[0])
        pem = "".join(certificate.pem for certificate in chain)
        self._attestation.see(chain[0])
        return self._attestation.mark(entry.after(FactoryProven(pem, chain[0].public_key.info)))

    def _check_own(self, certificate: Certificate) -> None:
        """Hold the plan against the certificate that the chip came with, before AWS is told of it.

        :raises ConfigurationError: if AWS could not make of it what a provisioning template says.
        :raises CloudError: if a thing that is named after its subject is another device's.
        """
        cloud, subject = self._plan.cloud, subject_components(certificate.parsed.subject)
        if cloud is None:
            return
        cloud.check_chip(self._uid, subject)
        own = own_certificates(self._journal, self._uid)
        checked = cloud.things(self._uid, {})  # by the beginning of the run
        check_things(self._chip, cloud, self._uid, subject, own, self._report, checked=checked)

    def _attest(self, entry: Entry) -> Entry:
        """The entry as it is, once the chip has proven again that it is the genuine one; if that was asked for."""
        self._attestation.repeat(entry)
        return entry

    def _write(self, entry: Entry) -> Entry:
        """Keep the certificate, and write it to the chip."""
        if isinstance(entry.issued, Issued):
            write_whole(self._plan.folder / entry.issued.file, entry.issued.certificate.encode("ascii"), ours=True)
        if entry.registered is not None:
            self._keep_arn(entry.registered.arn)
        self._on_chip.put(entry)
        return entry.after(Written())

    def _register(self, entry: Entry) -> Entry:
        cloud = self._cloud
        leaf = chain_of(entry)[0]
        registered = cloud.certificates.register(leaf, cloud.ca)
        if registered.status == REVOKED:
            raise CloudError(
                f"AWS IoT has this certificate already, and it is REVOKED: {registered.certificate_id}",
                hint="If the device is to be let in again, delete the certificate there first",
            )
        self._keep_arn(registered.arn)
        self._report.note(f"Certificate registered with AWS IoT {'with its CA' if cloud.ca else 'without a CA'}")
        return entry.after(Registered(registered.certificate_id, registered.arn))

    def _attach_thing(self, entry: Entry) -> Entry:
        if entry.thing is None:
            return entry.after(WithoutThing())
        registry, wishes = self._cloud.registry, self._cloud.wishes
        attributes = {key: fill_uid(value, self._uid) for key, value in wishes.attributes.items()}
        unseen = f"whether there is a thing {entry.thing} already is not known, so it is made if it is not"
        arn = registry.ensure_thing(
            entry.thing,
            wishes.thing_type,
            attributes,
            lambda error: self._report.warn(f"{unseen}: {why_unanswered(error)}"),
        )
        for group in wishes.groups:
            registry.add_to_group(entry.thing, group)
        registry.attach_thing(entry.thing, entry.of(Registered).arn)
        self._report.note(f"Thing {entry.thing}")
        return entry.after(ThingAttached(entry.thing, arn))

    def _attach_policy(self, entry: Entry) -> Entry:
        cloud = self._cloud
        if entry.policy is None or cloud.policy_template is None:
            return entry.after(WithoutPolicy())
        document = cloud.policy_template.render(cloud.aws, self._uid)
        write_whole(self._plan.folder / policy_file(entry.policy), document.encode(), ours=True)
        if not cloud.registry.make_policy(entry.policy, document):
            self._compare_policy(entry.policy, document)
        cloud.registry.attach_policy(entry.policy, entry.of(Registered).arn)
        self._report.note(f"Policy {entry.policy}")
        return entry.after(PolicyAttached(entry.policy))

    def _compare_policy(self, name: str, document: str) -> None:
        """Say in what the policy that AWS has differs from the template's."""
        from optiga.cloud.aws.policies import differences

        what = f"the policy {name} that AWS has is used, and in what it differs from the template's is not known"
        theirs = ask(lambda: self._cloud.registry.policy_document(name), None, self._report, what)
        different = differences(document, theirs) if theirs is not None else []
        if different:
            lines = "\n".join(f"    {line}" for line in different)
            self._report.warn(f"the policy {name} that AWS has is used, though it is not the template's:\n{lines}")

    def _register_thing(self, entry: Entry) -> Entry:
        self._attest(entry)  # a template may make the certificate active
        fleet = self._cloud.fleet
        assert fleet is not None  # noqa: S101
        parameters = fleet.parameters(
            uid=self._uid,
            thing=entry.thing,
            certificate_id=entry.of(Registered).certificate_id,
            subject=subject_components(chain_of(entry)[0].parsed.subject),
        )
        made = self._cloud.registry.register_thing(fleet.body, parameters)
        self._report.note(f"Thing {made.thing} by the provisioning template {fleet.name}")
        return entry.after(
            WithoutThing() if made.thing is None else ThingAttached(made.thing, made.thing_arn),
            WithoutPolicy() if made.policy is None else PolicyAttached(made.policy),
        )

    def _activate(self, entry: Entry) -> Entry:
        self._attest(entry)
        if self._plan.cloud is None:
            return entry.after(Finished())
        certificates = self._cloud.certificates
        name = entry.of(Registered).certificate_id
        certificates.activate(name)
        self._report.note("Certificate active")
        for old in entry.begun.replaced:
            if old.certificate_id != name:
                self._deactivate(entry, old.certificate_id)
        return entry.after(Finished())

    def _deactivate(self, entry: Entry, certificate_id: str) -> None:
        """Make a certificate that was replaced inactive, if it is this chip's; one that is revoked stays so."""
        certificates = self._cloud.certificates
        what = f"whether the certificate before it, {certificate_id}, is active is not known, so it is made inactive"
        held = ask(lambda: certificates.describe(certificate_id), UNANSWERED, self._report, what)
        if held is not UNANSWERED:
            if held is None or held.status != ACTIVE:
                return
            if not whose(entry, held, self._cloud.registry):
                self._report.warn(
                    f"the certificate {certificate_id}, which the journal has as the one before it, stays active: its "
                    "key is not known to have been this chip's. Is the journal as a run has left it?"
                )
                return
        with ignoring(STATE):  # AWS changes nothing of one that is revoked
            certificates.deactivate(certificate_id)
            self._report.note(f"The certificate before it is inactive now: {certificate_id}")

    # A chip that is finished

    def confirm(self, entry: Entry) -> Entry:
        """Make sure that a finished chip is what the journal says.

        :raises CertificateError: if it has another key, or AWS no longer lets its certificate in.
        """
        if problem := self._on_chip.key_problem(entry):
            raise CertificateError(f"this chip was finished, but {problem}", hint=self._plan.anew_hint)
        self._on_chip.put(entry)
        cloud = self._plan.cloud
        if cloud is not None and (problem := cloud.certificate_problem(entry, self._report)):
            raise CloudError(f"this chip was finished, but {problem}", hint=self._plan.anew_hint)
        self._report.note("This chip is finished already; nothing was changed")
        return entry

    # Small things

    @property
    def _cloud(self) -> CloudPlan:
        assert self._plan.cloud is not None  # noqa: S101
        return self._plan.cloud

    def _keep_arn(self, arn: str) -> None:
        """Keep the ARN as the predecessor's steps leave it: in quotes."""
        write_whole(self._plan.folder / ARN_FILE, f"{json.dumps(arn)}\n".encode(), ours=True)
