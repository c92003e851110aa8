"""The certificate revocation list of a CA (RFC 5280, 5)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from optiga.ca.profile import authority_identifier

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

    from optiga.ca.profile import Issuer
    from optiga.ca.records import Record

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
CRL_DAYS = 30
"""How long a CRL is good for unless it is said otherwise, in days."""


def is_graver(new: str, old: str) -> bool:
    """Whether the reason of a revocation may become another one: any after none in particular, a compromise after all.

    Others are as grave as each other, and who trusts the first must not be told that it was not so.
    """
    compromises = ("keyCompromise", "cACompromise")
    return new not in (old, "unspecified") and old not in compromises and (old == "unspecified" or new in compromises)


def build_crl(issuer: Issuer, revoked: Iterable[Record], number: int, now: datetime, days: int) -> bytes:
    """A list in DER.

    :param number: larger than that of every list before it.
    :param days: until the next list, in days.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    assert issuer.certificate is not None  # noqa: S101 - who revokes has issued
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(now)
        .next_update(now + timedelta(days=days))
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(authority_identifier(issuer.certificate), critical=False)
    )
    for record in revoked:
        builder = builder.add_revoked_certificate(_entry(record))
    return builder.sign(issuer.key, issuer.hash_algorithm).public_bytes(Encoding.DER)


def read_number(data: bytes, public_key: ec.EllipticCurvePublicKey) -> int | None:
    """The number of a CRL that a CA has signed.

    :param data: DER or PEM.
    :param public_key: the CA's.
    :returns: None if it is none of this CA's, or damaged.
    """
    from cryptography import x509

    from optiga.pki.pem import is_pem
    from optiga.pki.x509_errors import one_error

    try:
        with one_error():
            crl = x509.load_pem_x509_crl(data) if is_pem(data) else x509.load_der_x509_crl(data)
            if not crl.is_signature_valid(public_key):
                return None
            return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except (ValueError, x509.ExtensionNotFound):
        return None


def _entry(record: Record) -> x509.RevokedCertificate:
    from cryptography import x509

    assert record.revoked_at is not None  # noqa: S101 - only revoked ones get here
    entry = x509.RevokedCertificateBuilder().serial_number(int(record.serial, 16)).revocation_date(record.revoked_at)
    if record.reason != "unspecified":  # RFC 5280, 5.3.1: leave it out then
        entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags(record.reason)), critical=False)
    return entry.build()
