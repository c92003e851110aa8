"""The certificate revocation list of a CA (RFC 5280, 5)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from optiga.ca.days import check_days
from optiga.ca.named_bytes import sign_crl
from optiga.ca.profile import CLOCK_TOLERANCE, Validity, authority_identifier, check_time
from optiga.ca.request_form import split
from optiga.ca.signatures import SignatureAlgorithm
from optiga.errors import CertificateError, ConfigurationError, Reason, naming
from optiga.pki.crls import CRL_LABEL, load_crl
from optiga.pki.kinds import REVOCATION_LIST, identify, is_text
from optiga.pki.pem_blocks import is_pem, iterate_blocks, labels_of
from optiga.pki.x509_errors import one_error
from optiga.protocol.der import SEQUENCE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography import x509

    from optiga.ca.profile import Issuer
    from optiga.ca.records import Record
    from optiga.ca.signing import CaPublicKey


REASONS = (
    "unspecified",
    "keyCompromise",
    "cACompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "privilegeWithdrawn",
)
"""Why a certificate may be revoked, for good (RFC 5280, 5.3.1)."""
COMPROMISES = ("keyCompromise", "cACompromise")
"""The reasons with which a key is not to be trusted any more, in whichever certificate it is."""
CRL_DAYS = 30
"""How long a CRL is good for unless it is said otherwise, in days."""


FIRST_TIMED_NUMBER = 10**12
"""Numbers of CRLs from here on are times, in milliseconds since 1970; earlier versions counted from 1."""
_SOON, _SOON_PART = timedelta(days=7), 4
"""A CRL soon runs out when it has this left, or this part of its time if that is less."""


@dataclass(frozen=True, slots=True)
class PublishedCrl:
    """A CRL that a CA has signed.

    :param sha256: of its DER, in hex.
    :param this_update: when it begins, in UTC.
    :param next_update: when it runs out; None if it does not say so.
    """

    number: int
    sha256: str
    this_update: datetime
    next_update: datetime | None

    def is_ahead(self, now: datetime) -> bool:
        """Whether it begins in the future: the clock was ahead when it was made, or is behind now."""
        return now < self.this_update

    def find_warning(self, now: datetime) -> str:
        """What there is to say of its end; empty if it has long to go."""
        if self.is_ahead(now):
            begin = f"{self.this_update:%Y-%m-%d %H:%M} UTC"
            return f"the CRL does not begin before {begin}: verifiers that check it refuse every device"
        if self.next_update is None:
            return ""
        if now >= self.next_update:
            return (
                f"the CRL expired on {self.next_update:%Y-%m-%d %H:%M} UTC: verifiers that check it refuse every device"
            )
        if self.next_update - now <= min(_SOON, (self.next_update - self.this_update) / _SOON_PART):
            return f"the CRL expires on {self.next_update:%Y-%m-%d %H:%M} UTC"
        return ""


def choose_crl_number(last: int, now: datetime) -> int:
    """A number larger than every one before, also if the records come from an older copy: the time.

    :param last: the largest that is known; 0 for none.
    :param now: with its time zone.
    """
    return max(last + 1, int(now.timestamp() * 1000))


def choose_crl_time(now: datetime, days: int, issuer: x509.Certificate, last: datetime | None) -> Validity:
    """From when to when a CRL is good: from a little earlier than now, for clocks that are slow, but never from
    before the last one.

    :param now: with its time zone.
    :param issuer: the CA's certificate.
    :param last: the beginning of the last CRL; None for the first.
    :raises ConfigurationError: for a number of days that is none.
    :raises CertificateError: if the CA is not valid now, or the clock is before the last CRL.
    """
    check_days(days, "CRL")
    now = now.replace(microsecond=0)
    check_time(now, issuer)
    if last is not None and now < last:
        raise CertificateError(
            f"the clock says {now:%Y-%m-%d %H:%M:%S} UTC, which is before the date of the last CRL: "
            f"{last:%Y-%m-%d %H:%M:%S} UTC",
            hint=naming(
                "Check this computer's clock. If the clock was ahead when the last CRL was made, make a new CRL with "
                "{trust_clock}"
            ),
            reason=Reason.EXPIRED,
        )
    start = max(now - CLOCK_TOLERANCE, issuer.not_valid_before_utc, *([last] if last else []))
    return Validity(start, now + timedelta(days=days))


def is_graver(new: str, old: str) -> bool:
    """Whether the reason of a revocation may become another one: any after none in particular, a compromise after all.

    Others are as grave as each other, and who trusts the first must not be told that it was not so.
    """
    return new not in (old, "unspecified") and old not in COMPROMISES and (old == "unspecified" or new in COMPROMISES)


def build_crl(issuer: Issuer, revoked: Iterable[Record], number: int, time: Validity, now: datetime) -> bytes:
    """A list in DER.

    No entry is of a time that is still to come, as one is that was made with a clock that was ahead: there are
    verifiers for which such a certificate is not revoked yet.

    :param number: larger than that of every list before it.
    :param time: from when to when it is good.
    :param now: with its time zone.
    """
    from cryptography import x509

    assert issuer.certificate is not None  # noqa: S101 - who revokes has issued
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(time.start)
        .next_update(time.end)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(authority_identifier(issuer.certificate), critical=False)
    )
    for record in revoked:
        builder = builder.add_revoked_certificate(_entry(record, now))
    return sign_crl(builder, issuer)


def read_crl(data: bytes, public_key: CaPublicKey) -> PublishedCrl | None:
    """A CRL that a CA has signed.

    :param data: DER or PEM.
    :param public_key: the CA's.
    :returns: None if it is none of this CA's, or damaged.
    """
    from cryptography import x509

    try:
        with one_error():
            crl = load_crl(data)
            if not crl.is_signed_by(public_key):
                return None
            number = crl.parsed.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
            digest = hashlib.sha256(crl.der).hexdigest()
            return PublishedCrl(number, digest, crl.parsed.last_update_utc, crl.parsed.next_update_utc)
    except (ValueError, x509.ExtensionNotFound, CertificateError):
        return None


def why_no_crl(data: bytes, name: str, signer: str) -> CertificateError:
    """The error of a file that holds no CRL of a CA: what it holds, or by what its signature is worth nothing.

    :param data: DER or PEM.
    :param name: what to call the file in messages.
    :param signer: what to call the CA in messages.
    """
    what = REVOCATION_LIST if is_pem(data) and CRL_LABEL in labels_of(data) else identify(data)
    if what and what != REVOCATION_LIST:
        return CertificateError(
            f"{name} holds {what}, not a CRL", hint="Give the CRL of that CA", reason=Reason.WRONG_TYPE
        )
    try:
        blocks = [block.data for block in iterate_blocks(data, name) if block.label == CRL_LABEL] if what else []
        if len(set(blocks)) > 1:
            return CertificateError(
                f"{name} holds {len(set(blocks))} CRLs, not one",
                hint="Put each CRL in its own file",
                reason=Reason.AMBIGUOUS,
            )
        der = blocks[0] if blocks else data
        weak_hash = SignatureAlgorithm.read(split(split(der)[0].contents)[1].raw).weak_hash
    except CertificateError as error:
        return error
    except (ValueError, IndexError):
        weak_hash = ""
    if not what and (data[:1] != bytes([SEQUENCE]) or is_text(data)):
        return CertificateError(
            f"there is no CRL in {name}", hint="Give the CRL of that CA, in PEM or DER", reason=Reason.WRONG_TYPE
        )
    if weak_hash:
        return CertificateError(
            f"{name} is a CRL that is signed with {weak_hash}, which can be forged",
            hint="Have the CA write one that is signed with SHA-256",
            reason=Reason.REFUSED,
        )
    return CertificateError(
        f"{name} holds no CRL that {signer} has signed",
        hint="Check that the CRL belongs to this CA",
        reason=Reason.MISMATCH,
    )


def _entry(record: Record, now: datetime) -> x509.RevokedCertificate:
    from cryptography import x509

    assert record.revoked_at is not None  # noqa: S101 - only revoked ones get here
    moment = min(record.revoked_at, now)
    try:
        entry = x509.RevokedCertificateBuilder().serial_number(int(record.serial, 16)).revocation_date(moment)
        if record.reason != "unspecified":  # RFC 5280, 5.3.1: leave it out then
            entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags(record.reason)), critical=False)
        return entry.build()
    except (ValueError, OverflowError):
        raise ConfigurationError(
            f"the CA's records contain a revocation that this program did not write, of {record.serial!r:.60}",
            hint="Restore them from a backup",
            reason=Reason.DAMAGED,
        ) from None
