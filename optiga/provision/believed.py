"""Checks of a journal entry before it is used, because someone may have edited the file.

Names of files are those that this program makes, certificates are of the entry's key, AWS's identifiers are those of
the certificates. Whoever can make all of that fit can also make a device of his own; what he cannot have is another
device's certificate deactivated or deleted.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from optiga.errors import CertificateError
from optiga.identity.csr import Csr
from optiga.pki.certificate import parse_certificates
from optiga.pki.public_keys import public_key_of, public_key_of_info
from optiga.pki.x509_errors import one_error
from optiga.provision.entry import Step
from optiga.provision.facts import Placed, damaged

if TYPE_CHECKING:
    from optiga.cloud.aws.certificates import CloudCertificate
    from optiga.cloud.aws.registry import Registry
    from optiga.pki.certificate import Certificate
    from optiga.provision.entry import Entry
    from optiga.provision.journal import Journal

_ID = re.compile(r"[0-9a-f]{64}")
_ARN = r"arn:aws[a-z-]*:iot:{}:{}:cert/{}"


def check_entry(entry: Entry) -> Entry:
    """An entry as it may be gone on with: its certificates are armored anew from their DER.

    :raises ConfigurationError: if a name of a file is none of ours, or key, CSR, certificate and AWS's identifier do
        not belong together.
    """
    try:
        problem, chain = _problem(entry)
    except (ValueError, CertificateError):
        problem, chain = "its CSR, certificate or key cannot be read", ""
    if problem:
        raise damaged(entry.uid, entry.slot, problem)
    return replace(entry, issued=replace(entry.issued, certificate=chain)) if entry.issued else entry


def _problem(entry: Entry) -> tuple[str, str]:
    """What is wrong with an entry, empty if nothing; and its certificates, armored anew."""
    key = None if entry.key_info is None else public_key_of_info(entry.key_info).info
    stem = ""
    if entry.request is not None:
        if key is not None and _key_of_request(entry.request.csr) != key:
            return "its CSR is for another key", ""
        if entry.request.filename != Csr(entry.request.csr, "").filename:
            return "the name of the CSR's file does not belong to this entry", ""
        stem = entry.request.filename.removesuffix(".csr")
    if entry.certificate_file not in (None, f"{stem}.pem"):
        return "the name of the certificate's file does not belong to this entry", ""
    chain = parse_certificates(entry.issued.certificate.encode(), "the journal") if entry.issued else []
    if chain and key is not None and chain[0].public_key.info != key:
        return "its certificate is for another key", ""
    if entry.registered is not None:
        name, arn, placed = entry.registered.certificate_id, entry.registered.arn, entry.of(Placed)
        if not _ID.fullmatch(name) or (chain and chain[0].fingerprint != name):
            return "its certificate ID belongs to another certificate", ""
        if not chain:
            return "it has a certificate ID, but no certificate", ""
        if not re.fullmatch(_ARN.format(*map(re.escape, (placed.region, placed.account, name))), arn):
            return "the ARN of its certificate belongs to another certificate", ""
    return "", "".join(certificate.pem for certificate in chain)


def _key_of_request(csr: bytes) -> bytes:
    """The public key of a CSR, SubjectPublicKeyInfo in DER.

    :raises ValueError: if it is no CSR.
    """
    from cryptography import x509

    with one_error():
        return public_key_of(x509.load_der_x509_csr(csr).public_key()).info


def key_digest(key_info: bytes) -> str:
    """What the journal keeps of the key of a certificate that was replaced: SHA-256 of its SubjectPublicKeyInfo."""
    return hashlib.sha256(public_key_of_info(key_info).info).hexdigest()


def known_keys(entry: Entry) -> dict[str, str | None]:
    """The certificates of an entry, those before it first, each with its key's digest; None if that is not known."""
    known = {one.certificate_id: one.key for one in entry.begun.replaced}
    if entry.certificate_id is not None:
        known[entry.certificate_id] = None if entry.key_info is None else key_digest(entry.key_info)
    return known


def known_certificates(entry: Entry | None) -> set[str]:
    """SHA-256, in hex, of the certificates of an entry, those before it among them; none of no entry."""
    if entry is None:
        return set()
    known = set(known_keys(entry))
    if entry.certificate is not None:
        with suppress(CertificateError, ValueError):
            known |= {one.fingerprint for one in parse_certificates(entry.certificate.encode(), "the journal")}
    return known


def other_owner(certificate: Certificate, journal: Journal, uid: str, slot: str) -> str:
    """The other slot of a chip whose identity, which is not taken back, has a certificate; empty if there is none.

    :param uid: the chip's UID in hex.
    """
    for entry in journal.of_chip(uid):
        is_live = entry.slot != slot and entry.step is not Step.DEPROVISIONED
        if is_live and certificate.fingerprint in known_certificates(entry):
            return entry.slot
    return ""


def check_names(entry: Entry, journal: Journal) -> None:
    """Refuse an entry with the certificate of another chip.

    :raises ConfigurationError: if one of its certificates is known as another chip's, or an identifier is none.
    """
    for name in known_keys(entry):
        if not _ID.fullmatch(name) or journal.owners(name) - {entry.uid}:
            raise damaged(entry.uid, entry.slot, "it has the certificate of another chip")


def whose(entry: Entry, held: CloudCertificate, registry: Registry) -> bool | None:
    """Whether a certificate in AWS IoT is an entry's, by its key.

    Journals of earlier releases did not keep the keys of certificates that were replaced; such a one is taken for the
    entry's where it is attached to the entry's thing.

    :returns: None if that cannot be told.
    :raises AwsError: if AWS does not tell.
    """
    key = known_keys(entry).get(held.certificate_id)
    if key is not None:
        return key == hashlib.sha256(held.certificate.public_key.info).hexdigest()
    is_attached = entry.thing is not None and held.certificate_id in registry.certificates_of(entry.thing)
    return True if is_attached else None
