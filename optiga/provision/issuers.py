"""Who certifies the key of a chip: AWS IoT, or a CA of one's own."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

from optiga.pki.pem import encode_pem
from optiga.provision.journal import Step, damaged

if TYPE_CHECKING:
    from optiga.ca.authority import CertificateAuthority, IssuedCertificate
    from optiga.cloud.aws.certificates import Certificates, CloudCertificate
    from optiga.pki.certificate import Certificate
    from optiga.provision.journal import Entry


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
        if entry.csr is None or entry.key_info is None or entry.requested_at is None:
            raise damaged(entry.uid, entry.slot)
        return cls(entry.csr, entry.key_info, entry.requested_at)


class Certified(NamedTuple):
    """What an issuer has certified.

    :param chain: what goes onto the chip, leaf first.
    :param certificate_id: AWS's identifier, None where AWS does not have it.
    :param notes: what people may want to know, one sentence each.
    """

    chain: tuple[Certificate, ...]
    certificate_id: str | None = None
    certificate_arn: str | None = None
    notes: tuple[str, ...] = ()


class Issuer(Protocol):
    """Who certifies.

    :param name: what stands for it in the journal.
    :param title: the same for people.
    """

    name: str
    title: str

    def find(self, request: Request) -> Certified | None:
        """The certificate that an interrupted run has left behind for this very request."""

    def certify(self, request: Request) -> Certified:
        """A new certificate, which nobody can use yet."""


class AwsIssuer:
    """AWS IoT's own CA; the certificate is inactive."""

    name = "aws"
    title = "AWS IoT"

    def __init__(self, certificates: Certificates) -> None:
        self._certificates = certificates

    def find(self, request: Request) -> Certified | None:
        found = self._certificates.find(request.key_info, request.since)
        return None if found is None else _of_cloud(found)

    def certify(self, request: Request) -> Certified:
        return _of_cloud(self._certificates.create(encode_pem("CERTIFICATE REQUEST", request.csr)))


class CaIssuer:
    """A CA of one's own.

    :param days: validity, None for the usual.
    """

    def __init__(self, authority: CertificateAuthority, days: int | None) -> None:
        self._authority = authority
        self._days = days
        self.name = f"ca:{hashlib.sha256(authority.certificate.der).hexdigest()[:16]}"
        self.title = f"the CA {authority.certificate.subject}"

    def find(self, request: Request) -> Certified | None:
        found = self._authority.find_issued(request.csr)
        return None if found is None else _of_ca(found)

    def certify(self, request: Request) -> Certified:
        return _of_ca(self._authority.issue(request.csr, self._days))


def find_unheard(entry: Entry, certificates: Certificates) -> str | None:
    """The identifier of the certificate that AWS made for an entry without its being heard of, None if there is none.

    :raises AwsError: if AWS does not tell.
    """
    if entry.step is not Step.REQUESTED or entry.issuer != AwsIssuer.name:
        return None
    request = Request.of(entry)
    found = certificates.find(request.key_info, request.since)
    return found.certificate_id if found else None


def _of_cloud(certificate: CloudCertificate) -> Certified:
    return Certified((certificate.certificate,), certificate.certificate_id, certificate.arn)


def _of_ca(issued: IssuedCertificate) -> Certified:
    return Certified((issued.certificate, *issued.chain), notes=issued.notes)
