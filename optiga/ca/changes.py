"""How a CA's records are changed: checked before, signed in the same transaction, and given out behind it.

There is never a chain of records without its signature in a file beside them. Where a chain begins, the signature is
written before the records are: a run that ends between the two leaves records without a chain, and a signature that
fits what their chain begins with.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from optiga.ca.crl_entries import Revocation, find_unrecorded, write_unrecorded
from optiga.ca.folder import OWN_MODE
from optiga.ca.integrity import check_records, find_objection, key_of, read_crl_file, read_published
from optiga.ca.records import utc_now
from optiga.ca.revocation import PublishedCrl, build_crl, choose_crl_number, choose_crl_time, read_crl
from optiga.errors import ConfigurationError
from optiga.files.files import write_whole
from optiga.pki.pem import encode_pem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from optiga.ca.folder import CaFolder
    from optiga.ca.profile import Issuer
    from optiga.ca.records import Records


@dataclass(frozen=True, slots=True)
class AcceptedRecords:
    """Records that were taken as they are.

    :param objection: what is wrong with them; empty if nothing is.
    :param completed: what CRLs revoke and the records did not, and what they revoke now.
    """

    objection: str = ""
    completed: tuple[Revocation, ...] = ()


@dataclass(frozen=True, slots=True)
class Changes:
    """What changes a CA's records, and the files that are written of them.

    :param issuer: the CA with its key.
    """

    folder: CaFolder
    issuer: Issuer

    @contextmanager
    def change(self, records: Records, published: Path | None = None) -> Iterator[None]:
        """Change records that are those which this CA wrote last, all or nothing, and sign what they are then.

        :param published: the file of a CRL that was given out, which they must know.
        :raises ConfigurationError: if they are not, or cannot be written.
        """
        if not records.is_chained:
            self._begin_chain(records)
        with records.transaction():
            check_records(self.folder, records, published)
            yield
            records.seal(self.issuer.key)

    @contextmanager
    def change_as_they_are(self, records: Records, published: Path | None = None) -> Iterator[AcceptedRecords]:
        """Change records that may be edited or from an older copy; a new chain begins with them then.

        What CRLs of this CA revoke stays revoked: the CA has signed it. The new chain knows these CRLs, so that no
        check with one of them refuses the records again.

        :param published: the file of a CRL that was given out.
        :returns: what is wrong with them, and what was added, for the block.
        :raises ConfigurationError: if they are another CA's, or cannot be written.
        :raises CertificateError: if the published CRL is none of this CA.
        """
        if not records.is_chained:
            with suppress(ConfigurationError):  # which is found once more, as an objection
                self._begin_chain(records)
        with records.transaction():
            objection = find_objection(self.folder, records, published)
            completed = find_unrecorded(self.folder, records, published) if objection else []
            if objection:
                records.begin_chain()
                self._note_crls(records, published)
                write_unrecorded(records, completed, self.folder.certificate.not_after)
            yield AcceptedRecords(objection, tuple(completed))
            head = records.seal(self.issuer.key)
            if objection:
                write_whole(self.folder.head_path, head.document, OWN_MODE)

    def add_crl(
        self,
        records: Records,
        now: datetime | None,
        days: int,
        *,
        trust_clock: bool = False,
        published: Path | None = None,
    ) -> None:
        """Sign a new CRL and write it down.

        :param now: the time that counts; None for the clock's.
        :param days: how long it is good for.
        :param trust_clock: begin now, even if the last CRL begins later.
        :param published: the file of a CRL that was given out, which the new one comes after.
        :raises CertificateError: if the CA is not valid now, or the clock is before the last CRL and not trusted.
        """
        assert self.issuer.certificate is not None  # noqa: S101 - who has a folder has a certificate
        moment, known = now or utc_now(), known_crls(self.folder, records, published)
        last = max((crl.this_update for crl in known if not (trust_clock and crl.is_ahead(moment))), default=None)
        time = choose_crl_time(moment, days, self.issuer.certificate, last)
        number = choose_crl_number(max((crl.number for crl in known), default=0), now or datetime.now(timezone.utc))
        records.add_crl(number, build_crl(self.issuer, records.revoked(), number, time, moment))

    def publish(self, records: Records, *, crl: bool = True) -> None:
        """Write the newest head and CRL into their files; in a transaction, so that no older one comes after it.

        :raises ConfigurationError: if they cannot be written.
        """
        with records.transaction():
            if head := records.head():
                write_whole(self.folder.head_path, head.document, OWN_MODE)
            if crl:
                pem = encode_pem("X509 CRL", records.newest_crl())
                write_whole(self.folder.crl_path, pem.encode("ascii"), OWN_MODE)

    def _note_crls(self, records: Records, published: Path | None) -> None:
        """Have a new chain know the CRLs that come after the one it begins with; it takes older ones unseen."""
        known = known_crls(self.folder, records, published)
        own = read_crl(records.newest_crl(), key_of(self.folder))
        for crl in known:
            if own is not None and crl.number >= own.number and crl.sha256 != own.sha256:
                records.note_crl(crl.number, crl.sha256)

    def _begin_chain(self, records: Records) -> None:
        """Give records of an earlier version their chain, of what they hold and nothing else."""
        with records.transaction():
            if records.is_chained:  # another process was quicker
                return
            check_records(self.folder, records)
            records.begin_chain()
            write_whole(self.folder.head_path, records.seal(self.issuer.key).document, OWN_MODE)


def known_crls(folder: CaFolder, records: Records, published: Path | None = None) -> list[PublishedCrl]:
    """The CRL that a CA's records have, the one in its folder, and one that was given out."""
    public_key = key_of(folder)
    known = [read_crl(records.newest_crl(), public_key), read_crl_file(folder)]
    if published is not None:
        known.append(read_published(published, public_key))
    return [crl for crl in known if crl]
