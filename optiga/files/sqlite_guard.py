"""Checks of a SQLite file before it is used: its owner and its schema. Every statement has a limit.

A file may come from somebody else: a view or a trigger in it would run as a part of our own statements, a rollback
journal beside it would change it when it is opened, and a link would lead to another file. Source: sqlite.org,
"Defense Against The Dark Arts", "Temporary Files Used By SQLite".

What is as it should be is seen here at once; what is not, :mod:`.owners` and :mod:`.schemas` look at.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection
from contextlib import suppress
from stat import S_IFMT, S_IFREG
from typing import TYPE_CHECKING, Any

from optiga.files.opening import about_its

if TYPE_CHECKING:
    from pathlib import Path, PurePath

_COMPANIONS = ("", "-journal", "-wal", "-shm")
"""What SQLite reads together with a file, by the end of its name."""
SMALLEST = 512
"""Bytes of the smallest page, and so of the smallest file, of SQLite: it takes anything shorter for an empty one."""
_JOURNAL_HEADER = 28
"""Bytes of the header of a rollback journal (sqlite.org, "Database File Format")."""
_FOR_OTHERS = 0o022
_STEPS_BETWEEN = 5000
_STEPS_AT_LEAST = 500_000
_STEPS_A_BYTE = 8
"""Steps of SQLite's machine that a statement may take for each byte of its file: a row has more bytes than columns, and
a column takes two steps where it is sorted."""
_MOST_OBJECTS = 64


def address_of(path: PurePath) -> str:
    """The URI of an absolute path, with which SQLite opens a file without making one by accident.

    A server of Windows belongs to the path there.
    """
    uri = path.as_uri()
    return uri if uri.startswith("file:///") else uri.replace("file://", "file:////", 1)


class GuardedConnection(sqlite3.Connection):
    """A connection whose statements end: none takes more steps than the size of its file explains."""

    path: Path

    def guard(self, path: Path) -> None:
        """Begin to count, and trust no function or virtual table that the schema names.

        :param path: the file.
        """
        self.path = path
        self._most = self._taken = 0
        self.set_progress_handler(self._count, _STEPS_BETWEEN)
        self.execute("PRAGMA trusted_schema = OFF")
        self.execute("PRAGMA cell_size_check = ON")

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        """Run a statement; its steps are counted from zero.

        :raises sqlite3.Error: as it does, for names in a damaged schema, too, of which Python cannot make text.
        """
        self._taken = 0
        try:
            return super().execute(*arguments)
        except UnicodeDecodeError:
            raise sqlite3.DatabaseError("malformed: its schema is not text") from None
        except sqlite3.Error as error:
            if str(error):
                raise
            raise sqlite3.DatabaseError("malformed: its schema is not text") from None  # as Python 3.10 says it

    def take_exclusively(self) -> None:
        """Keep all others out until the connection is closed.

        :raises sqlite3.OperationalError: if somebody else has the file for longer than the connection waits.
        """
        # In this order: a connection in exclusive mode would not give up its shared lock while it waits for the
        # exclusive one, and of two such neither would get it.
        self.execute("BEGIN EXCLUSIVE")
        self.execute("PRAGMA locking_mode = EXCLUSIVE")
        self.execute("COMMIT")
        self._drop_spent_journal()

    def _drop_spent_journal(self) -> None:
        """Remove the rollback journal of whoever was killed between two transactions: its header is zeroed, and SQLite
        reads it no more. One with which something had to be rolled back is gone by now.
        """
        journal = self.path.with_name(f"{self.path.name}-journal")
        with suppress(OSError):
            if S_IFMT(journal.lstat().st_mode) == S_IFREG:
                with journal.open("rb") as file:
                    header = file.read(_JOURNAL_HEADER)
                if not header.strip(b"\0"):
                    journal.unlink()

    def _count(self) -> int:
        """Called by SQLite now and then; whether the statement is to end."""
        self._taken += _STEPS_BETWEEN
        if self._taken > self._most:  # the file may have grown
            size = self.path.stat().st_size if self.path.exists() else 0
            self._most = _STEPS_AT_LEAST + size * _STEPS_A_BYTE
        return int(self._taken > self._most)


def connect(path: Path, *, synchronous: str, make: bool = False, **options: Any) -> GuardedConnection:
    """A connection to a file that :func:`check_file` has passed.

    :param synchronous: how far SQLite waits for the disk: ``FULL`` or ``EXTRA``.
    :param make: make the file if it is not there.
    :param options: for :func:`sqlite3.connect`.
    :raises sqlite3.Error: if it cannot be opened.
    """
    path = path.absolute()
    address = f"{address_of(path)}?mode={'rwc' if make else 'rw'}"
    connection = sqlite3.connect(address, uri=True, isolation_level=None, factory=GuardedConnection, **options)
    try:
        connection.guard(path)
        connection.execute(f"PRAGMA synchronous = {synchronous}")
    except BaseException:
        connection.close()
        raise
    return connection


def reason_of(error: sqlite3.Error) -> str:
    """What SQLite says is wrong, without the content of a row that it shows: that may be a secret, and is no text."""
    return str(error).partition(" with text ")[0]


@about_its("path")
def check_file(path: Path, what: str, *, shared: bool = False, hint: str = "", group_writes: bool = True) -> None:
    """Refuse a file that somebody else can have put there or changed, with what SQLite reads beside it.

    Only names are looked at, nothing is opened. Windows has no such owners and permissions; there only the kind of the
    file is looked at.

    :param what: what it is to the user, for messages, for example ``the journal``.
    :param shared: take a file that a group of this user's may write, whoever of it owns the file.
    :param hint: how to have ``shared``, where that would take the file.
    :param group_writes: whether ``shared`` takes it only if the group may write it.
    :raises ConfigurationError: if it is not a regular file, belongs to another user, or others may write it.
    """
    name = os.fspath(path)
    mine = os.geteuid() if os.name == "posix" else None
    for suffix in _COMPANIONS:
        try:
            status = os.lstat(name + suffix)
        except (OSError, ValueError):  # opening it says why, if it is needed
            continue
        is_private = mine is None or (status.st_uid == mine and not status.st_mode & _FOR_OTHERS)
        if not is_private or S_IFMT(status.st_mode) != S_IFREG:
            from optiga.files.owners import check_status

            title = f"{what} {name}" if not suffix else f"{name}{suffix}, which SQLite uses together with {what},"
            options: Any = {"shared": shared, "hint": hint, "group_writes": group_writes}
            check_status(f"{name}{suffix}", title, status, is_companion=bool(suffix), **options)


def schema_problem(connection: sqlite3.Connection, schema: str, later: Collection[str] = ()) -> str:
    """What a file's schema has that it must not have, or lacks; empty if it is the one that was made.

    :param schema: the statements that make it.
    :param later: names of tables, and ``table.column`` of columns, that files of earlier releases do not have.
    :raises sqlite3.Error: if it cannot be read.
    """
    factory = connection.text_factory
    connection.text_factory = bytes  # names may be of any bytes
    try:
        rows = connection.execute("SELECT type, name, sql FROM sqlite_master").fetchmany(_MOST_OBJECTS + 1)
    finally:
        connection.text_factory = factory
    if len(rows) > _MOST_OBJECTS:
        return "it has too many tables"
    statements = [one for one in map(str.strip, schema.split(";")) if one]
    found, wanted = {sql for _, _, sql in rows}, {one.encode(): one for one in statements}
    if found <= wanted.keys() and all(wanted[one].split()[2] in later for one in wanted.keys() - found):
        return ""
    from optiga.files.schemas import difference

    return difference(rows, statements, later)
