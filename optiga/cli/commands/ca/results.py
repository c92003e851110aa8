"""What the commands of ``ca`` that make a CA, sign, list and show find out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from optiga.cli.support.printing import print_lines
from optiga.errors import ConfigurationError

if TYPE_CHECKING:
    from optiga.ca.issued import IssuedCertificate

from optiga.results import SAID


@dataclass(frozen=True, slots=True)
class CaResult:
    """The result of ``ca init``, ``intermediate``, ``import`` and ``renew``.

    :param ca: folder of the CA.
    :param subject: as RFC 4514 has it.
    :param serial: of its certificate, in hex.
    :param not_after: until when it is valid, UTC.
    :param certificate_file: its certificate, PEM.
    :param key_encrypted: whether a passphrase is needed for its key.
    :param warnings: what was warned of, one sentence each.
    """

    ca: str
    subject: str
    serial: str
    not_after: datetime
    certificate_file: str
    key_encrypted: bool
    warnings: tuple[str, ...] = field(default=(), metadata=SAID)


@dataclass(frozen=True, slots=True)
class IssueResult:
    """The result of ``ca sign``.

    :param certificate_file: the certificate and its chain, PEM.
    :param serial: in hex.
    :param subject: as RFC 4514 has it, and so is ``ca``, the subject of the issuer.
    :param not_after: until when it is valid, UTC.
    :param names: subject alternative names.
    :param purposes: extended key usages, for example ``clientAuth``.
    :param warnings: what was warned of, one sentence each.
    :param notes: how the certificate differs from what the CSR asks for, and the like.
    """

    certificate_file: str
    serial: str
    subject: str
    not_after: datetime
    ca: str
    names: tuple[str, ...]
    purposes: tuple[str, ...]
    notes: tuple[str, ...] = field(default=(), metadata=SAID)
    warnings: tuple[str, ...] = field(default=(), metadata=SAID)


@dataclass(frozen=True, slots=True)
class ListedCertificate:
    """A certificate in the records of a CA.

    :param serial: in hex, and ``subject`` as RFC 4514 has it.
    :param state: ``valid``, ``expired`` or ``revoked``.
    :param not_before: from when on it is valid, UTC, and so is ``not_after``, until when. These and the subject are
        None for a certificate of which only the serial number is known, from a CRL.
    :param revoked_at: UTC; None if it is not, and so is ``reason``, as RFC 5280, 5.3.1 names it.
    :param request_sha256: of the CSR that it was issued for, in hex; None where the records do not tell.
    :param names: subject alternative names.
    :param purposes: extended key usages, for example ``clientAuth``.
    """

    serial: str
    state: str
    subject: str | None
    not_before: datetime | None
    not_after: datetime | None
    revoked_at: datetime | None
    reason: str | None
    request_sha256: str | None
    names: tuple[str, ...]
    purposes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IssuedList:
    """The result of ``ca list``.

    :param ca: subject of the CA.
    :param warnings: what was warned of, for example of the records, one sentence each.
    """

    ca: str
    certificates: tuple[ListedCertificate, ...]
    warnings: tuple[str, ...] = field(default=(), metadata=SAID)


@dataclass(frozen=True, slots=True)
class CertificateShown:
    """The result of ``ca show``.

    :param serial: in hex, and ``subject`` as RFC 4514 has it.
    :param certificate: itself and its chain, PEM.
    :param names: subject alternative names.
    :param purposes: extended key usages, for example ``clientAuth``.
    """

    serial: str
    subject: str
    certificate: str
    names: tuple[str, ...]
    purposes: tuple[str, ...]


def print_issued(issued: IssuedCertificate) -> None:
    """On standard output, with its chain.

    :raises ConfigurationError: if that does not take it; the certificate is not lost then.
    """
    try:
        print_lines(issued.pem, line_break=False)
    except ConfigurationError as error:
        error.advise(f"The certificate is issued. Print it: 'ca show {issued.serial}'")
        raise
