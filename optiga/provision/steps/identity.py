"""The steps to an identity on the chip: a new key and its certificate, or those that the chip came with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from optiga.chip.key_fate import KeyFate
from optiga.errors import CertificateError, CloudError, Reason, capitalized
from optiga.files.files import write_whole
from optiga.identity.csr import sign_csr
from optiga.identity.possession import prove_key
from optiga.objects.stored import read_certificates
from optiga.pki.name_parts import subject_components
from optiga.pki.pem import encode_pem
from optiga.pki.public_keys import public_key_of_info
from optiga.protocol.objects import format_oid
from optiga.provision.entry import Step as Level
from optiga.provision.events import StepName
from optiga.provision.facts import CsrSigned, FactoryProven, Issued, KeyMade, Requested, Written
from optiga.provision.issuers import AwsIssuer, Certified, Request
from optiga.provision.joining import check_things, own_certificates
from optiga.provision.restoring import write_arn

if TYPE_CHECKING:
    from optiga.pki.certificate import Certificate
    from optiga.protocol.algorithms import KeyAlgorithm
    from optiga.provision.entry import Entry
    from optiga.provision.plan import Plan
    from optiga.provision.steps.work import Progress, Work


@dataclass(frozen=True, slots=True)
class ProveGenuine:
    """The chip proves that it is genuine, in every run anew."""

    name: ClassVar[StepName] = StepName.GENUINE

    def describe(self, plan: Plan) -> tuple[str, ...]:
        roots = plan.trust.name if plan.trust else ""
        return (
            f"The chip proves that it is genuine (trusted root certificates: {roots}), "
            "and again before the certificate becomes active",
        )

    def open(self, work: Work) -> None:
        work.attestation.prove()


@dataclass(frozen=True, slots=True)
class MakeKey:
    """The chip makes the key pair."""

    name: ClassVar[StepName] = StepName.KEY
    level: ClassVar[Level] = Level.KEY

    def describe(self, plan: Plan) -> tuple[str, ...]:
        slot = plan.slot
        what = _key_pair(plan.new.configuration.algorithm) if plan.new else "a key pair"
        return (f"The chip generates {what} in slot {slot.name} ({format_oid(slot.key_oid)}), replacing any other key",)

    def run(self, entry: Entry, work: Work) -> Progress:
        configuration = work.new.configuration
        algorithm, oid = configuration.algorithm, configuration.slot.key_oid
        work.reporter.note(f"The chip generates {_key_pair(algorithm)} in {work.chip_slot.key_label}")
        with KeyFate(oid, had_certificate=work.chip_slot.had_certificate) as fate:
            fate.asked()
            key = work.chip_slot.chip.generate_key(oid, algorithm, configuration.key_usage)
            fate.made()
        yield entry.after(KeyMade(key.public_key_info))


@dataclass(frozen=True, slots=True)
class SignCsr:
    """The chip signs the CSR."""

    name: ClassVar[StepName] = StepName.CSR
    level: ClassVar[Level] = Level.CSR

    def describe(self, plan: Plan) -> tuple[str, ...]:
        return (f"The chip signs a CSR, which is saved in {plan.job.outputs.folder}",)

    def run(self, entry: Entry, work: Work) -> Progress:
        configuration = work.new.configuration
        key = work.chip_slot.key(entry, configuration.algorithm)
        csr = sign_csr(key, configuration, work.uid)
        yield entry.after(CsrSigned(csr.der, csr.filename, csr.public_key))


@dataclass(frozen=True, slots=True)
class Certify:
    """The issuer certifies the new key, once: what an interrupted run has had certified is found."""

    name: ClassVar[StepName] = StepName.CERTIFIED
    level: ClassVar[Level] = Level.CERTIFIED

    def describe(self, plan: Plan) -> tuple[str, ...]:
        issuer = plan.new.issuer if plan.new else None
        state = " (inactive)" if isinstance(issuer, AwsIssuer) else ""
        title = issuer.title if issuer else ""
        return (capitalized(f"{title} issues a certificate{state}, which is saved in {plan.job.outputs.folder}"),)

    def run(self, entry: Entry, work: Work) -> Progress:
        asked_before = entry.step is Level.REQUESTED
        if not asked_before:
            entry = yield self._request(entry, work)
        work.attestation.repeat(entry)
        certified = self._certify(Request.of(entry), work, asked_before=asked_before)
        pem = "".join(certificate.pem for certificate in certified.chain)
        entry = entry.after(Issued(pem, f"{Path(entry.of(CsrSigned).filename).stem}.pem"))
        yield entry if certified.registered is None else entry.after(certified.registered)

    def _request(self, entry: Entry, work: Work) -> Entry:
        """Keep the CSR, and say that it is going to be asked for a certificate."""
        signed = entry.of(CsrSigned)
        pem = encode_pem("CERTIFICATE REQUEST", signed.csr)
        write_whole(work.outputs.folder / signed.filename, pem.encode("ascii"), ours=True)
        work.reporter.note(f"CSR {signed.filename}")
        return entry.after(Requested(work.clock().replace(microsecond=0)))

    def _certify(self, request: Request, work: Work, *, asked_before: bool) -> Certified:
        """The certificate of a key: a new one, or the one that an interrupted run has had made.

        :param asked_before: whether there may be such a one.
        """
        issuer, reporter = work.new.issuer, work.reporter
        certified = None
        if asked_before:
            reporter.note(f"Looking for a certificate that {issuer.title} may have issued already")
            certified = issuer.find(request)
        if certified is not None:
            reporter.note(capitalized(f"{issuer.title} had issued a certificate in the interrupted run"))
        else:
            if asked_before:
                work.plan.tell_of_end(reporter)
            certified = issuer.certify(request)
        if certified.chain[0].public_key.info != public_key_of_info(request.key_info).info:
            registered = certified.registered
            which = f" {registered.certificate_id}, which stays inactive" if registered else ""
            way = ". Delete this certificate (aws iot delete-certificate): each further run may get another one"
            raise CloudError(
                f"{issuer.title} has certified another key than the CSR's: certificate{which}",
                hint=f"Nothing was written to the chip. Check that the endpoint belongs to AWS{way * bool(registered)}",
                reason=Reason.BAD_ANSWER,
            )
        for note in certified.notes:
            reporter.note(note)
        reporter.note(f"Certificate from {issuer.title}")
        return certified


@dataclass(frozen=True, slots=True)
class TakeOwn:
    """The chip proves the key of the certificate that it came with."""

    name: ClassVar[StepName] = StepName.CERTIFIED
    level: ClassVar[Level] = Level.WRITTEN

    def describe(self, plan: Plan) -> tuple[str, ...]:
        return (f"The chip proves that it has the key of its certificate in {plan.target.info.label}",)

    def run(self, entry: Entry, work: Work) -> Progress:
        target, chip, genuine = work.plan.target, work.chip_slot.chip, work.attestation.genuine
        if genuine is not None:  # these bytes were proven; another reading might give others
            chain = list(genuine.stored)
            work.attestation.repeat(entry)
        else:
            chain = read_certificates(chip, target.oid, hint="Check the slot")
            proof = prove_key(chip, work.plan.slot, chain[0])
            if not proof.key_match:
                raise CertificateError(proof.text, hint="Nothing was registered", oid=target.oid)
        work.reporter.note(f"The chip has proven that it has the key of its certificate, {chain[0].subject}")
        self._check(chain[0], work)
        pem = "".join(certificate.pem for certificate in chain)
        work.attestation.see(chain[0])
        yield work.attestation.mark(entry.after(FactoryProven(pem, chain[0].public_key.info), Written()))

    def _check(self, certificate: Certificate, work: Work) -> None:
        """Hold the plan against the certificate that the chip came with, before AWS is told of it.

        :raises ConfigurationError: if AWS could not make of it what a provisioning template says.
        :raises CloudError: if a thing that is named after its subject is another device's.
        """
        cloud, subject = work.cloud, subject_components(certificate.parsed.subject)
        cloud.check_chip(work.uid, subject)
        own = own_certificates(work.journal, work.uid)
        checked = cloud.things(work.uid, {})  # by the preparation of the run
        check_things(work.chip_slot.chip, cloud, work.uid, subject, own, work.reporter, checked=checked)


@dataclass(frozen=True, slots=True)
class WriteCertificate:
    """The chip gets the certificate, and proves its key."""

    name: ClassVar[StepName] = StepName.WRITTEN
    level: ClassVar[Level] = Level.WRITTEN

    def describe(self, plan: Plan) -> tuple[str, ...]:
        label = plan.target.info.label
        return (f"The certificate is written to {label} and read back; the chip proves that it has the key",)

    def run(self, entry: Entry, work: Work) -> Progress:
        issued = entry.of(Issued)
        write_whole(work.outputs.folder / issued.file, issued.certificate.encode("ascii"), ours=True)
        if entry.registered is not None:
            write_arn(entry, entry.registered.arn, work)
        work.chip_slot.put(entry)
        yield entry.after(Written())


def _key_pair(algorithm: KeyAlgorithm) -> str:
    return f"{'an' if algorithm.is_rsa else 'a'} {algorithm.title} key pair"
