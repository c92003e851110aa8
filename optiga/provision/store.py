"""The database of a journal: append-only tables of facts and seals.

The statements that make the tables are plain SQL, and each number in them is given by this program, so that a database
which several computers share can carry them, too. The primary key of the facts forbids a chain to fork.

In a file SQLite keeps its rollback journal, not its write-ahead log: the log needs memory that all who use the file
share, which is not to be had where stations write to one journal over a network, and cannot be told from where it is.
With the log, what a killed run has written down would lie in a second file, which nobody copies who copies the journal,
and a journal that lies where nothing can be written could not be read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import groupby

from optiga.errors import naming
from optiga.files.database import Kind
from optiga.provision import version1
from optiga.provision.chain import Head, Link, Seal

_BEFORE = Kind(
    application_id=0x4F504A4E,  # OPJN
    version=1,
    schema=version1.SCHEMA,
    title="the journal",
    absent=naming("To create it, use {make=True}"),
    later=tuple(f"slots.{name}" for name in version1.ADDED),
    forbidden=naming("Change the permissions, or use another journal with {journal}"),
    shared=naming("To accept a journal that your group may write, use {shared}"),
)
TABLES = """
CREATE TABLE facts (
    uid TEXT NOT NULL, sequence INTEGER NOT NULL, slot TEXT NOT NULL, made_at TEXT NOT NULL, kind TEXT NOT NULL,
    body TEXT NOT NULL, certificate_id TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL,
    PRIMARY KEY (uid, sequence)
);
CREATE INDEX facts_by_certificate ON facts (certificate_id);
CREATE TABLE seals (
    number INTEGER NOT NULL, sealed_at TEXT NOT NULL, root TEXT NOT NULL, previous TEXT NOT NULL, hash TEXT NOT NULL,
    PRIMARY KEY (number)
);
CREATE TABLE heads (
    seal INTEGER NOT NULL, uid TEXT NOT NULL, sequence INTEGER NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (seal, uid)
);
CREATE INDEX heads_by_chip ON heads (uid, sequence);
"""
KIND = _BEFORE._replace(
    version=2,
    schema=TABLES,
    later=("slots", *_BEFORE.later),
    before=_BEFORE,
    former=version1.SCHEMA,
    is_none_if_empty=True,
)
_LINK = ", ".join(Link._fields)
_GROWN = """
SELECT newest.uid, newest.sequence, facts.hash
FROM (SELECT uid, MAX(sequence) AS sequence FROM facts GROUP BY uid) AS newest
LEFT JOIN (SELECT uid, MAX(sequence) AS sequence FROM heads GROUP BY uid) AS sealed ON sealed.uid = newest.uid
JOIN facts ON facts.uid = newest.uid AND facts.sequence = newest.sequence
WHERE sealed.sequence IS NULL OR sealed.sequence < newest.sequence
"""


class Store:
    """The tables of an open journal, for one thread at a time; transactions are for whoever uses it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @property
    def is_chained(self) -> bool:
        """Whether it has these tables; a journal of version 1 has none until something is added."""
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        return bool(version == KIND.version)

    def make_tables(self) -> None:
        """Make the tables in a journal of version 1, whose own stays as it is."""
        for statement in filter(str.strip, TABLES.split(";")):
            self._connection.execute(statement)
        self._connection.execute(f"PRAGMA user_version = {KIND.version}")

    def try_to_write(self) -> None:
        """Write what is there already, in a transaction of the caller's, and take it back: the file does not change.

        :raises sqlite3.Error: if the file, or SQLite's rollback journal beside it, cannot be written.
        """
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        self._connection.execute(f"PRAGMA user_version = {version}")
        self._connection.rollback()

    def add(self, link: Link) -> None:
        """Add a fact."""
        self._insert("facts", link)

    def links(self, uid: str) -> Iterator[Link]:
        """The facts of a chip in their order."""
        rows = self._connection.execute(f"SELECT {_LINK} FROM facts WHERE uid = ? ORDER BY sequence", (uid,))  # noqa: S608
        return map(Link._make, rows)

    def all_links(self) -> Iterator[tuple[str, Iterator[Link]]]:
        """The facts of every chip, chip by chip."""
        rows = self._connection.execute(f"SELECT {_LINK} FROM facts ORDER BY uid, sequence")  # noqa: S608
        return groupby(map(Link._make, rows), lambda link: link.uid)

    def problem(self) -> str:
        """What does not fit between the tables and what SQLite finds their rows by; empty if all does."""
        (said,) = self._connection.execute("PRAGMA integrity_check(1)").fetchone()
        return "" if said == "ok" else str(said)

    def stored_links(self) -> dict[str, list[Link]]:
        """The facts of every chip as they lie in the table, whatever SQLite finds them by."""
        found: dict[str, list[Link]] = {}
        for row in self._connection.execute(f"SELECT {_LINK} FROM facts NOT INDEXED"):  # noqa: S608
            found.setdefault(row[0], []).append(Link._make(row))
        return found

    def last(self, uid: str) -> tuple[int, str] | None:
        """Number and hash of the newest fact of a chip; None if there is none."""
        query = "SELECT sequence, hash FROM facts WHERE uid = ? ORDER BY sequence DESC LIMIT 1"
        found = self._connection.execute(query, (uid,)).fetchone()
        return (found[0], found[1]) if found else None

    def uids_beginning_with(self, digits: str) -> set[str]:
        """The UIDs that begin with hex digits."""
        found = self._connection.execute("SELECT DISTINCT uid FROM facts WHERE uid GLOB ?", (f"{digits}*",))
        return {uid for (uid,) in found}

    def uids_with(self, digits: str) -> set[str]:
        """The UIDs that have hex digits anywhere."""
        found = self._connection.execute("SELECT DISTINCT uid FROM facts WHERE uid GLOB ?", (f"*{digits}*",))
        return {uid for (uid,) in found}

    def owners(self, certificate_id: str) -> set[str]:
        """The UIDs of the chips that have, or have had, a certificate."""
        query = "SELECT DISTINCT uid FROM facts WHERE certificate_id = ?"
        return {uid for (uid,) in self._connection.execute(query, (certificate_id,))}

    def chips_of_kind(self, slot: str, kind: str) -> set[str]:
        """The UIDs of the chips with a fact of a kind about a slot."""
        query = "SELECT DISTINCT uid FROM facts WHERE kind = ? AND slot = ?"
        return {uid for (uid,) in self._connection.execute(query, (kind, slot))}

    def heads(self, uid: str | None = None) -> Iterator[Head]:
        """What has been sealed, of one chip or of all, chip by chip."""
        clause, values = ("", ()) if uid is None else ("WHERE uid = ?", (uid,))
        query = f"SELECT uid, sequence, hash FROM heads {clause} ORDER BY uid, sequence"  # noqa: S608
        return map(Head._make, self._connection.execute(query, values))

    def grown(self) -> list[Head]:
        """The ends of the chains that have grown since the last seal."""
        return [Head(*row) for row in self._connection.execute(_GROWN)]

    def seals(self) -> Iterator[tuple[Seal, list[Head]]]:
        """The seals in their order, each with the ends of chains that it is over; ends of no seal come last."""
        heads = self._connection.execute("SELECT seal, uid, sequence, hash FROM heads ORDER BY seal")
        groups = groupby(heads, lambda row: row[0])
        number, group = next(groups, (None, iter(())))
        for row in self._connection.execute(f"{_SEALS} ORDER BY number"):
            seal, own = Seal(*row), []
            if number == seal.number:
                own = [Head(*values[1:]) for values in group]
                number, group = next(groups, (None, iter(())))
            yield seal, own
        if number is not None:
            yield Seal(0, "", "", "", ""), [Head(*values[1:]) for values in group]

    def last_seal(self) -> Seal | None:
        """The newest seal; None if there is none."""
        found = self._connection.execute(f"{_SEALS} ORDER BY number DESC LIMIT 1").fetchone()
        return Seal(*found) if found else None

    def add_seal(self, seal: Seal, heads: Iterable[Head]) -> None:
        """Add a seal, with the ends of chains that it is over."""
        self._insert("seals", (seal.number, seal.sealed_at, seal.root, seal.previous, seal.hash))
        for head in heads:
            self._insert("heads", (seal.number, *head))

    def count(self) -> tuple[int, int, int]:
        """How many chips, facts and seals there are."""
        (chips, facts) = self._connection.execute("SELECT COUNT(DISTINCT uid), COUNT(*) FROM facts").fetchone()
        (seals,) = self._connection.execute("SELECT COUNT(*) FROM seals").fetchone()
        return chips, facts, seals

    def _insert(self, table: str, values: Iterable[object]) -> None:
        row = tuple(values)
        marks = ", ".join("?" * len(row))
        self._connection.execute(f"INSERT INTO {table} VALUES ({marks})", row)  # noqa: S608


_SEALS = "SELECT number, sealed_at, root, previous, hash FROM seals"
