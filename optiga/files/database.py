"""SQLite files of this tool: known by their header, made whole or not at all, and on the disk when they say so."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from optiga.errors import ConfigurationError, Reason
from optiga.files.activity import Activity
from optiga.files.files import cause_of, put_new, sync_folder
from optiga.files.opening import about, about_its
from optiga.files.sqlite_guard import SMALLEST, check_file, connect, reason_of, schema_problem
from optiga.files.sqlite_refusals import Refusal, refusal_of
from optiga.files.temporary import Temporary

if TYPE_CHECKING:
    from pathlib import Path

WAIT_S = 30.0
"""How long one process waits for others, in seconds."""
_SIGNS_OF_DAMAGE = ("malformed", "decode", "interrupted", "corrupt", "no such column", "datatype")
"""What SQLite says of a file that no program of ours has left so."""


class Kind(NamedTuple):
    """A kind of file.

    :param application_id: what tells it from other SQLite files, in its header.
    :param version: of the schema.
    :param schema: SQL that makes it.
    :param title: what it is to the user, for messages.
    :param absent: what it means if it does not exist, for a hint.
    :param older: versions that are opened as they are.
    :param later: names of tables, and ``table.column`` of columns, that files of earlier releases do not have.
    :param forbidden: what to do where a permission is missing, for a hint; empty where another file will do.
    :param shared: what to do where a group shares the file, for a hint; empty where it is to be one user's.
    :param before: the kind that files of an earlier version are of, which are opened as they are.
    :param former: SQL of tables that only a file has that was one of an earlier version; they are among the later ones.
    :param is_none_if_empty: read a file without any table as one with nothing in it, in place of refusing it.
    """

    application_id: int
    version: int
    schema: str
    title: str
    absent: str
    older: tuple[int, ...] = ()
    later: tuple[str, ...] = ()
    shared: str = ""
    forbidden: str = ""
    before: Kind | None = None
    former: str = ""
    is_none_if_empty: bool = False


def create(connection: sqlite3.Connection, kind: Kind) -> None:
    """Make the tables, all or none, in a file that has none."""
    connection.executescript(
        f"BEGIN IMMEDIATE; {kind.schema} PRAGMA application_id = {kind.application_id}; "
        f"PRAGMA user_version = {kind.version}; COMMIT;"
    )


@contextmanager
def open_database(
    path: Path, kind: Kind, *, make: bool = False, shared: bool = False, threads: bool = False
) -> Iterator[sqlite3.Connection]:
    """A file, as long as the context lasts; every statement is a transaction unless one is begun.

    :param make: make it, whole or not at all, if it does not exist.
    :param shared: take, and make, one that a group of this user's may write.
    :param threads: let any thread use it, one at a time, which is for the caller to see to.
    :raises ConfigurationError: if it cannot be read or written, is another, belongs to another user or may be written
        by others, has a schema that is not its own, or others have it for too long.
    """
    check_file(path, kind.title, shared=shared, hint=kind.shared)
    if make and not os.path.lexists(path):
        _make(path, kind, shared=shared)
    with explained(path, kind, make=make):
        _check_size(path, kind)
        options = {"timeout": WAIT_S, "check_same_thread": not threads}
        with waiting_for(str(path)):
            opened = connect(path, synchronous="EXTRA", make=make, **options)
        with closing(opened) as connection:
            with waiting_for(str(path)):
                if make:
                    _make_if_empty(connection, kind)
                is_none = kind.is_none_if_empty and _is_empty(connection)
                if not is_none:
                    _check(connection, path, kind)
            if is_none:
                with closing(nothing_in(kind, threads=threads)) as nothing:
                    yield nothing
            else:
                yield connection


def waiting_for(what: str) -> Activity:
    """The time until others let a file be used.

    :param what: what to call the file.
    """
    words = f"Waiting for {what}"
    return Activity(lambda: words, note=lambda: f"{words}, which another process may be using")


@contextmanager
def explained(path: Path, kind: Kind, *, make: bool = False) -> Iterator[None]:
    """What SQLite says of a file in the block, said as an error of this tool's; of an open one, in any thread.

    :param make: whether the file was to be made.
    :raises ConfigurationError: in place of what SQLite raises.
    """
    try:
        yield
    except sqlite3.Error as error:
        with about(path):
            raise _explain(path, kind, error, make=make) from None


@about_its("path")
def _make(path: Path, kind: Kind, *, shared: bool) -> None:
    """Make a file beside its place and give it its name whole; where another process was quicker, its file stays.

    :param shared: let its group write it.
    :raises ConfigurationError: if it cannot be made; nothing of it is left then.
    """
    try:
        with Temporary(path, 0o660 if shared else 0o644) as temporary:
            if shared:
                with suppress(OSError, AttributeError):  # Windows has none
                    os.fchmod(temporary.descriptor, 0o660)
            with closing(sqlite3.connect(temporary.path, isolation_level=None)) as connection:
                create(connection, kind)
            put_new(temporary, path)
        sync_folder(path.parent)
    except FileExistsError:
        return
    except (OSError, sqlite3.Error) as error:
        raise _explain(path, kind, error, make=True) from None


@about_its("path")
def check_can_be_made(path: Path, kind: Kind, *, shared: bool = False) -> None:
    """Make sure that a file can be made, by making another in its folder.

    :raises ConfigurationError: if it cannot.
    """
    check_file(path, kind.title, shared=shared, hint=kind.shared)
    try:
        with Temporary(path, 0o644):
            pass
    except OSError as error:
        raise _explain(path, kind, error, make=True) from None


def nothing_in(kind: Kind, *, threads: bool) -> sqlite3.Connection:
    """What stands for a file without any table: one with nothing in it, into which nothing can be written."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=not threads)
    create(connection, kind)
    connection.execute("PRAGMA query_only = ON")
    return connection


@about_its("path")
def _check(connection: sqlite3.Connection, path: Path, kind: Kind) -> None:
    application, version = _header(connection)
    if kind.before is not None and version == kind.before.version:
        _check(connection, path, kind.before)
        return
    if (application, version) == (0, 0) and _is_empty(connection):
        raise ConfigurationError(
            f"{kind.title} {path} is empty: a run could not write it",
            hint="Delete it. If it was in use before, restore it from a backup",
            reason=Reason.DAMAGED,
        )
    if application != kind.application_id or version not in (kind.version, *kind.older):
        raise _another(path, kind)
    if problem := schema_problem(connection, kind.schema + kind.former, kind.later):
        raise _damaged(path, kind, problem)


@about_its("path")
def _check_size(path: Path, kind: Kind) -> None:
    """Refuse a file that SQLite would write over, though it is not empty.

    Only its size is asked for: whoever closes a file after reading it gives up all locks that his process has on it.

    :raises ConfigurationError: if it is such a file.
    """
    with suppress(OSError, ValueError):  # opening it will say why
        status = path.stat()
        if stat.S_ISREG(status.st_mode) and 0 < status.st_size < SMALLEST:
            raise _another(path, kind)


def _explain(path: Path, kind: Kind, error: sqlite3.Error | OSError, *, make: bool) -> ConfigurationError:
    """Why a file could not be used, as far as looking at it tells."""
    said = reason_of(error) if isinstance(error, sqlite3.Error) else ""
    if isinstance(error, sqlite3.ProgrammingError) and "closed database" in said:
        return ConfigurationError(f"{kind.title} {path} is closed", hint="Open it again", reason=Reason.DISCONNECTED)
    refusal = None
    try:
        path.stat()
    except FileNotFoundError:
        if not make and path.parent.is_dir():
            return ConfigurationError(f"{kind.title} {path} does not exist", hint=kind.absent, reason=Reason.NOT_FOUND)
        if not path.parent.is_dir():
            return ConfigurationError(
                f"{kind.title} {path} cannot be made: the folder does not exist"
                if make
                else f"{kind.title} {path}: the folder does not exist",
                hint="Create it first, or name another" if make else "Check the name",
                reason=Reason.NOT_FOUND,
            )
    except OSError as error_of_system:
        hint = kind.forbidden if isinstance(error_of_system, PermissionError) else ""
        refusal = Refusal(cause_of(error_of_system), hint, Reason.NOT_READABLE)
    else:
        if "not a database" in said:
            return _another(path, kind)
        if any(sign in said for sign in _SIGNS_OF_DAMAGE):
            return _damaged(path, kind, said)
    cause, hint, reason = refusal or refusal_of(path, error, Reason.NOT_READABLE, forbidden=kind.forbidden)
    return ConfigurationError(f"{kind.title} {path} cannot be used: {cause}", hint=hint, reason=reason)


def _damaged(path: Path, kind: Kind, cause: str) -> ConfigurationError:
    return ConfigurationError(
        f"{kind.title} {path} is damaged: {cause}", hint="Restore it from a backup", reason=Reason.DAMAGED
    )


def _another(path: Path, kind: Kind) -> ConfigurationError:
    return ConfigurationError(
        f"{path} is not {kind.title.replace('the ', 'a ', 1)}, or was made by another version of this program",
        hint=f"Name another file, or restore {kind.title} from a backup",
        reason=Reason.WRONG_TYPE,
    )


def _make_if_empty(connection: sqlite3.Connection, kind: Kind) -> None:
    if _is_empty(connection):
        try:
            create(connection, kind)
        except sqlite3.Error:
            if connection.in_transaction:
                connection.rollback()
            if _is_empty(connection):  # else another process was quicker
                raise


def _is_empty(connection: sqlite3.Connection) -> bool:
    return _header(connection) == (0, 0) and connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None


def _header(connection: sqlite3.Connection) -> tuple[int, int]:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return application, version
