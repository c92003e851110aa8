"""Journals for tests: entries by the names of their fields, journals of version 1, and such as somebody has forged."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import fields, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from optiga.provision.entry import Entry, Step
from optiga.provision.facts import Begun, Imported
from optiga.provision.journal import open_journal
from optiga.provision.seal_file import seal_path
from optiga.provision.version1 import ADDED, SCHEMA, OldEntry

UID = "cd16338201001c000500000a0b0c0d0e0f1011121314151617181a"
OTHER = "00" * 27
PAST = datetime(2020, 2, 29, 12, 0, tzinfo=timezone.utc)
COLUMNS = tuple(field.name for field in fields(OldEntry))
_APPLICATION_ID = 0x4F504A4E


def make_entry(*values: Any, **named: Any) -> Entry:
    """A slot with what has led to it still to be written down.

    :param values: those of :class:`OldEntry`, in its order or by name; times are the journal's.
    """
    old = OldEntry(*values, **named)
    begun, *others = (fact for fact in old.facts() if not isinstance(fact, Imported))
    assert isinstance(begun, Begun)
    return Entry.begin(old.uid, old.slot, begun).after(*others)


def old_of(entry: Entry) -> OldEntry:
    """A slot as a journal of version 1 has it."""
    taken = {name: getattr(entry, name) for name in COLUMNS if name != "replaced_keys"}
    taken["emulated"] = "yes" if entry.emulated else None
    taken["replaces"] = " ".join(entry.replaces) or None
    keys = " ".join(one.key or "-" for one in entry.begun.replaced) or None
    return OldEntry(**taken, replaced_keys=keys)


def write_version_1(path: Path, entries: Iterable[OldEntry], *, without: Iterable[str] = ()) -> None:
    """A journal of version 1.

    :param without: columns that the first of them did not have.
    """
    assert set(without) <= set(ADDED)
    columns = [name for name in COLUMNS if name not in without]
    schema = SCHEMA
    for name in without:
        schema = schema.replace(f", {name} TEXT", "")
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(schema)
        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
        connection.execute("BEGIN")
        for entry in entries:
            marks = ", ".join("?" * len(columns))
            row = [_column(getattr(entry, name)) for name in columns]
            connection.execute(f"INSERT INTO slots ({', '.join(columns)}) VALUES ({marks})", row)
        connection.execute("COMMIT")


def make_version_1(path: Path) -> None:
    """Turn a journal into one of version 1, as if a release before had left it; its seal goes."""
    with open_journal(path) as journal:
        entries = [old_of(entry) for entry in journal.all()]
    write_version_1(path, entries)
    seal_path(path).unlink(missing_ok=True)


def edit_version_1(
    path: Path, changes: Mapping[str, object], uid: str | None = None, *, without: str | None = None
) -> None:
    """Edit a journal, which is one of version 1 then.

    :param changes: new values by the names of columns.
    :param uid: the chip whose rows are edited; None for all.
    :param without: the UID of a chip that is taken out.
    """
    with closing(sqlite3.connect(path)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != 1:
        make_version_1(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DELETE FROM slots WHERE uid = ?", (without,))
        for column, value in changes.items():
            where, values = ("", (value,)) if uid is None else (" WHERE uid = ?", (value, uid))
            connection.execute(f"UPDATE slots SET {column} = ?{where}", values)


def forge(path: Path, changes: Mapping[str, Any], uid: str | None = None, *, without: str | None = None) -> None:
    """Put a journal in another's place with something else in it: its chains, its seals and the seal beside it hold.

    So may whoever can write the folder, and knows this program.

    :param changes: new values by the names of :class:`OldEntry`'s fields.
    :param uid: the chip whose slots are changed; None for all.
    :param without: the UID of a chip that is taken out.
    """
    values: dict[str, Any] = {name: Step[value.upper()] if name == "step" else value for name, value in changes.items()}
    with open_journal(path) as journal:
        olds = [old_of(entry) for entry in journal.all() if entry.uid != without]
    path.unlink()
    seal_path(path).unlink(missing_ok=True)
    with open_journal(path, make=True) as journal:
        for old in olds:
            new = replace(old, **values) if uid in (None, old.uid) else old
            journal.append(new.uid, new.slot, *new.facts())
        journal.seal()


def _column(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.title if isinstance(value, Step) else value


def full_entry(step: Step, **more: object) -> Entry:
    """A device of AWS's at a step, with all that has led there."""
    values: dict[str, object] = {
        "uid": UID,
        "slot": "second",
        "issuer": "ca:00" if step is Step.REGISTERED else "aws",
        "settings": "f00d",
        "account": "123456789012",
        "region": "eu-central-1",
        "key_info": b"key",
        "csr": b"\x30\x00",
        "filename": "ab.csr",
        "public_key": "03",
        "requested_at": PAST,
        "certificate": "PEM",
        "certificate_file": "ab.pem",
        "certificate_id": "c" * 64,
        "certificate_arn": "arn:x",
        "thing": "lamp",
        "thing_arn": "arn:y",
        "policy": "lamps",
        "template": "t",
        "replaces": "c0 c1",
    }
    return make_entry(**{**values, "step": step, **more})


def save(path: Path, *entries: Entry) -> list[Entry]:
    """Write entries down; as the journal has kept them."""
    with open_journal(path, make=True) as journal:
        return [journal.save(entry) for entry in entries]
