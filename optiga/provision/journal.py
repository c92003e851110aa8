"""The journal: how far each chip has come, written down before the next step, so that nothing is lost or done twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import datetime, timezone
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from optiga.errors import CertificateError, ConfigurationError
from optiga.files.database import Kind, open_database

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = "personalization.db"
RESULT_FIELDS = (
    "uid",
    "slot",
    "filename",
    "public_key",
    "certificate_file",
    "certificate_arn",
    "certificate_id",
    "thing",
    "thing_arn",
    "policy",
    "endpoint",
)
"""What there is to tell of a slot that is finished."""


class Step(IntEnum):
    """How far a chip's slot has come: the last step that is done."""

    BEGUN = 0
    KEY = 1
    """The chip has made the key pair."""
    CSR = 2
    """The CSR is signed and kept."""
    REQUESTED = 3
    """A certificate is about to be asked for; there may be one that nobody here knows of."""
    CERTIFIED = 4
    """The certificate is there, of this key, and kept."""
    WRITTEN = 5
    """The chip holds it and has proven its key."""
    REGISTERED = 6
    """The cloud has it, inactive if it has not had it before."""
    THING = 7
    """It is attached to its thing."""
    POLICY = 8
    """It has its policy."""
    FINISHED = 9
    """It is active."""
    DEPROVISIONED = 10
    """It has been taken back."""

    @property
    def title(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class Entry:
    """One slot of one chip. What is not known yet is None.

    :param uid: the chip's UID in hex.
    :param slot: the slot's name.
    :param issuer: who certifies: ``aws``, ``ca`` with a fingerprint, or ``chip`` for the one it came with.
    :param settings: fingerprint of what the CSR was made from.
    :param account: AWS account; None without a cloud.
    :param key_info: public key, SubjectPublicKeyInfo in DER.
    :param csr: CertificationRequest in DER.
    :param filename: the CSR's file.
    :param certificate: certificate and chain in PEM, leaf first.
    :param replaces: identifiers of the certificates that this one takes the place of, a space between them.
    :param replaced_keys: SHA-256, in hex, of their public keys (SubjectPublicKeyInfo), in the same order; ``-`` for one
        that is not known.
    :param template: provisioning template that thing and policy come from.
    :param attested: SHA-256, in hex, of the factory's certificate whose chip has proven that it is genuine; None where
        that was not asked for.
    :param emulated: ``yes`` for a chip that was found to be emulated.
    """

    uid: str
    slot: str
    issuer: str
    settings: str
    step: Step = Step.BEGUN
    started_at: datetime | None = None
    updated_at: datetime | None = None
    requested_at: datetime | None = None
    account: str | None = None
    region: str | None = None
    key_info: bytes | None = None
    public_key: str | None = None
    csr: bytes | None = None
    filename: str | None = None
    certificate: str | None = None
    certificate_file: str | None = None
    certificate_id: str | None = None
    certificate_arn: str | None = None
    thing: str | None = None
    thing_arn: str | None = None
    policy: str | None = None
    template: str | None = None
    endpoint: str | None = None
    replaces: str | None = None
    attested: str | None = None
    emulated: str | None = None
    replaced_keys: str | None = None

    @property
    def is_finished(self) -> bool:
        return self.step is Step.FINISHED

    @property
    def is_complete(self) -> bool:
        """Whether it has what its step and those before have made."""
        if self.step in (Step.BEGUN, Step.DEPROVISIONED):
            return True
        own = self.issuer == "chip"  # the certificate came with the chip, and was never asked for
        needed: list[object] = [self.key_info]
        needed += [self.csr, self.filename, self.public_key] if self.step >= Step.CSR and not own else []
        needed += [self.requested_at] if self.step >= Step.REQUESTED and not own else []
        needed += [self.certificate] if self.step >= Step.CERTIFIED else []
        needed += [self.certificate_id, self.certificate_arn] if self.step >= Step.THING and self.account else []
        return None not in needed

    def at(self, step: Step, **changes: Any) -> Entry:
        """The same slot, one step further."""
        return replace(self, step=step, **changes)

    def result(self) -> dict[str, Any]:
        """What there is to tell when it is done."""
        return {name: getattr(self, name) for name in RESULT_FIELDS}

    def summary(self) -> dict[str, Any]:
        """What a list of slots shows of each."""
        times = {"started_at": self.started_at, "updated_at": self.updated_at}
        return {
            **self.result(),
            "step": self.step.title,
            "issuer": self.issuer,
            "account": self.account,
            "region": self.region,
            "replaces": self.replaces,
            **{name: time.isoformat() if time else None for name, time in times.items()},
            "attested": self.attested,
            "emulated": self.emulated,
        }

    def export(self) -> dict[str, Any]:
        """Everything, with the CSR and the certificate as text, armored anew from the DER.

        :raises ConfigurationError: if the certificate is no PEM.
        """
        from optiga.pki.pem import encode_pem, iterate_blocks

        csr = None if self.csr is None else encode_pem("CERTIFICATE REQUEST", self.csr)
        certificate = None
        if self.certificate is not None:
            try:
                blocks = list(iterate_blocks(self.certificate.encode(), "the journal"))
            except (CertificateError, ValueError):
                raise damaged(self.uid, self.slot, "its certificate is none") from None
            certificate = "".join(encode_pem("CERTIFICATE", one.data) for one in blocks) or self.certificate
        return {**self.summary(), "template": self.template, "csr": csr, "certificate": certificate}


_FIELDS = tuple(field.name for field in fields(Entry))
_TIMES = ("started_at", "updated_at", "requested_at")
_BINARY = ("key_info", "csr")
_ADDED = ("attested", "emulated", "replaced_keys")
"""What journals of earlier versions have no columns for; they get them with the next entry that is saved."""
_KIND = Kind(
    application_id=0x4F504A4E,  # OPJN
    version=1,
    schema=f"""
CREATE TABLE slots (
    {", ".join(f"{name} {'BLOB' if name in _BINARY else 'TEXT'}" for name in _FIELDS)}, PRIMARY KEY (uid, slot)
);
""",
    title="a journal",
    absent="It is made by 'provision' in the folder of its files; --journal names another",
    later=tuple(f"slots.{name}" for name in _ADDED),
    shared="--shared-journal takes one that your group may write",
)


class Journal:
    """An open journal; :func:`open_journal` opens it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def find(self, uid: str, slot: str) -> Entry | None:
        """What is written down of a chip's slot.

        :raises ConfigurationError: if that is damaged.
        """
        found = self._select("WHERE uid = ? AND slot = ?", uid, slot)
        return found[0] if found else None

    def of_chip(self, uid: str) -> list[Entry]:
        """Every slot of a chip.

        :raises ConfigurationError: if one is damaged.
        """
        return self._select("WHERE uid = ? ORDER BY slot", uid)

    def all(self) -> list[Entry]:
        """Every slot, the one begun first first.

        :raises ConfigurationError: if one is damaged.
        """
        return self._select("ORDER BY started_at, uid, slot")

    def owners(self, certificate_id: str) -> set[str]:
        """The UIDs of the chips that have a certificate by its identifier in AWS IoT."""
        rows = self._connection.execute("SELECT uid FROM slots WHERE certificate_id = ?", (certificate_id,))
        return {uid for (uid,) in rows}

    def save(self, entry: Entry) -> Entry:
        """Write down how far a slot has come; on the disk when this returns.

        :returns: the entry as it was written, with its times.
        """
        now = datetime.now(timezone.utc).replace(microsecond=0)
        entry = replace(entry, started_at=entry.started_at or now, updated_at=now)
        values = [_encode(getattr(entry, name)) for name in _FIELDS]
        marks, columns = ", ".join("?" * len(_FIELDS)), ", ".join(_FIELDS)
        if self._missing():
            self._add_missing()
        self._connection.execute(f"INSERT OR REPLACE INTO slots ({columns}) VALUES ({marks})", values)  # noqa: S608
        return entry

    def _select(self, clause: str, *values: str) -> list[Entry]:
        missing = self._missing()
        columns = ", ".join("NULL" if name in missing else name for name in _FIELDS)
        rows = self._connection.execute(f"SELECT {columns} FROM slots {clause}", values).fetchall()  # noqa: S608
        return [_decode(dict(zip(_FIELDS, row, strict=True))) for row in rows]

    def _missing(self) -> list[str]:
        """What this file has no columns for yet."""
        there = {row[1] for row in self._connection.execute("PRAGMA table_info(slots)")}
        return [name for name in _ADDED if name not in there]

    def _add_missing(self) -> None:
        """Give the file the columns that it lacks; another process may be doing the same."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for name in self._missing():
                self._connection.execute(f"ALTER TABLE slots ADD COLUMN {name} TEXT")
        except sqlite3.Error:
            self._connection.rollback()
            raise
        self._connection.commit()


@contextmanager
def open_journal(path: Path, *, make: bool = False, shared: bool = False) -> Iterator[Journal]:
    """A journal, as long as the context lasts.

    :param make: make it if it is not there.
    :param shared: take, and make, one that a group of this user's may write.
    :raises ConfigurationError: if it cannot be read or written, is none, or others than these can have changed it.
    """
    with open_database(path, _KIND, make=make, shared=shared) as connection:
        yield Journal(connection)


def _encode(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.title if isinstance(value, Step) else value


def _decode(row: dict[str, Any]) -> Entry:
    try:
        row["step"] = Step[row["step"].upper()]
        for name in _TIMES:
            row[name] = datetime.fromisoformat(row[name]) if row[name] else None
        is_good = all(_is_good(row[name], name) for name in _FIELDS)
    except (KeyError, ValueError, AttributeError, TypeError):
        is_good = False
    if not is_good:
        raise damaged(row["uid"], row["slot"])
    return Entry(**row)


def damaged(uid: str, slot: str, problem: str = "") -> ConfigurationError:
    """The error for an entry that nothing here has written.

    :param problem: what is wrong with it, if that is known.
    """
    what = f": {problem}" if problem else ""
    return ConfigurationError(
        f"the journal's entry of chip {uid}, slot {slot}, is damaged{what}", hint="Get it back from a copy"
    )


def _is_good(value: object, name: str) -> bool:
    """Whether a value is of the type that a field has; a time without its zone is none."""
    if isinstance(value, datetime):
        return value.tzinfo is not None
    return value is None or isinstance(value, Step if name == "step" else bytes if name in _BINARY else str)
