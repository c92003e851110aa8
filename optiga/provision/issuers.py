"""The issuers of certificates: AWS IoT, or your own CA."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, Protocol

from optiga.ca.judging import DEVICE_DAYS
from optiga.ca.profile import CLOCK_TOLERANCE, authority_identifier, find_shortening
from optiga.ca.records import utc_now
from optiga.ca.request import CertificateRequest
from optiga.ca.standing import find_revocation, has_issued_for
from optiga.cloud.aws.errors import AwsError
from optiga.errors import CertificateError, ConfigurationError, Reason, counted, naming
from optiga.identity.sample_request import sample_request
from optiga.pki.pem import encode_pem
from optiga.pki.public_keys import public_key_of_info
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.provision.checks import ask
from optiga.provision.chip_slot import chain_of
from optiga.provision.entry import Step
from optiga.provision.facts import CsrSigned, KeyMade, Registered, Requested
from optiga.provision.sizes import Sizes, sizes_of_aws, sizes_of_ca

if TYPE_CHECKING:
    from optiga.ca.authority import CertificateAuthority
    from optiga.ca.issued import IssuedCertificate
    from optiga.ca.records import Record
    from optiga.cloud.aws.certificates import Certificates, CloudCertificate
    from optiga.identity.configuration import Configuration
    from optiga.pki.certificate import Certificate
    from optiga.provision.entry import Entry
    from optiga.provision.events import Reporter

_AWS_ALGORITHMS = (
    KeyAlgorithm.SECP256R1,
    KeyAlgorithm.SECP384R1,
    KeyAlgorithm.SECP521R1,
    KeyAlgorithm.RSA2048,
)


class Request(NamedTuple):
    """What is to be certified.

    :param csr: CertificationRequest in DER.
    :param key_info: its public key, SubjectPublicKeyInfo in DER.
    :param since: when it was first asked for, with its time zone.
    """

    csr: bytes
    key_info: bytes
    since: datetime

    @classmethod
    def of(cls, entry: Entry) -> Request:
        """What an entry asks for, from its step REQUESTED on.

        :raises ConfigurationError: if the journal does not have it.
        """
        return cls(entry.of(CsrSigned).csr, entry.of(KeyMade).key_info, entry.of(Requested).at)


class Certified(NamedTuple):
    """What an issuer has certified.

    :param chain: what goes onto the chip, leaf first.
    :param registered: as what AWS IoT has it; None where AWS does not have it.
    :param notes: what people may want to know, one sentence each.
    """

    chain: tuple[Certificate, ...]
    registered: Registered | None = None
    notes: tuple[str, ...] = ()


class Issuer(Protocol):
    """Who certifies.

    :param name: what stands for it in the journal.
    :param title: the same for people.
    :param notes: what its certificates are going to have otherwise than the CSR asks, one sentence each.
    """

    name: str
    title: str
    notes: tuple[str, ...]

    def sizes(self, configuration: Configuration) -> Sizes:
        """How long what it certifies is going to be; nothing is certified.

        :raises OptigaError: if it would certify no such request.
        """

    def find(self, request: Request) -> Certified | None:
        """The certificate that an interrupted run has left behind for this very request."""

    def certify(self, request: Request) -> Certified:
        """A new certificate, which nobody can use yet."""


class AwsIssuer:
    """AWS IoT's own CA; the certificate is inactive."""

    name = "aws"
    title = "AWS IoT"
    notes: tuple[str, ...] = ()

    def __init__(self, certificates: Certificates) -> None:
        self._certificates = certificates

    def sizes(self, configuration: Configuration) -> Sizes:
        return sizes_of_aws(configuration)

    def find(self, request: Request) -> Certified | None:
        try:
            found = self._certificates.find(request.key_info, request.since)
        except AwsError as error:
            if error.is_unanswered:
                error.advise("Otherwise AWS may issue a second certificate, and the first one is lost", first=True)
            raise
        return None if found is None else _of_cloud(found)

    def certify(self, request: Request) -> Certified:
        return _of_cloud(self._certificates.create(encode_pem("CERTIFICATE REQUEST", request.csr)))


class CaIssuer:
    """A CA of one's own.

    :param days: validity, None for the usual.
    :param server: let devices be TLS servers, too, if the CSR asks for that.
    :param ignore_names: leave out names that the CA does not certify, in place of refusing them.
    """

    def __init__(
        self, authority: CertificateAuthority, days: int | None, *, server: bool = False, ignore_names: bool = False
    ) -> None:
        self._authority = authority
        self._days = days
        self._server = server
        self._ignore_names = ignore_names
        self.notes: tuple[str, ...] = ()
        self._sizes: tuple[int, ...] = ()
        self.name: str = name_of_ca(authority.certificate)
        self.title: str = f"the CA {authority.certificate.subject}"

    @property
    def key_identifier(self) -> str:
        """The identifier of the CA's key in hex."""
        return (authority_identifier(self._authority.certificate.parsed).key_identifier or b"").hex()

    @property
    def _authorities(self) -> tuple[Certificate, ...]:
        """The CA's certificate and those above it."""
        return tuple(self._authority.folder.chain) or (self._authority.certificate,)

    def sizes(self, configuration: Configuration) -> Sizes:
        return sizes_of_ca(configuration, self._sizes)

    def check(self, configuration: Configuration) -> None:
        """Refuse a configuration whose CSR the CA would not certify, before there is a key; see what it leaves out.

        :raises CertificateError: if it would not.
        :raises ConfigurationError: if the days are none, or the CA's records are not those that it needs.
        """
        try:
            request, days, server, ignore = sample_request(configuration), self._days, self._server, self._ignore_names
            self.notes = self._authority.check(request, days, server=server, ignore_names=ignore)
            self._sizes = self._authority.sizes(request, days, server=server, ignore_names=ignore)
        except CertificateError as error:
            error.locate(f"{self.title} would refuse to certify {configuration.source}")
            raise

    def open(self) -> None:
        """Open the CA's key, if it is not open yet.

        :raises OptigaError: if it does not open.
        """
        _ = self._authority.key

    def shortening(self) -> str:
        """That a certificate would be cut short because the CA, or one above it, ends; empty if it would not be."""
        above = self._authorities
        end = min(one.not_after for one in above)
        return "" if self._days is not None else find_shortening(utc_now(), end, above, DEVICE_DAYS)

    def end(self, now: datetime) -> datetime:
        """The last moment of the validity of a certificate that it would issue now."""
        return min(now + timedelta(days=self._days or DEVICE_DAYS), *(one.not_after for one in self._authorities))

    def is_of(self, entry: Entry) -> bool:
        """Whether an entry's issuer is this CA: the same name and the same key, whatever certificate the CA has now.

        Earlier versions named a CA in the journal by its certificate. Where that was another one, the device's own
        certificate tells, or the records of the CA.

        :raises ConfigurationError: if the records cannot be read, or are not those that this CA wrote last.
        """
        own = self._authority.certificate
        if entry.issuer in (self.name, former_name_of_ca(own)) or not entry.issuer.startswith("ca:"):
            return entry.issuer.startswith("ca:")
        if entry.issued is not None:
            return chain_of(entry)[0].is_issued_by(own)
        return entry.request is not None and has_issued_for(self._authority.folder, entry.request.csr)

    def revocation(self, entry: Entry) -> Record | None:
        """The record of the revocation of an entry's certificate or key; None if there is none.

        :raises ConfigurationError: if the records cannot be read, or are not those that this CA wrote last.
        """
        if entry.key_info is None or entry.step < Step.REQUESTED:
            return None
        leaf = chain_of(entry)[0] if entry.issued is not None else None
        csr = b"" if entry.request is None else entry.request.csr
        key_info = public_key_of_info(entry.key_info).info
        return find_revocation(self._authority.folder, key_info, certificate=leaf, csr_der=csr)

    def difference(self, entry: Entry) -> str:
        """What is asked for and an entry's certificate is not, in words; empty if there is nothing."""
        if entry.issued is None:
            return ""
        leaf = chain_of(entry)[0]
        wants_server = self._server and entry.csr and CertificateRequest.parse(entry.csr).wishes.wants_server
        if wants_server and "serverAuth" not in leaf.purposes:
            return "is for a TLS client only, and this run asks for a TLS server, too"
        if (days := self._other_days(leaf)) is not None:
            return f"is valid for {counted(days, 'day')}, and this run asks for {self._days}"
        return ""

    def _other_days(self, leaf: Certificate) -> int | None:
        """How long a certificate is valid, if another number of days is asked for, and is possible; else None."""
        days = round((leaf.not_after - leaf.not_before - CLOCK_TOLERANCE) / timedelta(days=1))
        if self._days in (None, days):
            return None
        is_most = leaf.not_after in [one.not_after for one in self._authorities]
        return None if is_most and self._days is not None and self._days > days else days

    def find(self, request: Request) -> Certified | None:
        found = self._authority.find_issued(request.csr)
        if found is None:
            return None
        is_server = "serverAuth" in found.certificate.purposes
        certified, what = _of_ca(found), ""
        if is_server != (self._server and CertificateRequest.parse(request.csr).wishes.wants_server):
            what = "for a TLS server, too" if is_server else "for a TLS client only"
        elif (days := self._other_days(found.certificate)) is not None:
            what = f"valid for {counted(days, 'day')}"
        if not what:
            return certified
        note = naming(
            "The certificate is {what}, as the interrupted run asked. For another certificate, use {renew}", what=what
        )
        return certified._replace(notes=(*certified.notes, note))

    def certify(self, request: Request) -> Certified:
        return _of_ca(
            self._authority.issue(request.csr, self._days, server=self._server, ignore_names=self._ignore_names)
        )


def name_of_ca(certificate: Certificate) -> str:
    """What stands in the journal for a CA: a fingerprint of its name and its key, which a renewal keeps."""
    name, key = certificate.parsed.subject.public_bytes(), certificate.public_key.info
    return f"ca:{hashlib.sha256(hashlib.sha256(name).digest() + key).hexdigest()[:32]}"


def former_name_of_ca(certificate: Certificate) -> str:
    """What stands for a CA in the journals of earlier versions: half as much, of its certificate."""
    return f"ca:{hashlib.sha256(certificate.der).hexdigest()[:16]}"


def check_aws_algorithm(configuration: Configuration) -> None:
    """Refuse keys that AWS IoT neither certifies nor takes the certificates of (Developer Guide, "X.509 certificates").

    :raises ConfigurationError: for Brainpool's curves, and for RSA keys of less than 2048 bits.
    """
    if configuration.algorithm not in _AWS_ALGORITHMS:
        raise ConfigurationError(
            f"{configuration.source}: AWS IoT does not accept {configuration.algorithm.title} keys",
            hint=naming(
                "Use secp256r1, secp384r1, secp521r1 or RSA with at least 2048 bits. For Brainpool curves, use your "
                "own CA with {thing=None}"
            ),
            reason=Reason.UNSUPPORTED,
        )


def find_unrecorded(entry: Entry, certificates: Certificates, reporter: Reporter) -> str | None:
    """The identifier of the certificate that AWS made for an entry without its being heard of, None if there is none.

    Where these credentials may not ask, that is a warning, and none: what was made is inactive, and stays so.

    :raises AwsError: if AWS does not tell otherwise.
    """
    if entry.issuer != AwsIssuer.name or entry.requested is None or entry.issued is not None:
        return None
    request = Request.of(entry)
    what = "cannot look for a certificate that AWS IoT may have issued in the interrupted run"
    stays = "such a certificate stays in AWS IoT, inactive"
    found = ask(lambda: certificates.find(request.key_info, request.since), None, reporter, what, stays)
    return found.certificate_id if found else None


def _of_cloud(certificate: CloudCertificate) -> Certified:
    return Certified((certificate.certificate,), Registered(certificate.certificate_id, certificate.arn))


def _of_ca(issued: IssuedCertificate) -> Certified:
    return Certified((issued.certificate, *issued.chain), notes=issued.notes)
