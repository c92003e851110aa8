"""The certificate of a CA that a user names: by its serial number, or by a file that it is in."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from optiga.ca.records import Record
from optiga.errors import CertificateError, ConfigurationError, Reason, counted, naming
from optiga.files.files import is_there
from optiga.files.opening import about_its, at_fault
from optiga.files.shown import file_in_command
from optiga.pki.certificate import Certificate, format_serial, load_certificates
from optiga.pki.name_parts import is_same_encoded_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from optiga.ca.records import Records

_SERIAL = re.compile(r"(0[xX])?[0-9a-fA-F:]{1,255}")
"""A serial number as it is shown, by this program or by OpenSSL; longer ones no certificate has, and no file."""
LEAST_DIGITS = 6
"""Fewest hex digits that stand for a serial number which begins with them."""
_DIGITS = 40
"""Hex digits of a whole serial number."""
_MOST_LISTED = 5
"""Most certificates that a message lists."""
_LIST = "To list the CA's certificates, use 'python -m optiga ca list'"


def find_record(records: Records, name: str | Path, own: Certificate) -> Record:
    """The record of a certificate that a user names.

    :param name: a text of hex digits and colons alone is a serial number, whatever files there are, or the beginning
        of one: at least :data:`LEAST_DIGITS` digits. Any other text, and any path, is a file.
    :param own: the CA's certificate.
    :raises ConfigurationError: if it is neither.
    :raises CertificateError: if this CA has issued no such certificate, its records lack it, or several serial numbers
        have this beginning.
    """
    record, is_recorded = find_signed(records, name, own)
    if not is_recorded:
        revoking = f"'python -m optiga ca revoke {file_in_command(name)}'"
        raise CertificateError(
            f"the records of this CA lack the certificate in {name}, although the CA has signed it",
            hint=f"The folder is an older copy. To revoke the certificate, use {revoking}",
            reason=Reason.NOT_FOUND,
        )
    return record


@at_fault("name")
@about_its("name", is_name=True)
def find_signed(records: Records, name: str | Path, own: Certificate) -> tuple[Record, bool]:
    """The record of a certificate that a user names, and whether the records have it: a file may also have a
    certificate that the CA has signed and that is not in its records.

    What the records know only by its serial number, from a CRL, is completed from the file, and counts as not recorded.

    :param name: as :func:`find_record` takes it, and it raises what that does.
    """
    if isinstance(name, str) and _SERIAL.fullmatch(name):
        return _find_serial(records, name), True
    path = Path(name)
    if not name or not is_there(path):
        if isinstance(name, Path):
            raise ConfigurationError(
                f"cannot read the certificate {name}: no such file or folder", reason=Reason.NOT_FOUND
            )
        raise ConfigurationError(
            f"{name!r} is neither a serial number in hex nor a file",
            hint="To list the serial numbers, use 'python -m optiga ca list'",
            reason=Reason.NOT_FOUND,
        )
    certificate = load_certificates(path)[0]
    known = records.find(format_serial(certificate.parsed.serial_number))
    if known is not None and known.der == certificate.der:
        return known, True
    if _is_own(certificate, own):
        raise _own_certificate(certificate, path)
    if not certificate.is_issued_by(own):
        raise CertificateError(
            f"the certificate in {path} was not issued by this CA", hint=_LIST, reason=Reason.MISMATCH
        )
    if known is not None and known.der:
        raise CertificateError(
            f"the records of this CA have another certificate with the serial number of that in {path}",
            hint=f"To revoke both, give the serial number {known.serial}",
            reason=Reason.CONFLICT,
        )
    signed = Record.of(certificate, "")
    return (signed if known is None else replace(signed, revoked_at=known.revoked_at, reason=known.reason)), False


def _is_own(certificate: Certificate, own: Certificate) -> bool:
    """Whether a certificate is the CA's own, or was before a renewal."""
    return certificate.public_key.info == own.public_key.info and is_same_encoded_name(
        certificate.fields.subject, own.fields.subject
    )


def _own_certificate(certificate: Certificate, path: Path) -> CertificateError:
    if certificate.is_self_issued:
        hint = "No CRL revokes a root CA: remove its certificate wherever it is trusted"
    else:
        hint = f"The CA that issued it can revoke it: {certificate.issuer}"
    return CertificateError(
        f"the certificate in {path} is the CA's own certificate", hint=hint, reason=Reason.WRONG_TYPE
    )


def _find_serial(records: Records, text: str) -> Record:
    digits = text.lower().removeprefix("0x").replace(":", "")
    found = records.find(format_serial(int(digits, 16))) if digits else None
    if found is not None:
        return found
    begun = records.beginning_with(digits) if digits.strip("0") and len(digits) < _DIGITS else []
    if len(digits) >= LEAST_DIGITS and len(begun) == 1:
        return begun[0]
    if len(digits) >= LEAST_DIGITS and begun:
        raise CertificateError(
            f"{counted(len(begun), 'certificate')} of this CA begin with {text}: {_listed(begun)}",
            hint="Give more digits of the serial number",
            reason=Reason.AMBIGUOUS,
        )
    if begun:
        said = f"{text} is too short for a serial number of this CA"
        hint: str = f"Give at least {LEAST_DIGITS} hex digits of the serial number"
    else:
        said = f"the records of this CA have no certificate {text}"
        hint = f"{_LIST}. If the records are not the newest, give the certificate's file"
    if is_there(Path(text)):
        hint = naming("{hint}. To use the file {text}, give it with {file}", hint=hint, text=text)
    raise CertificateError(said, hint=hint, reason=Reason.BAD_VALUE if begun else Reason.NOT_FOUND)


def _listed(records: Sequence[Record]) -> str:
    """The first of some certificates, as a message lists them."""
    named = [f"{one.serial} ({one.subject or 'unknown subject'})" for one in records[:_MOST_LISTED]]
    return ", ".join(named) + (" …" if len(records) > _MOST_LISTED else "")
