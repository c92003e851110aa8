"""What a CA has issued and revoked, in one SQLite file: written down before it leaves, one process at a time."""

from __future__ import annotations

import errno
import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from optiga.ca.chain import Head, event_text, link_digest
from optiga.errors import ConfigurationError, Reason
from optiga.files.database import Kind, create, open_database, waiting_for
from optiga.files.sqlite_refusals import refusal_of
from optiga.pki.certificate import Certificate, format_serial

if TYPE_CHECKING:
    from optiga.ca.signing import CaKey

_CHAIN = """
CREATE TABLE chain (sequence INTEGER PRIMARY KEY, event TEXT NOT NULL, hash TEXT NOT NULL);
CREATE TABLE head (sequence INTEGER NOT NULL, hash TEXT NOT NULL, signature BLOB NOT NULL);
"""
_KIND = Kind(
    application_id=0x4F504341,  # OPCA
    version=2,
    schema="""
CREATE TABLE issued (
    serial TEXT PRIMARY KEY, subject TEXT NOT NULL, not_before TEXT NOT NULL, not_after TEXT NOT NULL,
    request_sha256 TEXT NOT NULL, key_sha256 TEXT NOT NULL, certificate BLOB NOT NULL, revoked_at TEXT, reason TEXT
);
CREATE INDEX issued_by_key ON issued (key_sha256);
CREATE TABLE crls (number INTEGER PRIMARY KEY, crl BLOB NOT NULL);
"""
    + _CHAIN,
    title="the CA's record file",
    absent="Restore it from a backup: a CA without its records cannot revoke certificates",
    older=(1,),
    later=("chain", "head"),
    forbidden="A CA keeps its records in its folder: get permission to read and write there",
)
_COLUMNS = "serial, subject, not_before, not_after, request_sha256, key_sha256, certificate, revoked_at, reason"


@dataclass(frozen=True)
class Record:
    """One certificate that was issued.

    :param serial: in hex, 40 digits.
    :param request_sha256: fingerprint of the CSR in hex; empty for the certificate of an intermediate CA.
    :param key_sha256: fingerprint of the SubjectPublicKeyInfo in hex.
    :param der: the certificate; empty if only its serial number is known, from a CRL.
    :param reason: why it was revoked, by RFC 5280's name; empty if it was not.
    """

    serial: str
    subject: str
    not_before: datetime
    not_after: datetime
    request_sha256: str
    key_sha256: str
    der: bytes
    revoked_at: datetime | None = None
    reason: str = ""

    @classmethod
    def of(cls, certificate: Certificate, request_sha256: str) -> Record:
        """The record of a certificate that has just been signed."""
        parsed = certificate.parsed
        return cls(
            format_serial(parsed.serial_number),
            certificate.subject,
            parsed.not_valid_before_utc,
            parsed.not_valid_after_utc,
            request_sha256,
            key_fingerprint(certificate),
            certificate.der,
        )

    @property
    def certificate(self) -> Certificate:
        """The certificate, parsed.

        :raises ConfigurationError: if it is none, or only the serial number is known.
        """
        if not self.der:
            raise ConfigurationError(
                f"the records know only the serial number of the certificate {self.serial}: it was taken from a CRL",
                hint="Look for the certificate's own file",
                reason=Reason.NOT_FOUND,
            )
        try:
            return Certificate.parse_any_names(self.der)
        except ValueError:
            raise _not_ours() from None

    def state(self, now: datetime) -> str:
        """``revoked``, ``expired`` or ``valid``."""
        return "revoked" if self.revoked_at else "expired" if now > self.not_after else "valid"


def key_fingerprint(certificate: Certificate) -> str:
    """SHA-256 in hex of a certificate's SubjectPublicKeyInfo."""
    return hashlib.sha256(certificate.public_key.info).hexdigest()


class Records:
    """An open file of records; :func:`open_records` opens it.

    What changes it stands in ``with records.transaction():``, which keeps other processes waiting and, at its end,
    has everything on the disk or nothing.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing of the block."""
        with waiting_for(_KIND.title):
            self._connection.execute("BEGIN IMMEDIATE")
        with self._connection:
            yield

    @contextmanager
    def trial(self) -> Iterator[None]:
        """A transaction that changes nothing, and fails if none could: SQLite begins one even if it may only read."""
        with self.transaction():
            yield
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            self._connection.execute(f"PRAGMA user_version = {version}")
            self._connection.rollback()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """What is read in the block is of one moment."""
        self._connection.execute("BEGIN")
        with self._connection:
            yield

    def all(self) -> list[Record]:
        """Every record in the order of issue."""
        return self._select("ORDER BY rowid")

    def find(self, serial: str) -> Record | None:
        """The record of a serial number in hex."""
        found = self._select("WHERE serial = ?", serial)
        return found[0] if found else None

    def beginning_with(self, digits: str) -> list[Record]:
        """The records whose serial numbers begin with hex digits, with or without leading zeros, in the order of
        issue.
        """
        clause = "WHERE serial GLOB ? OR ltrim(serial, '0') GLOB ? ORDER BY rowid"
        return self._select(clause, f"{digits}*", f"{digits}*")

    def of_key(self, key_sha256: str) -> list[Record]:
        """The records of a public key."""
        return self._select("WHERE key_sha256 = ? ORDER BY rowid", key_sha256)

    def of_request(self, request_sha256: str) -> list[Record]:
        """The records of a CSR."""
        return self._select("WHERE request_sha256 = ? ORDER BY rowid", request_sha256)

    def revoked(self) -> list[Record]:
        """The records of revoked certificates, in the order of revocation."""
        return self._select("WHERE revoked_at IS NOT NULL ORDER BY revoked_at, rowid")

    def add(self, record: Record) -> None:
        """Write down a certificate."""
        self._connection.execute(
            f"INSERT INTO issued ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL)",  # noqa: S608
            row := (
                record.serial,
                record.subject,
                record.not_before.isoformat(),
                record.not_after.isoformat(),
                record.request_sha256,
                record.key_sha256,
                record.der,
            ),
        )
        self._append(_issued_event(*row))

    def complete(self, record: Record) -> None:
        """Write down a certificate that was signed before, and of which at most the serial number is known."""
        if (old := self._event_of(record.serial)) is None:
            self.add(record)
            return
        self._connection.execute(
            "UPDATE issued SET subject = ?, not_before = ?, not_after = ?, key_sha256 = ?, certificate = ? "
            "WHERE serial = ?",
            (
                record.subject,
                record.not_before.isoformat(),
                record.not_after.isoformat(),
                record.key_sha256,
                record.der,
                record.serial,
            ),
        )
        self._append(event_text("completed", before=old, after=self._event_of(record.serial) or ""))

    def _event_of(self, serial: str) -> str | None:
        """The event of issue that belongs to a row; None if there is no such row."""
        found = self._connection.execute(f"SELECT {_COLUMNS} FROM issued WHERE serial = ?", (serial,)).fetchone()  # noqa: S608
        return _issued_event(*found[:-2]) if found else None

    def mark_revoked(self, serial: str, moment: datetime, reason: str) -> None:
        """Write down that a certificate is revoked, or why it was."""
        self._connection.execute(
            "UPDATE issued SET revoked_at = ?, reason = ? WHERE serial = ?", (moment.isoformat(), reason, serial)
        )
        self._append(event_text("revoked", serial=serial, revoked_at=moment.isoformat(), reason=reason))

    def add_crl(self, number: int, der: bytes) -> None:
        """Write down a CRL, in place of the ones before it."""
        self._connection.execute("DELETE FROM crls")
        self._connection.execute("INSERT INTO crls VALUES (?, ?)", (number, der))
        self._append(_crl_event(number, hashlib.sha256(der).hexdigest()))

    def note_crl(self, number: int, sha256: str) -> None:
        """Have the chain know a CRL that other records of this CA have made.

        :param sha256: of its DER, in hex.
        """
        self._append(_crl_event(number, sha256))

    def newest_crl(self) -> bytes:
        """The newest CRL in DER; empty where the CA is being made."""
        found = self._connection.execute("SELECT crl FROM crls").fetchone()
        if found and not isinstance(found[0], bytes):
            raise _not_ours()
        return found[0] if found else b""

    @property
    def is_chained(self) -> bool:
        """Whether there is a chain of what was done; records of an earlier version have none until they are changed."""
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        return bool(version == _KIND.version)

    def begin_chain(self) -> None:
        """Begin a chain with what there is, in place of the one that there may be."""
        if self.is_chained:
            self._connection.execute("DELETE FROM chain")
            self._connection.execute("DELETE FROM head")
        else:
            for statement in filter(str.strip, _CHAIN.split(";")):
                self._connection.execute(statement)
            self._connection.execute(f"PRAGMA user_version = {_KIND.version}")
        for event in self._first_events():
            self._append(event)

    def first_links(self) -> tuple[int, str]:
        """What a chain that begins with what there is would have: number of links, and hash of the last in hex."""
        count, digest = 0, ""
        for count, event in enumerate(self._first_events(), 1):  # noqa: B007
            digest = link_digest(digest, event)
        return count, digest

    def _first_events(self) -> list[str]:
        self.all()  # what no program of ours has written is not to be signed for
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM issued ORDER BY rowid").fetchall()  # noqa: S608
        events = [_issued_event(*row) for *row, _, _ in rows]
        for serial, *_, moment, reason in rows:
            if moment:
                events.append(event_text("revoked", serial=serial, revoked_at=moment, reason=reason or ""))
        if crl := self.newest_crl():
            (number,) = self._connection.execute("SELECT number FROM crls").fetchone()
            events.append(_crl_event(number, hashlib.sha256(crl).hexdigest()))
        return events

    def links(self) -> Iterator[tuple[int, str, str]]:
        """The chain, the first link first: number, event, and hash in hex."""
        yield from self._connection.execute("SELECT sequence, event, hash FROM chain ORDER BY sequence")

    def head(self) -> Head | None:
        """The signed head of the chain; None where nothing has been signed."""
        if not self.is_chained:
            return None
        found = self._connection.execute("SELECT sequence, hash, signature FROM head").fetchone()
        return Head(*found) if found else None

    def seal(self, key: CaKey) -> Head:
        """Sign the newest link of the chain."""
        sequence, digest = self._newest_link()
        head = Head.sign(sequence, digest, key)
        self._connection.execute("DELETE FROM head")
        self._connection.execute("INSERT INTO head VALUES (?, ?, ?)", (head.sequence, head.digest, head.signature))
        return head

    def contents(self) -> Iterator[tuple[str, str, tuple[str, str] | None]]:
        """What the table of certificates holds, as the chain has it: serial, event of issue, time and reason."""
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM issued")  # noqa: S608
        for *row, moment, reason in rows:
            yield row[0], _issued_event(*row), (moment, reason or "") if moment is not None else None

    def _append(self, event: str) -> None:
        if self.is_chained:
            sequence, digest = self._newest_link()
            link = (sequence + 1, event, link_digest(digest, event))
            self._connection.execute("INSERT INTO chain VALUES (?, ?, ?)", link)

    def _newest_link(self) -> tuple[int, str]:
        found = self._connection.execute("SELECT sequence, hash FROM chain ORDER BY sequence DESC LIMIT 1").fetchone()
        return found or (0, "")

    def _select(self, clause: str, *values: str) -> list[Record]:
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM issued {clause}", values)  # noqa: S608
        try:
            return [_record_of(*row) for row in rows]
        except (TypeError, ValueError):
            raise _not_ours() from None


def _record_of(
    serial: str,
    subject: str,
    before: str,
    after: str,
    request: str,
    key: str,
    certificate: bytes,
    revoked: str | None,
    reason: str | None,
) -> Record:
    """The record in a row of the table.

    :raises TypeError: if a value is of another type than this program writes: SQLite keeps any in any column.
    :raises ValueError: if a time is none.
    """
    texts = (serial, subject, request, key, reason or "")
    if not all(isinstance(text, str) for text in texts) or not isinstance(certificate, bytes):
        raise TypeError("a value of another type")
    moment = None if revoked is None else datetime.fromisoformat(revoked)
    start, end = datetime.fromisoformat(before), datetime.fromisoformat(after)
    if any(time is not None and time.tzinfo is None for time in (start, end, moment)):
        raise ValueError("a time without its zone")
    return Record(serial, subject, start, end, request, key, certificate, moment, reason or "")


def _not_ours() -> ConfigurationError:
    return ConfigurationError(
        "the CA's records contain data that this program did not write",
        hint="Restore them from a backup",
        reason=Reason.DAMAGED,
    )


def _issued_event(
    serial: str, subject: str, not_before: str, not_after: str, request_sha256: str, key_sha256: str, der: bytes
) -> str:
    return event_text(
        "issued",
        serial=serial,
        subject=subject,
        not_before=not_before,
        not_after=not_after,
        request_sha256=request_sha256,
        key_sha256=key_sha256,
        certificate_sha256=hashlib.sha256(der).hexdigest(),
    )


def _crl_event(number: int, sha256: str) -> str:
    return event_text("crl", number=number, sha256=sha256)


def create_records(path: Path) -> None:
    """Make the file, mode 0600, with nothing in it.

    :raises OSError: if it cannot be made.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            create(connection, _KIND)
    except sqlite3.Error as error:
        raise OSError(errno.EIO, refusal_of(path, error).cause) from error


@contextmanager
def open_records(path: Path) -> Iterator[Records]:
    """The records in a file, as long as the context lasts.

    :raises ConfigurationError: if it cannot be read or written, is none, or others have it for too long.
    """
    with open_database(path, _KIND) as connection:
        yield Records(connection)


def utc_now() -> datetime:
    """The time, in UTC and whole seconds, as certificates have it."""
    return datetime.now(timezone.utc).replace(microsecond=0)
