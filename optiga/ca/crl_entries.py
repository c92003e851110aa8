"""Entries of a CA's CRLs, and what records that are older than a CRL lack of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from optiga.ca.integrity import MAX_CRL_FILE, key_of
from optiga.ca.records import Record
from optiga.ca.revocation import REASONS, is_graver
from optiga.errors import CertificateError, ConfigurationError
from optiga.files.files import read_input
from optiga.pki.certificate import format_serial
from optiga.pki.crls import load_crl
from optiga.pki.x509_errors import one_error

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from cryptography import x509

    from optiga.ca.folder import CaFolder
    from optiga.ca.records import Records
    from optiga.ca.signing import CaPublicKey


@dataclass(frozen=True, slots=True)
class Revocation:
    """An entry of a CRL.

    :param serial: in hex, 40 digits.
    :param moment: with its time zone, UTC.
    :param reason: one of :data:`~optiga.ca.revocation.REASONS`.
    """

    serial: str
    moment: datetime
    reason: str


def entries_of(crl: x509.CertificateRevocationList) -> list[Revocation]:
    """The entries of a CRL; a reason that is not one of ours counts as unspecified.

    :raises ValueError: if one is damaged.
    """
    return [_entry_of(entry) for entry in crl]


def find_unrecorded(folder: CaFolder, records: Records, published: Path | None = None) -> list[Revocation]:
    """What CRLs of a CA revoke and its records do not, or only for a lesser reason.

    The CRLs are those in the records, in the folder, and in a file. The CA's key has signed each of them, so that
    they are believed where the records are not.

    :param published: the file of a CRL that was given out; None for none.
    """
    sources = [records.newest_crl()]
    for path in (folder.crl_path, published):
        if path is not None:
            sources.append(_read(path))
    found: dict[str, Revocation] = {}
    for data in sources:
        for entry in _read_entries(data, key_of(folder)):
            known = found.get(entry.serial)
            if known is None or is_graver(entry.reason, known.reason):
                found[entry.serial] = entry
    return [entry for entry in found.values() if _is_lacking(records.find(entry.serial), entry)]


def write_unrecorded(records: Records, entries: Iterable[Revocation], end: datetime) -> None:
    """Revoke in the records what a CRL revokes. Of a certificate that they lack, only the serial number is known.

    :param end: until when the CA's certificate is valid: no certificate of the CA is for longer.
    """
    for entry in entries:
        record = records.find(entry.serial)
        if record is None:
            records.add(Record(entry.serial, "", min(entry.moment, end), end, "", "", b""))
        moment = entry.moment if record is None or record.revoked_at is None else record.revoked_at
        records.mark_revoked(entry.serial, moment, entry.reason)


def _is_lacking(record: Record | None, entry: Revocation) -> bool:
    return record is None or record.revoked_at is None or is_graver(entry.reason, record.reason)


def _read(path: Path) -> bytes:
    """The content of a CRL's file; empty if it cannot be read."""
    try:
        return read_input(path, "CRL", MAX_CRL_FILE)
    except ConfigurationError:
        return b""


def _read_entries(data: bytes, public_key: CaPublicKey) -> list[Revocation]:
    """The entries of a CRL; none if it is not one of the CA, or damaged."""
    try:
        with one_error():
            crl = load_crl(data)
            return entries_of(crl.parsed) if crl.is_signed_by(public_key) else []
    except (ValueError, CertificateError):
        return []


def _entry_of(entry: x509.RevokedCertificate) -> Revocation:
    from cryptography import x509

    try:
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    except x509.ExtensionNotFound:
        reason = ""
    known = reason if reason in REASONS else REASONS[0]
    return Revocation(format_serial(entry.serial_number), entry.revocation_date_utc, known)
