"""A CA at work: it issues certificates, revokes them, and says which it has revoked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from optiga.ca.folder import KEY, CaFolder
from optiga.ca.keys import open_key
from optiga.ca.profile import Issuer, Validity, build_ca, build_device, build_verification, choose_validity
from optiga.ca.records import Record, Records, find_record, key_fingerprint, open_records, utc_now
from optiga.ca.request import CertificateRequest
from optiga.ca.revocation import CRL_DAYS, REASONS, build_crl, is_graver, read_number
from optiga.errors import CertificateError, ConfigurationError
from optiga.files.files import write_whole
from optiga.pki.certificate import Certificate
from optiga.pki.pem import encode_pem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

DEVICE_DAYS = 3650
"""How long a device's certificate is valid unless it is said otherwise, in days."""
INTERMEDIATE_DAYS = 3650
"""The same for an intermediate CA's."""


@dataclass(frozen=True)
class IssuedCertificate:
    """A certificate that is written down in the CA's records.

    :param chain: what goes behind it, its issuer first, never a root; empty where a root has issued it.
    :param serial: in hex, 40 digits.
    :param notes: what the one who asked may want to know, one sentence each.
    """

    certificate: Certificate
    chain: tuple[Certificate, ...]
    serial: str
    notes: tuple[str, ...] = ()

    @property
    def pem(self) -> str:
        """The certificate and its chain, leaf first."""
        return "".join(certificate.pem for certificate in (self.certificate, *self.chain))

    def write(self, path: Path) -> None:
        """Write it with its chain into a file.

        :raises ConfigurationError: if that cannot be; the certificate is not lost then.
        """
        try:
            write_whole(path, self.pem.encode("ascii"))
        except ConfigurationError as error:
            raise ConfigurationError(
                error.message, hint=f"The certificate is issued: 'ca show {self.serial}' prints it"
            ) from None


class CertificateAuthority:
    """A CA whose key is open.

    :param warnings: what its owner should know, one sentence each.
    """

    def __init__(self, folder: CaFolder, key: ec.EllipticCurvePrivateKey, warnings: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self.warnings = warnings
        self._issuer = Issuer(key, folder.certificate.parsed)

    @classmethod
    def open(cls, path: Path, passphrase: bytes | None = None) -> CertificateAuthority:
        """Open the CA in a folder.

        :raises ConfigurationError: if there is none, or its key does not open.
        :raises CertificateError: if its certificate is damaged or not that of its key.
        """
        folder = CaFolder.open(path)
        key = open_key(folder, passphrase)
        warnings = []
        if folder.key_is_open_to_others:
            warnings.append(f"other users may read the CA's key {path / KEY}: take that from them with chmod 600")
        if passphrase is not None and not folder.key_is_encrypted:
            warnings.append(f"the CA's key {path / KEY} is not encrypted: the passphrase was not needed")
        with open_records(folder.records_path):
            pass
        return cls(folder, key, tuple(warnings))

    @property
    def certificate(self) -> Certificate:
        """The CA's own certificate."""
        return self.folder.certificate

    def issue(self, csr_der: bytes, days: int | None = None, *, now: datetime | None = None) -> IssuedCertificate:
        """Issue a device's certificate for a request.

        :param csr_der: the request in DER.
        :param days: validity; 3650 or what the CA has left by default.
        :param now: the time that counts.
        :raises CertificateError: if the request must not be granted or the CA is not valid.
        :raises ConfigurationError: if the days are none, or the records cannot be written; nothing was issued then.
        """
        request = CertificateRequest.parse(csr_der)
        parsed = self.certificate.parsed
        if request.subject == parsed.subject:
            raise CertificateError("the CSR's subject is the CA's own name", hint="Give the device another")
        if request.public_key.key == parsed.public_key():
            raise CertificateError("the CSR's key is the CA's own")
        validity = choose_validity(now or utc_now(), days, DEVICE_DAYS, parsed)
        issued = self._issue(lambda serial: build_device(request, self._issuer, serial, validity), request.sha256)
        if not request.left_out:
            return issued
        note = f"The certificate is a TLS client's; left out of what the CSR asks for: {', '.join(request.left_out)}"
        return IssuedCertificate(issued.certificate, issued.chain, issued.serial, (*issued.notes, note))

    def find_issued(self, csr_der: bytes, *, now: datetime | None = None) -> IssuedCertificate | None:
        """The newest certificate issued for a request that is still good, None if there is none.

        :raises ConfigurationError: if the records cannot be read.
        """
        request = hashlib.sha256(csr_der).hexdigest()
        with open_records(self.folder.records_path) as records:
            found = [record for record in records.of_request(request) if record.state(now or utc_now()) == "valid"]
        if not found:
            return None
        return IssuedCertificate(Certificate.parse(found[-1].der), self.folder.chain, found[-1].serial)

    def issue_verification(self, code: str) -> IssuedCertificate:
        """Certify a code that somebody wants to see certified, for a key that nobody has, for a day.

        :param code: the common name, for example AWS's registration code.
        :raises CertificateError: if it cannot be one, or the CA is not valid.
        :raises ConfigurationError: if the records cannot be written; nothing was issued then.
        """
        from cryptography import x509
        from cryptography.hazmat.primitives.asymmetric import ec

        try:
            subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, code)])
        except ValueError as error:
            raise CertificateError(f"{code!r} cannot be certified: {error}") from None
        public_key = ec.generate_private_key(ec.SECP256R1()).public_key()
        validity = choose_validity(utc_now(), 1, 1, self.certificate.parsed)
        return self._issue(lambda serial: build_verification(subject, public_key, self._issuer, serial, validity), "")

    def issue_ca(
        self, subject: x509.Name, public_key: ec.EllipticCurvePublicKey, validity: Validity
    ) -> IssuedCertificate:
        """Issue the certificate of an intermediate CA.

        :raises ConfigurationError: if the records cannot be written; nothing was issued then.
        """
        return self._issue(
            lambda serial: build_ca(subject, public_key, self._issuer, serial, validity, path_length=0), ""
        )

    def revoke(
        self, name: str, reason: str = "unspecified", *, crl_days: int = CRL_DAYS, now: datetime | None = None
    ) -> tuple[Record, bool]:
        """Revoke a certificate for good, and write a new CRL.

        :param name: its serial number in hex, or a file that it is in.
        :param reason: one of :data:`~optiga.ca.revocation.REASONS`.
        :returns: its record, and whether it was not revoked before; of one that was, only the reason can become graver.
        :raises CertificateError: if this CA has issued no such certificate.
        :raises ConfigurationError: if the records or the CRL cannot be written.
        """
        if reason not in REASONS:
            raise ConfigurationError(f"{reason} is no reason to revoke", hint=f"Reasons are {', '.join(REASONS)}")
        moment = now or utc_now()
        with open_records(self.folder.records_path) as records:
            with records.transaction():
                record = find_record(records, name)
                fresh = record.revoked_at is None
                if fresh or is_graver(reason, record.reason):
                    records.mark_revoked(record.serial, record.revoked_at or moment, reason)
                    record = records.find(record.serial) or record
                self._add_crl(records, moment, crl_days)
            try:
                self._write_crl(records)
            except ConfigurationError as error:
                raise ConfigurationError(
                    error.message, hint="The certificate is revoked; 'ca crl' writes the list that says so"
                ) from None
        return record, fresh

    def renew_crl(self, days: int = CRL_DAYS, *, now: datetime | None = None) -> None:
        """Write a new CRL.

        :param days: how long it is good for.
        :raises ConfigurationError: if it or the records cannot be written.
        """
        with open_records(self.folder.records_path) as records:
            with records.transaction():
                self._add_crl(records, now or utc_now(), days)
            self._write_crl(records)

    def _issue(self, sign: Callable[[int], x509.Certificate], request_sha256: str) -> IssuedCertificate:
        """Sign with a serial number of its own, and write down what was signed, before anybody gets it."""
        from cryptography.hazmat.primitives.serialization import Encoding
        from cryptography.x509 import random_serial_number

        with open_records(self.folder.records_path) as records, records.transaction():
            self._check_records(records)
            try:
                signed = Certificate.parse(sign(random_serial_number()).public_bytes(Encoding.DER))
            except (ValueError, TypeError) as error:  # the library reads some names that it does not write
                raise CertificateError(f"no certificate can be made of what the CSR asks for: {error}") from None
            others = records.of_key(key_fingerprint(signed))
            if any(other.reason == "keyCompromise" for other in others):
                raise CertificateError(
                    "the CSR's key has been revoked as compromised", hint="Have the device make a new key"
                )
            record = Record.of(signed, request_sha256)
            records.add(record)
        others = [other for other in others if other.revoked_at is None]
        notes = (f"The key has another certificate of this CA: {others[-1].serial}",) if others else ()
        return IssuedCertificate(signed, self.folder.chain, record.serial, notes)

    def _check_records(self, records: Records) -> None:
        """Refuse records with which this CA would take back what it has revoked: another's, and those of an older copy.

        In a transaction, so that no other process writes a CRL meanwhile.

        :raises ConfigurationError: if they are such.
        """
        newest = records.newest_crl()
        if not newest:  # the CA is being made
            return
        public_key, path = self._issuer.key.public_key(), self.folder.records_path
        number = read_number(newest, public_key)
        if number is None:
            raise ConfigurationError(f"{path} has the records of another CA", hint="Get its own back from a copy")
        try:
            given_out = read_number(self.folder.crl_path.read_bytes(), public_key)
        except OSError:  # it is written anew
            return
        if given_out is not None and given_out > number:
            raise ConfigurationError(
                f"the records {path} are older than the CRL {self.folder.crl_path}, and may not know what it revokes",
                hint="Get the newest copy of them back; if there is none, take the CRL away, and revoke once more",
            )

    def _add_crl(self, records: Records, now: datetime, days: int) -> None:
        self._check_records(records)
        number = records.next_crl_number()
        records.add_crl(number, build_crl(self._issuer, records.revoked(), number, now, days))

    def _write_crl(self, records: Records) -> None:
        """Write the newest CRL into its file; in a transaction, so that no older one comes after it."""
        with records.transaction():
            write_whole(self.folder.crl_path, encode_pem("X509 CRL", records.newest_crl()).encode("ascii"))
