"""What a CA that was made elsewhere has issued and revoked so far, for the records of its new folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from optiga.ca.crl_entries import Revocation, entries_of
from optiga.ca.integrity import MAX_CRL_FILE
from optiga.ca.records import Record as IssuedRecord
from optiga.ca.records import Records, format_serial
from optiga.ca.revocation import why_no_crl
from optiga.errors import CertificateError, Reason, naming
from optiga.files.files import read_input
from optiga.pki.certificate import Certificate
from optiga.pki.certificate_files import load_found
from optiga.pki.pem_blocks import is_pem
from optiga.pki.x509_errors import one_error

if TYPE_CHECKING:
    from pathlib import Path

    from optiga.files.passphrases import Passphrase
    from optiga.pki.pkcs12 import Unlock

_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class EarlierHistory:
    """What was issued and revoked.

    :param issued: each certificate once.
    :param revoked: of those alone.
    :param crl: the CRL that says so, in DER; empty where none was given.
    """

    issued: tuple[Certificate, ...] = ()
    revoked: tuple[Revocation, ...] = ()
    crl: bytes = b""

    def write_into(self, records: Records) -> None:
        """Write it down in records that are empty."""
        with records.transaction():
            for certificate in self.issued:
                records.add(IssuedRecord.of(certificate, ""))
            for entry in self.revoked:
                records.mark_revoked(entry.serial, entry.moment, entry.reason)


def read_history(
    own: Certificate, issued: Sequence[Path], crl: Path | None, *, passphrase: Passphrase | Unlock | None = None
) -> EarlierHistory:
    """What files say that a CA has issued and revoked.

    :param own: the CA's certificate.
    :param issued: files with certificates of it; others in them are left out.
    :param crl: the last CRL that it gave out.
    :param passphrase: what opens PKCS #12 containers among the files.
    :raises ConfigurationError: if a file cannot be read.
    :raises CertificateError: if a file has no certificate, or is no CRL, of this CA; if the CRL revokes a certificate
        that no file has: it would be valid again.
    """
    found: dict[str, Certificate] = {}
    for path in issued:
        held = load_found(path, strict=True, passphrase=passphrase).certificates
        mine = [one for one in held if one.is_issued_by(own) and one != own]
        if not mine:
            raise CertificateError(f"{path} holds no certificate issued by {own.subject}", reason=Reason.MISMATCH)
        for one in mine:
            other = found.setdefault(format_serial(one.serial), one)
            if other.der != one.der:
                raise CertificateError(
                    f"{path} holds another certificate with the serial number {one.serial_text}", reason=Reason.CONFLICT
                )
    if crl is None:
        return EarlierHistory(tuple(found.values()))
    der, entries = _read_crl(crl, own)
    missing = [entry.serial for entry in entries if entry.serial not in found]
    if missing:
        named = ", ".join(serial.lstrip("0") or "0" for serial in missing[:_MOST_NAMED])
        more = f" and {len(missing) - _MOST_NAMED} more" if len(missing) > _MOST_NAMED else ""
        raise CertificateError(
            f"{crl} revokes certificates that are not in the given files, and would become valid again: {named}{more}",
            hint=naming("Give the files of these certificates with {issued}"),
            reason=Reason.MISSING,
        )
    return EarlierHistory(tuple(found.values()), tuple(entries), der)


def _read_crl(path: Path, own: Certificate) -> tuple[bytes, list[Revocation]]:
    """A CRL of a CA in DER, and its entries."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    data = read_input(path, "CRL", MAX_CRL_FILE)
    try:
        with one_error():
            crl = x509.load_pem_x509_crl(data) if is_pem(data) else x509.load_der_x509_crl(data)
            is_own = crl.issuer == own.parsed.subject and crl.is_signature_valid(own.parsed.public_key())  # type: ignore[arg-type]
            entries = entries_of(crl)
    except (ValueError, TypeError):
        is_own, entries = False, []
    if not is_own:
        raise why_no_crl(data, str(path), own.subject)
    return crl.public_bytes(Encoding.DER), entries
