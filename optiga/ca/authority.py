"""A CA at work: it issues certificates, revokes them, and says which it has revoked."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING

from optiga.arguments import takes
from optiga.ca.changes import AcceptedRecords, Changes, known_crls
from optiga.ca.folder import CERTIFICATE, KEY, OWN_MODE, CaFolder, check_writable
from optiga.ca.integrity import check_records, key_of
from optiga.ca.issued import IssuedCertificate, compromised, warnings_about
from optiga.ca.judging import judge
from optiga.ca.keys import open_key, replace_key
from optiga.ca.profile import (
    Issuer,
    Validity,
    build_ca,
    build_device,
    build_verification,
    check_device,
    check_renewed,
    choose_validity,
    device_size,
    rebuild_ca,
)
from optiga.ca.records import Record, Records, key_fingerprint, open_records, utc_now
from optiga.ca.request import CsrSource, take_request
from optiga.ca.revocation import COMPROMISES, CRL_DAYS, PublishedCrl
from optiga.ca.revoking import Revoked, find_keys_unknown, plan_revocation, warnings_of_keys_unknown, write_revocation
from optiga.ca.signing import stranger_like
from optiga.errors import CertificateError, ConfigurationError, Reason
from optiga.files.files import write_whole
from optiga.pki.certificate import Certificate
from optiga.values import NotCopied

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

    from optiga.ca.signing import CaKey
    from optiga.files.passphrases import Passphrase

INTERMEDIATE_DAYS = 3650
"""How long an intermediate CA's certificate is valid unless it is said otherwise, in days."""


class CertificateAuthority(NotCopied):
    """A CA whose key is open, or is opened when it first signs.

    :param key: the key, or what opens it.
    :param warnings: what its owner should know, one sentence each.
    """

    def __init__(self, folder: CaFolder, key: CaKey | Callable[[], CaKey], warnings: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self.warnings = warnings
        self._key = key

    @classmethod
    def open(
        cls,
        path: Path,
        passphrase: bytes | Passphrase | None = None,
        *,
        later: Callable[[CaFolder], CaKey] | None = None,
    ) -> CertificateAuthority:
        """Open the CA in a folder.

        :param later: opens its key when that is first needed; None opens it now.
        :raises ConfigurationError: if there is none, or its key does not open.
        :raises CertificateError: if its certificate is damaged or not that of its key.
        """
        folder = CaFolder.open(path)
        folder.check_published()
        key = open_key(folder, passphrase) if later is None else partial(later, folder)
        warnings = []
        if folder.key_is_open_to_others:
            warnings.append(f"other users can read the CA's key {path / KEY}: remove their access with chmod 600")
        if passphrase is not None and not folder.key_is_encrypted:
            warnings.append(f"the CA's key {path / KEY} is not encrypted: the passphrase is not needed")
        if folder.is_behind:
            write_whole(path / CERTIFICATE, folder.certificate.pem.encode("ascii"), OWN_MODE)
        with open_records(folder.records_path):  # without them a CA does nothing
            return cls(folder, key, tuple(warnings))

    def __repr__(self) -> str:
        return f"<CertificateAuthority in {str(self.folder.path)!r}>"

    @property
    def is_open(self) -> bool:
        """Whether the key is open."""
        return not callable(self._key)

    @property
    def key(self) -> CaKey:
        """The CA's private key; what opens it may raise an :class:`~optiga.errors.OptigaError`."""
        if callable(self._key):
            self._key = self._key()
        return self._key

    def unlock(self) -> CaKey:
        """The same, for a command that opens the key before it holds the records."""
        return self.key

    @cached_property
    def _issuer(self) -> Issuer:
        return Issuer.of(self.key, self.folder.certificate, self.folder.settings.crl_url)

    @cached_property
    def _changes(self) -> Changes:
        return Changes(self.folder, self._issuer)

    @property
    def certificate(self) -> Certificate:
        """The CA's own certificate."""
        return self.folder.certificate

    @takes
    def issue(
        self,
        csr: CsrSource,
        days: int | None = None,
        *,
        server: bool = False,
        ignore_names: bool = False,
        now: datetime | None = None,
    ) -> IssuedCertificate:
        """Issue a device's certificate for a request.

        :param csr: path of a file, PEM as text or bytes, DER, or a CSR.
        :param days: validity; 3650 or what the CA has left by default.
        :param server: let it be a TLS server, too, if the request asks for that.
        :param ignore_names: leave out names that the CA does not certify, in place of refusing them.
        :param now: the time that counts.
        :raises CertificateError: if the request must not be granted or the CA is not valid.
        :raises ConfigurationError: if the days are none, or a file cannot be read or written; nothing was issued then.
        """
        judged = judge(self.folder, take_request(csr), days, now or utc_now(), server=server, ignore_names=ignore_names)
        request, grant = judged.request, judged.grant
        issued = self._issue(
            lambda serial: build_device(request, grant, self._issuer, serial, judged.validity),
            request.sha256,
            lambda signed: check_device(signed, request, grant),
        )
        return replace(issued, notes=(*issued.notes, *judged.changes))

    def check(
        self,
        csr_der: bytes,
        days: int | None = None,
        *,
        server: bool = False,
        ignore_names: bool = False,
        now: datetime | None = None,
    ) -> tuple[str, ...]:
        """Refuse a request for which :meth:`issue` would issue no certificate; issues none.

        :param csr_der: the request in DER, or one like it of another key: its key is not looked up.
        :returns: what the certificate would have otherwise than the request asks, one sentence each.
        :raises CertificateError: if it must not be granted or the CA is not valid.
        :raises ConfigurationError: if the days are none, or the records are not those that the CA needs or
            cannot be written.
        """
        judged = judge(self.folder, csr_der, days, now or utc_now(), server=server, ignore_names=ignore_names)
        check_writable(self.folder.path)
        with open_records(self.folder.records_path) as records, records.trial():
            check_records(self.folder, records)
        return judged.changes

    def sizes(
        self, csr_der: bytes, days: int | None = None, *, server: bool = False, ignore_names: bool = False
    ) -> tuple[int, ...]:
        """How long what :meth:`issue` gives for a request can be; issues none.

        :param csr_der: as :meth:`check` takes it.
        :returns: most bytes of each certificate in DER, the device's first, then the chain's.
        :raises CertificateError: as :meth:`check` does, and if no certificate can be made of the request.
        :raises ConfigurationError: if the days are none.
        """
        judged = judge(self.folder, csr_der, days, utc_now(), server=server, ignore_names=ignore_names)
        key, folder = key_of(self.folder), self.folder
        stranger = Issuer.of(stranger_like(key), folder.certificate, folder.settings.crl_url)
        size = device_size(judged.request, judged.grant, key, stranger, judged.validity)
        return (size, *(len(one.der) for one in self.folder.chain))

    def find_issued(self, csr_der: bytes, *, now: datetime | None = None) -> IssuedCertificate | None:
        """The newest certificate issued for a request that is still good, None if there is none.

        :raises ConfigurationError: if the records cannot be read, or are not those that this CA wrote last.
        """
        request = hashlib.sha256(csr_der).hexdigest()
        with open_records(self.folder.records_path) as records, records.snapshot():
            check_records(self.folder, records)
            found = [record for record in records.of_request(request) if record.state(now or utc_now()) == "valid"]
        if not found:
            return None
        return IssuedCertificate(found[-1].certificate, self.folder.chain, found[-1].serial)

    def can_show(self, content: bytes, csr_der: bytes) -> bool:
        """Whether a file's content is what was issued for a request; raises what :meth:`find_issued` does."""
        request = hashlib.sha256(csr_der).hexdigest()
        with open_records(self.folder.records_path) as records, records.snapshot():
            check_records(self.folder, records)
            found = [IssuedCertificate(one.certificate, self.folder.chain, "") for one in records.of_request(request)]
        return any(one.pem.encode() == content for one in found)

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
            raise CertificateError(f"{code!r} cannot be certified: {error}", reason=Reason.REFUSED) from None
        public_key = ec.generate_private_key(ec.SECP256R1()).public_key()
        validity = choose_validity(utc_now(), 1, 1, self.certificate.parsed)
        return self._issue(lambda serial: build_verification(subject, public_key, self._issuer, serial, validity), "")

    def issue_ca(
        self,
        subject: x509.Name,
        public_key: ec.EllipticCurvePublicKey,
        validity: Validity,
        constraints: x509.NameConstraints | None = None,
    ) -> IssuedCertificate:
        """Issue the certificate of an intermediate CA.

        :param constraints: the names that it may certify; None for any.
        :raises ConfigurationError: if the records cannot be written; nothing was issued then.
        """
        return self._issue(
            lambda serial: build_ca(
                subject, public_key, self._issuer, serial, validity, path_length=0, constraints=constraints
            ),
            "",
        )

    def issue_renewed(self, old: Certificate, validity: Validity) -> IssuedCertificate:
        """Issue the certificate of an intermediate CA anew: key, name and extensions are those that it has.

        :raises CertificateError: if the key was revoked as compromised.
        :raises ConfigurationError: if the records cannot be written; nothing was issued then.
        """
        return self._issue(
            lambda serial: rebuild_ca(old, self._issuer, validity, serial),
            "",
            lambda signed: check_renewed(signed, old),
        )

    def revoke(
        self, name: str | Path, reason: str = "unspecified", *, crl_days: int = CRL_DAYS, now: datetime | None = None
    ) -> Revoked:
        """Revoke a certificate for good, and write a new CRL. If its key is compromised, every valid certificate of
        this key is revoked.

        :param name: its serial number in hex, its beginning of at least 6 digits, or a file that it is in; a path is a
            file whatever its name is.
        :param reason: one of :data:`~optiga.ca.revocation.REASONS`.
        :returns: what was revoked, and what was before.
        :raises CertificateError: if this CA has issued no such certificate.
        :raises ConfigurationError: if the records or the CRL cannot be written.
        """
        moment = now or utc_now()
        with open_records(self.folder.records_path) as records:
            with self._changes.change(records):
                plan = plan_revocation(self.folder, records, name, reason, moment)
                done = write_revocation(records, plan, moment)
                self._changes.add_crl(records, now, crl_days)
            try:
                self._changes.publish(records)
            except ConfigurationError as error:
                raise ConfigurationError(
                    error.message,
                    hint="The certificate is revoked. To write the CRL, use 'python -m optiga ca crl'",
                    reason=error.reason,
                ) from None
        return done

    def find_crl_ahead(self, *, now: datetime | None = None) -> PublishedCrl | None:
        """The last CRL, if it begins only in the future, so that none can be made after it; None if it does not.

        :raises ConfigurationError: if the records cannot be read.
        """
        with open_records(self.folder.records_path) as records:
            known = known_crls(self.folder, records)
        last = max(known, key=lambda crl: crl.this_update, default=None)
        return last if last is not None and last.is_ahead(now or utc_now()) else None

    def renew_crl(
        self,
        days: int = CRL_DAYS,
        *,
        trust_records: bool = False,
        published: Path | None = None,
        trust_clock: bool = False,
        now: datetime | None = None,
    ) -> AcceptedRecords:
        """Write a new CRL.

        :param days: how long it is good for.
        :param trust_records: take the records as they are, even if they are edited or from an older copy, and sign
            them as such. What the CRLs revoke that there are stays revoked.
        :param published: the file of a CRL that was given out, which the records must know, or from which they are
            completed if they are trusted.
        :param trust_clock: begin now, even if the last CRL begins later: it was made with a clock that was ahead.
        :returns: what was wrong with the records that were trusted, and what they lacked; nothing if all was well.
        :raises CertificateError: if the CA is not valid now, or the clock is before the last CRL and not trusted.
        :raises ConfigurationError: if it or the records cannot be written, or the records are not those that this CA
            wrote last.
        """
        accepted = AcceptedRecords()
        with open_records(self.folder.records_path) as records:
            if trust_records:
                with self._changes.change_as_they_are(records, published) as accepted:
                    self._changes.add_crl(records, now, days, trust_clock=trust_clock, published=published)
            else:
                with self._changes.change(records, published):
                    self._changes.add_crl(records, now, days, trust_clock=trust_clock)
            self._changes.publish(records)
        return accepted

    def check_published(self, path: Path) -> None:
        """Refuse records that do not know a CRL which this CA has given out.

        :param path: the CRL's file, PEM or DER.
        :raises ConfigurationError: if they do not: they are older, or edited.
        :raises CertificateError: if it is no CRL of this CA.
        """
        with open_records(self.folder.records_path) as records, records.transaction():
            check_records(self.folder, records, path)

    def change_passphrase(self, passphrase: bytes | None) -> CaFolder:
        """Encrypt the CA's key anew, whole or not at all.

        :param passphrase: None leaves the key open.
        :returns: the folder as it is now.
        :raises ConfigurationError: if the passphrase is too weak, or the key cannot be written; nothing has changed.
        """
        replace_key(self.folder, self._issuer.key, passphrase)
        return CaFolder.open(self.folder.path)

    def _issue(
        self,
        sign: Callable[[int], bytes],
        request_sha256: str,
        check: Callable[[Certificate], None] | None = None,
    ) -> IssuedCertificate:
        """Sign with a serial number of its own, and write down what was signed, before anybody gets it."""
        with open_records(self.folder.records_path) as records:
            signed, record, others = self._sign_in(records, sign, request_sha256, check)
            try:
                self._changes.publish(records, crl=False)
            except ConfigurationError as error:
                raise ConfigurationError(
                    error.message,
                    hint=f"The certificate is issued. Print it: 'python -m optiga ca show {record.serial}'",
                    reason=error.reason,
                ) from None
            unknown = warnings_of_keys_unknown(find_keys_unknown(records))
        warnings = (*warnings_about(others, utc_now(), is_ca=not request_sha256), *unknown)
        return IssuedCertificate(signed, self.folder.chain, record.serial, warnings, warnings)

    def _sign_in(
        self,
        records: Records,
        sign: Callable[[int], bytes],
        request_sha256: str,
        check: Callable[[Certificate], None] | None,
    ) -> tuple[Certificate, Record, list[Record]]:
        """Sign, and write down what was signed; with the other records of its key."""
        from cryptography.x509 import random_serial_number

        with self._changes.change(records):
            try:
                signed = Certificate.parse_any_names(sign(random_serial_number()))
            except (ValueError, TypeError) as error:  # the library reads some names that it does not write
                raise CertificateError(
                    f"cannot issue a certificate for this CSR: {error}", reason=Reason.REFUSED
                ) from None
            if check is not None:
                check(signed)
            others = records.of_key(key_fingerprint(signed))
            if any(other.reason in COMPROMISES for other in others):
                raise compromised(is_ca=not request_sha256)
            record = Record.of(signed, request_sha256)
            records.add(record)
        return signed, record, others
