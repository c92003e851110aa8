"""What a CA's records say of a key that it has certified: whether the CA has taken that back."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING

from optiga.ca.integrity import check_records
from optiga.ca.profile import CLOCK_TOLERANCE
from optiga.ca.records import open_records
from optiga.ca.revocation import COMPROMISES
from optiga.pki.certificate import format_serial

if TYPE_CHECKING:
    from optiga.ca.folder import CaFolder
    from optiga.ca.records import Record
    from optiga.pki.certificate import Certificate


_VERIFICATION = timedelta(days=1) + CLOCK_TOLERANCE
"""How long the certificate of a code is valid."""


def find_revocation(
    folder: CaFolder, key_info: bytes, *, certificate: Certificate | None = None, csr_der: bytes = b""
) -> Record | None:
    """The record of the revocation with which a CA no longer stands for a key; None if it does, or never did.

    :param key_info: the key, SubjectPublicKeyInfo in DER.
    :param certificate: the key's certificate that is in use; None if nobody has it yet.
    :param csr_der: the request for it, where nobody has the certificate: all that was issued for it must be revoked.
    :raises ConfigurationError: if the records cannot be read, or are not those that this CA wrote last.
    """
    with open_records(folder.records_path) as records, records.snapshot():
        check_records(folder, records)
        of_key = records.of_key(hashlib.sha256(key_info).hexdigest())
        if certificate is not None and certificate.is_issued_by(folder.certificate):
            of_serial = records.find(format_serial(certificate.serial))
            if of_serial is not None and not of_serial.der and of_serial.revoked_at is not None:
                return of_serial  # a CRL has told no more of it
    revoked = [one for one in of_key if one.revoked_at is not None]
    if certificate is not None:
        meant = [one for one in of_key if one.der == certificate.der]
    else:
        request = hashlib.sha256(csr_der).hexdigest()
        meant = [one for one in of_key if one.request_sha256 == request]
    if meant and all(one in revoked for one in meant):
        return meant[-1]
    return next((one for one in revoked if one.reason in COMPROMISES), None)


def has_issued_for(folder: CaFolder, csr_der: bytes) -> bool:
    """Whether a CA has issued a certificate for a request, whatever has become of that.

    :raises ConfigurationError: if the records cannot be read, or are not those that this CA wrote last.
    """
    with open_records(folder.records_path) as records, records.snapshot():
        check_records(folder, records)
        return bool(records.of_request(hashlib.sha256(csr_der).hexdigest()))


def is_told_to_aws(folder: CaFolder) -> bool:
    """Whether a CA has certified a code for somebody who wanted to see its key proven, as ``ca register`` does.

    :raises ConfigurationError: if the records cannot be read.
    """
    with open_records(folder.records_path) as records:
        return any(_is_verification(one) for one in records.all())


def _is_verification(record: Record) -> bool:
    """Whether a record is that of a certificate for a code, which is valid for a day and has no purpose.

    Certificates that were not issued here have no request either; of some only the serial number is known.
    """
    if record.request_sha256 or not record.der or record.not_after - record.not_before > _VERIFICATION:
        return False
    return not record.certificate.is_ca and not record.certificate.purposes
