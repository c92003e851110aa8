"""A job with everything that has been looked up for it; what can be checked without a chip has been."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from optiga.cloud.aws.errors import NoAccountError
from optiga.errors import ConfigurationError, Naming, naming
from optiga.files.placeholders import UID_FIELD
from optiga.identity.attestation import load_trust
from optiga.objects.addressing import Target
from optiga.pki.names import fill_uid, with_sample_uid
from optiga.provision.cloud_plan import CloudPlan, plan_cloud
from optiga.provision.issuers import AwsIssuer, CaIssuer, Issuer, check_aws_algorithm
from optiga.provision.outputs import ChipOutputs
from optiga.provision.renewal import check_renewal
from optiga.provision.sizes import Sizes, check_room, sizes_of_aws
from optiga.provision.specs import CaIssuerSpec

if TYPE_CHECKING:
    from optiga.ca.authority import CertificateAuthority
    from optiga.ca.records import Record
    from optiga.identity.attestation import Trust
    from optiga.identity.configuration import Configuration
    from optiga.protocol.objects import Slot
    from optiga.provision.entry import Entry
    from optiga.provision.events import Reporter
    from optiga.provision.job import Job
    from optiga.provision.services import Services

_OPEN_CA = "Open it, and give it to the services: optiga.Services(authority=optiga.open_ca(…))"


@dataclass(frozen=True, slots=True)
class NewIdentity:
    """What a chip's new identity is made from.

    :param configuration: of its key and CSR.
    :param issuer: who certifies the key.
    :param sizes: how long the certificates are going to be.
    """

    configuration: Configuration
    issuer: Issuer
    sizes: Sizes


@dataclass(frozen=True, slots=True)
class Plan:
    """What is going to be done to a chip; good for any number of them.

    :param job: what is wanted.
    :param target: the object of the certificate.
    :param new: None for a chip that keeps the identity it came with.
    :param settings: fingerprint of what the CSR is made from, and of where its certificate goes.
    :param cloud: None for chips that no cloud is told of.
    :param trust: whom to believe that the chip is genuine; None asks for no proof.
    :param is_kept: the chip's certificate is none of those that the job wants to be renewed.
    :param outdated: why it is one of them, as a clause; empty if the job has no condition.
    """

    job: Job
    target: Target
    new: NewIdentity | None
    settings: str
    cloud: CloudPlan | None
    trust: Trust | None
    is_kept: bool = False
    outdated: str = ""

    @property
    def renews(self) -> bool:
        """Whether a finished chip gets a new key and certificate."""
        return self.job.renew and not self.is_kept

    @property
    def slot(self) -> Slot:
        """The slot of the key."""
        return self.job.slot

    @property
    def issuer_name(self) -> str:
        """What stands for the issuer in the journal."""
        return self.new.issuer.name if self.new else "chip"

    @property
    def anew_hint(self) -> str:
        """How to begin anew."""
        if self.new is None:
            return Naming(
                "'python -m optiga deprovision ",
                f"slot={self.slot.name}",
                "' removes the certificate from AWS IoT; then you can register it again",
            )
        if self.is_kept:
            limit = "issued_before" if self.job.issued_before is not None else "expires_within"
            return Naming("For a new key and certificate, omit ", limit, "")
        return naming("For a new key and certificate, use {renew}")

    def open_issuer(self, reporter: Reporter) -> None:
        """Have the job's own CA ready to sign: its key is opened, if that is not done yet.

        :param reporter: is told if the certificate is going to be cut short.
        :raises OptigaError: if the key does not open.
        """
        if self.new is not None and isinstance(self.new.issuer, CaIssuer):
            self.new.issuer.open()
            self.tell_of_end(reporter)

    def tell_of_end(self, reporter: Reporter) -> None:
        """Say that the job's own CA is going to cut the certificate short, if it is."""
        issuer = self.new.issuer if self.new else None
        if isinstance(issuer, CaIssuer) and (shortening := issuer.shortening()):
            reporter.warn(shortening)

    def is_issuer_of(self, entry: Entry) -> bool:
        """Whether an entry's issuer is the job's.

        :raises ConfigurationError: if the CA's records cannot be read, or are not those that it wrote last.
        """
        issuer = self.new.issuer if self.new else None
        return issuer.is_of(entry) if isinstance(issuer, CaIssuer) else entry.issuer == self.issuer_name

    def revocation(self, entry: Entry) -> Record | None:
        """What the job's own CA has of the revocation of an entry's certificate or key; None if it has revoked none.

        :raises ConfigurationError: if the CA's records cannot be read, or are not those that it wrote last.
        """
        issuer = self.new.issuer if self.new else None
        return issuer.revocation(entry) if isinstance(issuer, CaIssuer) else None

    def revoked(self, entry: Entry) -> str:
        """That the job's own CA has revoked an entry's certificate or key; empty if it has not."""
        record = self.revocation(entry)
        if self.new is None or record is None:
            return ""
        is_own = entry.issued is None or entry.serial == record.serial
        what = f"its certificate ({record.reason})" if is_own else "its key as compromised"
        return f"{self.new.issuer.title} has revoked {what}"

    def difference(self, entry: Entry) -> str:
        """What the job asks of its own CA and an entry's certificate is not; empty if there is nothing."""
        issuer = self.new.issuer if self.new else None
        return issuer.difference(entry) if isinstance(issuer, CaIssuer) else ""

    def outputs(self, uid: str) -> ChipOutputs:
        """The files of a chip.

        :param uid: the chip's UID in hex.
        """
        policy = self.cloud.policy(uid) if self.cloud and self.cloud.document is not None else None
        return self.job.outputs.of_chip(uid, self.slot.name, policy)


def make_plan(job: Job, services: Services, reporter: Reporter | None = None) -> Plan:
    """Look up all that a job needs, and check all that can be checked without a chip.

    :param reporter: tells the services' listeners; None makes one that names no chip.
    :raises ConfigurationError: for whatever cannot be done so.
    :raises CertificateError: if the CA would not certify such a key, or its certificate would not fit.
    :raises CloudError: if AWS cannot be asked or refuses.
    """
    reporter = reporter or services.reporter(slot=job.slot.name)
    trust = None if job.trust is None else load_trust(job.trust.file, services.trust_passphrase)
    job.outputs.check_shared()
    if job.configuration is None:
        cloud = _plan_cloud(job, None, services, reporter)
        return Plan(job, job.target, None, "", cloud, trust)
    plan = _plan_new_identity(job, job.configuration, trust, services, reporter)
    check_renewal(plan, services.clock(), reporter)
    return plan


def _plan_new_identity(
    job: Job, configuration: Configuration, trust: Trust | None, services: Services, reporter: Reporter
) -> Plan:
    authority, target = _find_authority(job, services), job.target
    if job.device is not None:
        check_aws_algorithm(configuration)
    issuer: Issuer | None = None
    if authority is not None and isinstance(job.issuer, CaIssuerSpec):
        spec = job.issuer
        own = CaIssuer(authority, spec.days, server=spec.server, ignore_names=spec.ignore_names)
        own.check(configuration)
        check_room(configuration.source, own.sizes(configuration), target)
        issuer = own
    else:
        check_room(configuration.source, sizes_of_aws(configuration), target)
    cloud = _plan_cloud(job, authority, services, reporter)
    if cloud is not None:
        sample = with_sample_uid(UID_FIELD)
        cloud.check_chip(sample, {name: fill_uid(value, sample) for name, value in configuration.subject})
        issuer = issuer or AwsIssuer(cloud.certificates)
    assert issuer is not None  # noqa: S101 - a job without a cloud names a CA
    settings = settings_of(configuration, job.slot, target)
    new = NewIdentity(configuration, issuer, issuer.sizes(configuration))
    return Plan(job, target, new, settings, cloud, trust)


def settings_of(configuration: Configuration, slot: Slot, target: Target) -> str:
    """Fingerprint of what a CSR is made from, and of where its certificate goes."""
    made_from = [configuration.csr_config, slot.name, target.info.label]
    return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()


def _find_authority(job: Job, services: Services) -> CertificateAuthority | None:
    """The CA that a job names; None where it names none.

    :raises ConfigurationError: if the services have none, or another.
    """
    if not isinstance(job.issuer, CaIssuerSpec):
        return None
    folder, authority = job.issuer.folder, services.authority
    if authority is None:
        raise ConfigurationError(
            f"the job needs the CA in {folder}, but no CA is open", hint=_OPEN_CA, parameter="authority"
        )
    if _real(authority.folder.path) != _real(folder):
        raise ConfigurationError(
            f"the job needs the CA in {folder}, but the CA in {authority.folder.path} is open",
            hint=_OPEN_CA,
            parameter="authority",
        )
    return authority


def _real(path: Path) -> str:
    return os.path.realpath(path)


def _plan_cloud(
    job: Job, authority: CertificateAuthority | None, services: Services, reporter: Reporter
) -> CloudPlan | None:
    """What is going to be done in AWS IoT; None without a cloud."""
    if job.device is None or job.aws is None:
        return None
    ca = authority.certificate if authority else None
    subject = {name for name, _ in job.configuration.subject} if job.configuration else None
    try:
        cloud = plan_cloud(job.aws, job.device, ca, services.connect, reporter, subject)
    except NoAccountError as error:
        if job.configuration is not None:
            own = "" if ca else naming("your own CA ({issuer}) and ")
            error.advise(naming("To do without AWS, use {own}{thing=None}", own=own))
        raise
    job.outputs.check_beforehand(cloud.document)
    return cloud
