"""Chains of certificates: their order, and warnings for people."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from optiga.pki.name_parts import is_same_encoded_name
from optiga.pki.public_keys import verifies
from optiga.pki.x509_errors import UNSUPPORTED_NAME

if TYPE_CHECKING:
    from datetime import datetime

    from optiga.pki.certificate import Certificate

_SIGNATURES = {
    "1.2.840.10045.4.3.2": "sha256",
    "1.2.840.10045.4.3.3": "sha384",
    "1.2.840.10045.4.3.4": "sha512",
    "1.2.840.113549.1.1.11": "sha256",
    "1.2.840.113549.1.1.12": "sha384",
    "1.2.840.113549.1.1.13": "sha512",
}
"""Hashes of the signatures that are looked at: ECDSA, and RSA by PKCS #1 v1.5."""
MOST_IN_A_CHAIN = 32
"""No order is looked for among more certificates: that takes the square of their number."""


def seems_issued_by(certificate: Certificate, issuer: Certificate) -> bool:
    """Whether a certificate is issued by another, also where one of them breaks the rules of X.509.

    Good for a warning and for an order; nothing is trusted for it.
    """
    if certificate.strict is not None and issuer.strict is not None:
        return certificate.is_issued_by(issuer)
    try:
        ours, theirs = certificate.fields, issuer.fields
        is_named = theirs.has_subject and is_same_encoded_name(ours.issuer, theirs.subject)
        if not is_named or ours.algorithm not in _SIGNATURES or issuer.public_key.algorithm is None:
            return False
        return verifies(issuer.public_key, ours.signature, ours.signed, _SIGNATURES[ours.algorithm])
    except ValueError:
        return False


def in_order(certificates: list[Certificate]) -> tuple[list[Certificate], bool]:
    """A chain with its leaf first, and each issuer behind a certificate that it has issued: also where one is there
    twice, signed by two issuers.

    Certificates that do not belong to the leaf come last. Where they leave more than one that may be the leaf, it is
    the only one that is no CA's.

    :returns: the certificates, in their own order if there is no telling which is the leaf; and whether it is another.
    """
    if len(certificates) > MOST_IN_A_CHAIN or _holds(certificates):
        return certificates, False
    numbers = range(len(certificates))
    issuers = [
        [one for one in numbers if one != other and seems_issued_by(certificates[other], certificates[one])]
        for other in numbers
    ]
    leaves = [one for one in numbers if not any(one in found for found in issuers)]
    if len(leaves) != 1:
        leaves = [one for one in numbers if not certificates[one].is_ca]
    if len(leaves) != 1:
        return certificates, False
    if leaves == [0] and all(any(one in issuers[before] for before in range(one)) for one in numbers[1:]):
        return certificates, False
    ordered = leaves
    while above := {issuer for one in ordered for issuer in issuers[one]} - set(ordered):
        ordered += sorted(above)
    ordered += [one for one in numbers if one not in ordered]
    return [certificates[one] for one in ordered], ordered != list(numbers)


def _holds(chain: list[Certificate]) -> bool:
    return all(seems_issued_by(one, issuer) for one, issuer in pairwise(chain))


def why_broken(chain: list[Certificate]) -> list[str]:
    """Why a chain is none: a sentence for each certificate that the next one has not issued.

    :param chain: leaf first.
    """
    return [
        f"the chain is not valid: the certificate of {certificate.subject}{_told_apart(certificate, issuer)} is not "
        f"issued by the next one, {issuer.subject}{_told_apart(issuer, certificate)}"
        for certificate, issuer in pairwise(chain)
        if not seems_issued_by(certificate, issuer)
    ]


def _told_apart(certificate: Certificate, other: Certificate) -> str:
    """What tells a certificate from another of the same subject, for a message; empty if the subject does."""
    if certificate.subject != other.subject:
        return ""
    return f" (serial number {certificate.parsed.serial_number:x})"


def warnings_about(chain: list[Certificate], now: datetime, *, device: bool = True) -> list[str]:
    """What a person should know about certificates that are about to be used, each in one sentence.

    That a chain is none comes first: other warnings may follow from it.

    :param chain: leaf first.
    :param now: a time with its time zone.
    :param device: whether the first certificate is to be a device's own.
    """
    warnings = why_broken(chain)
    for certificate, issuer in pairwise(chain):
        if certificate.fields.issuer != issuer.fields.subject and seems_issued_by(certificate, issuer):
            warnings.append(
                f"the certificate of {certificate.subject} spells the name of its issuer, {issuer.subject}, in other "
                "bytes than the issuer's certificate does: RFC 5280 asks for the same bytes, and some programs refuse "
                "such a chain"
            )
    for certificate in chain:
        if certificate.oddity == UNSUPPORTED_NAME:
            warnings.append(f"many programs refuse the certificate of {certificate.subject}: {UNSUPPORTED_NAME}")
        elif broken := certificate.broken_rules:
            warnings.append(
                f"the certificate of {certificate.subject} breaks a rule of X.509, and strict programs refuse it: "
                f"{', and '.join(broken)}"
            )
        before, after = certificate.not_before, certificate.not_after
        if now > after:
            warnings.append(f"the certificate of {certificate.subject} expired on {after:%Y-%m-%d %H:%M:%S} UTC")
        elif now < before:
            warnings.append(
                f"the certificate of {certificate.subject} is not valid before {before:%Y-%m-%d %H:%M:%S} UTC"
            )
    if device and chain and chain[0].is_ca:
        warnings.append(f"the certificate of {chain[0].subject} is a CA certificate, not a device certificate")
    return warnings
