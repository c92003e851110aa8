"""What a CA that was made elsewhere has issued and revoked so far, for the records of its new folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from optiga.ca.crl_entries import Revocation, entries_of, write_unrecorded
from optiga.ca.integrity import MAX_CRL_FILE
from optiga.ca.records import Record as IssuedRecord
from optiga.ca.records import Records
from optiga.ca.revocation import why_no_crl
from optiga.errors import CertificateError, ConfigurationError, Reason
from optiga.files.files import read_input, refused
from optiga.files.opening import about_its, at_fault
from optiga.pki.certificate import Certificate, format_serial
from optiga.pki.certificate_files import load_found
from optiga.pki.crls import load_crl
from optiga.pki.name_parts import is_same_encoded_name
from optiga.pki.x509_errors import one_error

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from optiga.files.passphrases import Passphrase
    from optiga.pki.pkcs12 import Unlock

_ENDS = (".pem", ".crt", ".cer", ".der")
"""How the names of the files end that are read in a folder."""


@dataclass(frozen=True, slots=True)
class EarlierHistory:
    """What was issued and revoked.

    :param issued: each certificate once.
    :param revoked: what the CRL revokes, also of certificates that are not known.
    :param crl: the CRL that says so, in DER; empty where none was given.
    :param end: until when the CA's certificate is valid, UTC; None if nothing was issued or revoked.
    :param left_out: files in which there are certificates that others have issued.
    """

    issued: tuple[Certificate, ...] = ()
    revoked: tuple[Revocation, ...] = ()
    crl: bytes = b""
    end: datetime | None = None
    left_out: tuple[Path, ...] = ()

    @property
    def unknown(self) -> tuple[Revocation, ...]:
        """What was revoked without that its certificate is known."""
        known = {format_serial(one.serial) for one in self.issued}
        return tuple(one for one in self.revoked if one.serial not in known)

    def write_into(self, records: Records) -> None:
        """Write it down in records that are empty."""
        with records.transaction():
            for certificate in self.issued:
                records.add(IssuedRecord.of(certificate, ""))
            if self.end is not None:
                write_unrecorded(records, self.revoked, self.end)


def read_history(
    own: Certificate, issued: Sequence[Path], crl: Path | None, *, passphrase: Passphrase | Unlock | None = None
) -> EarlierHistory:
    """What files say that a CA has issued and revoked.

    :param own: the CA's certificate.
    :param issued: files with certificates of it, or folders of such files; others in them are left out.
    :param crl: the last CRL that it gave out.
    :param passphrase: what opens PKCS #12 containers among the files.
    :raises ConfigurationError: if a file cannot be read.
    :raises CertificateError: if a file has no certificate, or is no CRL, of this CA.
    """
    found: dict[str, Certificate] = {}
    left_out: list[Path] = []
    for given in issued:
        has_one = False
        for path in _files_of(given):
            held = load_found(path, any_names=True, passphrase=passphrase).certificates
            mine = [one for one in held if one.is_issued_by(own) and one != own]
            has_one |= bool(mine)
            if any(_is_strange(one, own, beside_own=bool(mine)) for one in held):
                left_out.append(path)
            for one in mine:
                other = found.setdefault(format_serial(one.serial), one)
                if other.der != one.der:
                    raise CertificateError(
                        f"{path} holds another certificate with the serial number {one.serial_text}",
                        reason=Reason.CONFLICT,
                    )
        if not has_one:
            raise CertificateError(f"{given} holds no certificate issued by {own.subject}", reason=Reason.MISMATCH)
    if crl is None:
        return EarlierHistory(tuple(found.values()), left_out=tuple(left_out))
    der, entries = _read_crl(crl, own)
    return EarlierHistory(tuple(found.values()), tuple(entries), der, own.not_after, tuple(left_out))


def _is_strange(one: Certificate, own: Certificate, *, beside_own: bool) -> bool:
    """Whether a certificate has nothing to do with a CA: not issued by it, not its own of any date, not above it.

    :param beside_own: whether it is in the file of one that the CA has issued: other CAs' belong to the chain then.
    """
    is_own = one.public_key.info == own.public_key.info and is_same_encoded_name(one.fields.subject, own.fields.subject)
    return not (is_own or (one.is_ca and beside_own) or one.is_issued_by(own) or own.is_issued_by(one))


def _files_of(path: Path) -> list[Path]:
    """A file, or the files of certificates in a folder.

    :raises ConfigurationError: if a folder has none, or cannot be read.
    """
    if not path.is_dir():
        return [path]
    try:
        found = sorted(one for one in path.iterdir() if one.suffix.lower() in _ENDS and one.is_file())
    except OSError as error:
        raise refused(f"cannot read the folder {path}", error, Reason.NOT_READABLE) from None
    if not found:
        raise ConfigurationError(
            f"the folder {path} has no file whose name ends in {', '.join(_ENDS)}", reason=Reason.NOT_FOUND
        )
    return found


@at_fault("crl")
@about_its("path")
def _read_crl(path: Path, own: Certificate) -> tuple[bytes, list[Revocation]]:
    """A CRL of a CA in DER, and its entries."""
    data = read_input(path, "CRL", MAX_CRL_FILE)
    try:
        with one_error():
            crl = load_crl(data)
            is_own = is_same_encoded_name(crl.issuer, own.fields.subject) and crl.is_signed_by(own.parsed.public_key())
            entries = entries_of(crl.parsed)
    except (ValueError, TypeError, CertificateError):
        is_own, entries = False, []
    if not is_own:
        raise why_no_crl(data, str(path), own.subject)
    return crl.der, entries
