"""The first steps of a new identity: the chip makes a key pair and signs a CSR, and somebody certifies it."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from optiga.errors import CloudError
from optiga.files.files import write_whole
from optiga.identity.csr import sign_csr
from optiga.identity.key_fate import KeyFate
from optiga.pki.pem import encode_pem
from optiga.pki.public_keys import public_key_of_info
from optiga.provision.facts import CsrSigned, Issued, KeyMade, Requested
from optiga.provision.issuers import Certified, Request

if TYPE_CHECKING:
    from optiga.provision.entry import Entry
    from optiga.provision.on_chip import OnChip
    from optiga.provision.plan import NewIdentity
    from optiga.provision.report import Report


class NewKey:
    """What is done to a chip until the certificate of its new key is there.

    Each step returns the entry with what it has made.

    :param folder: where CSR and certificate go.
    :param asked_before: whether a run that was interrupted may have had the key certified already.
    """

    def __init__(self, on_chip: OnChip, new: NewIdentity, folder: Path, report: Report, *, asked_before: bool) -> None:
        self._on_chip = on_chip
        self._configuration = new.configuration
        self._issuer = new.issuer
        self._folder = folder
        self._report = report
        self._asked_before = asked_before

    def make_key(self, entry: Entry) -> Entry:
        """Have the chip make the key pair."""
        algorithm, usage = self._configuration.algorithm, self._configuration.key_usage
        self._report.note(f"The chip makes a key pair {algorithm.title} in {self._on_chip.key_label}")
        oid = self._configuration.slot.key_oid
        with KeyFate(oid) as fate:
            fate.asked()
            key = self._on_chip.chip.generate_key(oid, algorithm, usage)
            fate.made()
        return entry.after(KeyMade(key.public_key_info))

    def make_csr(self, entry: Entry) -> Entry:
        """Have the chip sign the CSR."""
        key = self._on_chip.key(entry, self._configuration.algorithm)
        csr = sign_csr(key, self._configuration, self._on_chip.uid)
        return entry.after(CsrSigned(csr.der, csr.filename, csr.public_key))

    def request(self, entry: Entry) -> Entry:
        """Keep the CSR, and say that it is going to be asked for a certificate."""
        signed = entry.of(CsrSigned)
        pem = encode_pem("CERTIFICATE REQUEST", signed.csr)
        write_whole(self._folder / signed.filename, pem.encode("ascii"), ours=True)
        self._report.note(f"CSR {signed.filename}")
        return entry.after(Requested(datetime.now(timezone.utc).replace(microsecond=0)))

    def certify(self, entry: Entry) -> Entry:
        """Have the key certified, once: what an interrupted run has had certified is found."""
        request, issuer = Request.of(entry), self._issuer
        certified = None
        if self._asked_before:
            self._report.note(f"Looking for a certificate that {issuer.title} may have issued already")
            certified = issuer.find(request)
        if certified is not None:
            self._report.note(f"{issuer.title} had issued one in the run that was interrupted")
        else:
            certified = issuer.certify(request)
        self._check_key(certified, request.key_info)
        for note in certified.notes:
            self._report.note(note)
        self._report.note(f"Certificate from {issuer.title}")
        pem = "".join(certificate.pem for certificate in certified.chain)
        entry = entry.after(Issued(pem, f"{Path(entry.of(CsrSigned).filename).stem}.pem"))
        return entry if certified.registered is None else entry.after(certified.registered)

    def _check_key(self, certified: Certified, key_info: bytes) -> None:
        """Refuse a certificate of another key than the CSR's."""
        if certified.chain[0].public_key.info != public_key_of_info(key_info).info:
            registered = certified.registered
            which = f" {registered.certificate_id}, which stays inactive" if registered else ""
            raise CloudError(
                f"{self._issuer.title} has certified another key than the CSR's: certificate{which}",
                hint="Nothing was written to the chip; is the endpoint AWS's own?",
            )
