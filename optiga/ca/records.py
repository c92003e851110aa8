"""What a CA has issued and revoked, in one SQLite file: written down before it leaves, one process at a time."""

from __future__ import annotations

import errno
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from optiga.errors import CertificateError, ConfigurationError
from optiga.files.database import Kind, create, open_database
from optiga.files.files import is_there

if TYPE_CHECKING:
    from optiga.pki.certificate import Certificate

_KIND = Kind(
    application_id=0x4F504341,  # OPCA
    version=1,
    schema="""
CREATE TABLE issued (
    serial TEXT PRIMARY KEY, subject TEXT NOT NULL, not_before TEXT NOT NULL, not_after TEXT NOT NULL,
    request_sha256 TEXT NOT NULL, key_sha256 TEXT NOT NULL, certificate BLOB NOT NULL, revoked_at TEXT, reason TEXT
);
CREATE INDEX issued_by_key ON issued (key_sha256);
CREATE TABLE crls (number INTEGER PRIMARY KEY, crl BLOB NOT NULL);
""",
    title="the CA's records",
    absent="Without it a CA must not issue: it could not revoke. Get it back from a copy",
)
_SERIAL = re.compile(r"(0[xX])?[0-9a-fA-F:]+")
"""A serial number as it is shown, by this program or by OpenSSL."""
_COLUMNS = "serial, subject, not_before, not_after, request_sha256, key_sha256, certificate, revoked_at, reason"


@dataclass(frozen=True)
class Record:
    """One certificate that was issued.

    :param serial: in hex, 40 digits.
    :param request_sha256: fingerprint of the CSR in hex; empty for the certificate of an intermediate CA.
    :param key_sha256: fingerprint of the SubjectPublicKeyInfo in hex.
    :param der: the certificate.
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

    def state(self, now: datetime) -> str:
        """``revoked``, ``expired`` or ``valid``."""
        return "revoked" if self.revoked_at else "expired" if now > self.not_after else "valid"


def format_serial(number: int) -> str:
    """A serial number as it is shown and kept: 40 hex digits."""
    return f"{number:040x}"


def key_fingerprint(certificate: Certificate) -> str:
    """SHA-256 in hex of a certificate's SubjectPublicKeyInfo."""
    import hashlib

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
        self._connection.execute("BEGIN IMMEDIATE")
        with self._connection:
            yield

    def all(self) -> list[Record]:
        """Every record in the order of issue."""
        return self._select("ORDER BY rowid")

    def find(self, serial: str) -> Record | None:
        """The record of a serial number in hex."""
        found = self._select("WHERE serial = ?", serial)
        return found[0] if found else None

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
            (
                record.serial,
                record.subject,
                record.not_before.isoformat(),
                record.not_after.isoformat(),
                record.request_sha256,
                record.key_sha256,
                record.der,
            ),
        )

    def mark_revoked(self, serial: str, moment: datetime, reason: str) -> None:
        """Write down that a certificate is revoked."""
        self._connection.execute(
            "UPDATE issued SET revoked_at = ?, reason = ? WHERE serial = ?", (moment.isoformat(), reason, serial)
        )

    def next_crl_number(self) -> int:
        """The number after that of the newest CRL."""
        (number,) = self._connection.execute("SELECT coalesce(max(number), 0) + 1 FROM crls").fetchone()
        return int(number)

    def add_crl(self, number: int, der: bytes) -> None:
        """Write down a CRL, in place of the ones before it."""
        self._connection.execute("DELETE FROM crls")
        self._connection.execute("INSERT INTO crls VALUES (?, ?)", (number, der))

    def newest_crl(self) -> bytes:
        """The newest CRL in DER; empty where the CA is being made."""
        found = self._connection.execute("SELECT crl FROM crls").fetchone()
        return bytes(found[0]) if found else b""

    def _select(self, clause: str, *values: str) -> list[Record]:
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM issued {clause}", values)  # noqa: S608
        return [
            Record(
                serial,
                subject,
                datetime.fromisoformat(before),
                datetime.fromisoformat(after),
                request,
                key,
                certificate,
                datetime.fromisoformat(revoked) if revoked else None,
                reason or "",
            )
            for serial, subject, before, after, request, key, certificate, revoked, reason in rows
        ]


def create_records(path: Path) -> None:
    """Make the file, mode 0600, with nothing in it.

    :raises OSError: if it cannot be made.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            create(connection, _KIND)
    except sqlite3.Error as error:
        raise OSError(errno.EIO, str(error)) from error


@contextmanager
def open_records(path: Path) -> Iterator[Records]:
    """The records in a file, as long as the context lasts.

    :raises ConfigurationError: if it cannot be read or written, is none, or others have it for too long.
    """
    with open_database(path, _KIND) as connection:
        yield Records(connection)


def find_record(records: Records, name: str | Path) -> Record:
    """The record of a certificate that a user names.

    :param name: a text of hex digits and colons alone is a serial number, whatever files there are; any other text,
        and any path, is a file.
    :raises ConfigurationError: if it is neither.
    :raises CertificateError: if this CA has issued no such certificate.
    """
    from optiga.pki.certificate import load_certificates

    if isinstance(name, str) and _SERIAL.fullmatch(name):
        return _find_serial(records, name)
    path = Path(name)
    if not name or not is_there(path):
        if isinstance(name, Path):
            raise ConfigurationError(f"cannot read the certificate {name}: there is no such file or folder")
        raise ConfigurationError(
            f"{name!r} is neither a serial number in hex nor a file", hint="'ca list' shows the serial numbers"
        )
    certificate = load_certificates(path)[0]
    record = records.find(format_serial(certificate.parsed.serial_number))
    if record is None or record.der != certificate.der:
        raise CertificateError(f"the certificate in {path} was not issued by this CA", hint="'ca list' shows which")
    return record


def _find_serial(records: Records, text: str) -> Record:
    digits = text.lower().removeprefix("0x").replace(":", "")
    found = records.find(format_serial(int(digits, 16))) if digits else None
    if found is None:
        hint = "'ca list' shows which it has"
        if is_there(Path(text)):
            hint += f"; --file takes the file {text}"
        raise CertificateError(f"this CA has issued no certificate {text}", hint=hint)
    return found


def utc_now() -> datetime:
    """The time, in UTC and whole seconds, as certificates have it."""
    return datetime.now(timezone.utc).replace(microsecond=0)
