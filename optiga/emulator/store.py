"""Where an emulated chip survives: in memory, or in one SQLite file."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from optiga.emulator.file_names import ELSEWHERE, folder_problem, is_own_chip, name_problem, note_made
from optiga.emulator.models import MODELS, ChipModel, find_model
from optiga.emulator.objects import StoredObject
from optiga.emulator.validation import expect_bytes, parse_row
from optiga.errors import BoardError, ClosedError, ConfigurationError, Reason, UnsavedError
from optiga.files.files import cause_of, put_new, sync_folder
from optiga.files.interruptions import Uninterrupted
from optiga.files.locks import DEFAULT_WAIT_S, Owner
from optiga.files.placeholders import check_new_name
from optiga.files.shown import file_in_command, shown_path
from optiga.files.sqlite_guard import SMALLEST, GuardedConnection, check_file, connect, reason_of, schema_problem
from optiga.files.temporary import Temporary
from optiga.protocol.objects import format_oid

_APPLICATION_ID = 0x4F505447
"""``OPTG`` in the header of the file: what tells it from other SQLite files."""
_SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE chip (model TEXT NOT NULL);
CREATE TABLE objects (oid INTEGER PRIMARY KEY, data BLOB NOT NULL, metadata BLOB NOT NULL) WITHOUT ROWID;
"""
_CONTEXT_TABLE = "saved_context"
_CONTEXT_SCHEMA = f"CREATE TABLE {_CONTEXT_TABLE} (content BLOB NOT NULL)"
"""Of a table that is made when a chip first saves its application context: the format is one with or without it."""


class MemoryStore:
    """A store that ends with the process.

    :param content: all objects of a chip; none for a new one.
    :param context: the application context that it has saved, if it has.
    """

    model: ChipModel | None = None

    def __init__(self, content: Mapping[int, StoredObject] | None = None, context: bytes = b"") -> None:
        self._objects = dict(content or {})
        self._context = context

    def load(self) -> dict[int, StoredObject]:
        return dict(self._objects)

    def load_context(self) -> bytes:
        return self._context

    def save(self, changed: Mapping[int, StoredObject], context: bytes | None = None) -> None:
        self._objects.update(changed)
        if context is not None:
            self._context = context

    def close(self) -> None:
        """Nothing is held."""


class SqliteStore:
    """A store in a file, mode 0600, which one process has at a time.

    Every save is one transaction with SQLite's rollback journal and full synchronization: whether the process is
    killed or the power fails, the file holds all of a save or nothing of it. The rollback journal, not the write-ahead
    log, because a chip then is one file that can be copied. SQLite's own lock, taken once and kept, keeps others out.

    :param path: the file; it is made, with a chip of ``model`` fresh from the factory, if it is not there.
    :param model: its model must be this, if it is given.
    :param wait_s: how long to wait for another process that has the file, in seconds.
    :raises BoardError: if it cannot be had, is not an emulated chip, belongs to another user, or others may write it.
    :raises ConfigurationError: if it is a chip of another model.
    """

    def __init__(self, path: Path, *, model: ChipModel | None = None, wait_s: float = DEFAULT_WAIT_S) -> None:
        self.path = path
        self.told: Callable[[BoardError], BoardError] = lambda error: error
        """Makes of an error of the open file the one that is raised, for a user who calls the file otherwise."""
        is_there = _is_there(path)
        _check_file(path)
        if not is_there and _create(path, model or find_model(None)):
            note_made(path)
        self._owner = Owner(path)
        self._process = os.getpid()
        self._opened = _open(path, self._owner, 0 if self._owner.is_this_thread else wait_s)
        try:
            self.model: ChipModel = self._check_chip(model)
        except BaseException:
            self._connection.close()
            raise
        try:
            with Uninterrupted():
                self._owner.sign()
        except BaseException:
            self.close()
            raise

    @property
    def _connection(self) -> sqlite3.Connection:
        """The open file; a process that was forked does not have SQLite's locks of its parent."""
        if self._process != os.getpid():
            said = f"the emulated chip was opened in process {self._process}"
            raise self.told(ClosedError(said, hint="Open it again in this process", port=str(self.path)))
        return self._opened

    def load(self) -> dict[int, StoredObject]:
        """All objects.

        :raises BoardError: if the file is damaged.
        """
        try:
            rows = self._connection.execute("SELECT oid, data, metadata FROM objects").fetchall()
            content = {oid: parse_row(self.model.kind, oid, *row) for oid, *row in rows}
        except (sqlite3.Error, ValueError) as error:
            raise self.told(_damaged(self.path, error)) from error
        missing = sorted(self.model.persistent_oids - content.keys())
        if missing:
            raise self.told(_damaged(self.path, f"object {format_oid(missing[0])} is missing"))
        return content

    def load_context(self) -> bytes:
        """The application context that the chip has saved; empty if there is none.

        :raises BoardError: if the file is damaged.
        """
        try:
            there = self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'saved_context'").fetchone()
            row = self._connection.execute("SELECT content FROM saved_context").fetchone() if there else None
            if row is None:
                return b""
            from optiga.emulator.saved_context import decode

            content = expect_bytes(row[0])
            decode(content)
        except (sqlite3.Error, ValueError) as error:
            raise self.told(_damaged(self.path, error)) from error
        return content

    def save(self, changed: Mapping[int, StoredObject], context: bytes | None = None) -> None:
        """Write some objects, and the application context if one is given, in one transaction.

        :raises UnsavedError: if the file cannot be written; nothing has changed then.
        """
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany("REPLACE INTO objects VALUES (?, ?, ?)", _rows(changed))
            if context is not None:
                self._save_context(context)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            said = "the emulated chip's file cannot be written"
            raise self.told(_refused(self.path, said, error, UnsavedError)) from error

    def close(self) -> None:
        if self._process != os.getpid():
            return
        try:
            self._owner.erase()
        finally:  # whoever is interrupted in between leaves no journal behind either
            self._connection.close()

    def _save_context(self, context: bytes) -> None:
        self._connection.execute(_CONTEXT_SCHEMA.replace("TABLE", "TABLE IF NOT EXISTS"))
        self._connection.execute("DELETE FROM saved_context")
        if context:
            self._connection.execute("INSERT INTO saved_context VALUES (?)", (context,))

    def _check_chip(self, wanted: ChipModel | None) -> ChipModel:
        """Model of the chip in the file, which must be one, and the one that is wanted."""
        (application_id,) = self._connection.execute("PRAGMA application_id").fetchone()
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if application_id != _APPLICATION_ID:
            raise _not_a_chip(self.path)
        if version != _SCHEMA_VERSION:
            raise _wrong(
                self.path,
                f"the emulated chip was made by another version of this program (format {version})",
                "Use that version, or make a new chip",
                Reason.UNSUPPORTED,
            )
        try:
            if problem := schema_problem(self._connection, _SCHEMA + _CONTEXT_SCHEMA, (_CONTEXT_TABLE,)):
                raise _damaged(self.path, problem)
            row = self._connection.execute("SELECT model FROM chip").fetchone()
        except (sqlite3.Error, ValueError) as error:
            raise _damaged(self.path, error) from error
        name = row[0] if row else None
        if name not in MODELS:
            raise _damaged(self.path, f"unknown model {name!r:.20}" if row else "the model is missing")
        model = MODELS[name]
        if wanted not in (None, model):
            raise ConfigurationError(
                f"the emulated chip {self.path} is of model {model.name}, not {wanted.name if wanted else ''}",
                hint="Omit the model, or name another file",
                reason=Reason.CONFLICT,
            )
        return model


def create_chip(
    path: Path, model: ChipModel, content: Mapping[int, StoredObject] | None = None, context: bytes = b""
) -> None:
    """Make a file with a chip.

    :param content: all its objects; one fresh from the factory by default.
    :param context: the application context that it has saved.
    :raises BoardError: if the file is there already, or cannot be made.
    """
    if _is_there(path) or not _create(path, model, content, context):
        raise _wrong(path, "the file already exists", "Name another file", Reason.EXISTS)


def open_chip_file(path: Path) -> SqliteStore:
    """The store of a chip that is there already.

    :raises BoardError: if there is no chip in the file, or it cannot be had.
    """
    if not _is_there(path):
        raise _wrong(
            path,
            "the file does not exist",
            f"To make a chip, use 'python -m optiga emulator new {file_in_command(path)}'",
            Reason.NOT_FOUND,
        )
    return SqliteStore(path)


def reset_chip_file(path: Path) -> None:
    """Bring the chip in a file back to its factory state; it keeps its UID and the identity it was made with.

    :raises BoardError: if there is no chip in the file, or it cannot be had.
    """
    from optiga.emulator.identity import reset_chip

    store = open_chip_file(path)
    try:
        store.save(reset_chip(store.model, store.load()), b"")
    finally:
        store.close()


def _check_file(path: Path) -> None:
    """Refuse a file that somebody else can have put there or changed.

    :raises BoardError: if it is one, or a link.
    """
    try:
        check_file(path, "the emulated chip")
    except ConfigurationError as error:
        raise _wrong(path, error.message, error.hint, error.reason) from None


def _is_there(path: Path) -> bool:
    """Whether there is such a file.

    :raises BoardError: if it is not the name of a file.
    """
    if problem := name_problem(path):
        raise _wrong(path, problem, "Name another", Reason.BAD_VALUE)
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)  # Path.exists says of a name that cannot be one that it is free
    except (FileNotFoundError, NotADirectoryError):
        return False
    except PermissionError:
        said = f"you have no permission to look into its folder {shown_path(path.parent)}"
        hint = ELSEWHERE if is_own_chip(path) else "Name a file in another folder"
        raise _wrong(path, said, hint, Reason.NOT_READABLE) from None
    except (OSError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _wrong(path, f"not a valid file name: {cause.lower()}", "Name another", Reason.BAD_VALUE) from None
    if is_folder:
        raise _wrong(path, "it is a folder", "Name a file in it", Reason.WRONG_TYPE)
    return True


def _create(
    path: Path, model: ChipModel, content: Mapping[int, StoredObject] | None = None, context: bytes = b""
) -> bool:
    """Make the file beside its place and move it there whole, so that half a chip is never found.

    :returns: False if there was a file already, which is as it was.
    """
    from optiga.emulator.identity import factory_chip

    check_new_name(path)
    if not path.parent.is_dir():
        _make_folder(path)
    try:
        with Temporary(path, 0o600) as temporary:
            _fill(temporary.path, model, factory_chip(model) if content is None else content, context)
            put_new(temporary, path)
        sync_folder(path.parent)
    except FileExistsError:
        return False
    except (OSError, sqlite3.Error) as error:
        raise _refused(path, "an emulated chip cannot be made there", error) from error
    return True


def _make_folder(path: Path) -> None:
    """Make the folder of the user's own chip; that of any other must be there."""
    if not is_own_chip(path):
        raise _wrong(path, "the folder does not exist", f"Create the folder {path.parent} first", Reason.NOT_FOUND)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        why = isinstance(error, PermissionError) and folder_problem(path)
        why = why or f"its folder cannot be created: {cause_of(error)}"
        raise _wrong(path, why, ELSEWHERE, Reason.NOT_WRITABLE) from error


def _fill(path: Path, model: ChipModel, content: Mapping[int, StoredObject], context: bytes) -> None:
    """Write a whole chip into an empty file."""
    connection = _connect(path, 0)
    try:
        connection.executescript(f"BEGIN; {_SCHEMA}")
        connection.execute("INSERT INTO chip VALUES (?)", (model.name,))
        connection.executemany("INSERT INTO objects VALUES (?, ?, ?)", _rows(content))
        if context:
            connection.execute(_CONTEXT_SCHEMA)
            connection.execute("INSERT INTO saved_context VALUES (?)", (context,))
        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
        connection.execute("COMMIT")
    finally:
        connection.close()


def _open(path: Path, owner: Owner, wait_s: float) -> sqlite3.Connection:
    """A connection that keeps all others out until it is closed."""
    # SQLite would make an empty file its own, and one that is shorter than its smallest page. Only its size is asked
    # for: whoever closes a file after reading it gives up all locks that his process has on it (POSIX), those of a chip
    # that is open among them.
    with suppress(OSError):
        if path.stat().st_size < SMALLEST:
            raise _not_a_chip(path)
    try:
        with owner.waiting():
            connection = _connect(path, wait_s)
        try:
            with owner.waiting():
                connection.take_exclusively()
        except BaseException:
            connection.close()
            raise
    except sqlite3.OperationalError as error:
        if "locked" in str(error):  # SQLITE_BUSY; Python tells its number only from 3.11 on
            raise owner.in_use(str(path)) from None
        raise _refused(path, "the emulated chip's file cannot be opened", error) from error
    except sqlite3.DatabaseError as error:
        raise (_not_a_chip(path) if "not a database" in str(error) else _damaged(path, error)) from None
    return connection


def _connect(path: Path, wait_s: float) -> GuardedConnection:
    """A connection in which transactions are begun and ended by statements alone."""
    # The file is used by one thread at a time, not always the one that opened it.
    return connect(path, synchronous="FULL", check_same_thread=False, timeout=wait_s)


def _rows(content: Mapping[int, StoredObject]) -> list[tuple[int, bytes, bytes]]:
    return [(oid, stored.data, stored.metadata.encode()) for oid, stored in content.items()]


def _wrong(path: Path, message: str, hint: str, reason: Reason, family: type[BoardError] = BoardError) -> BoardError:
    error = family(message, hint=hint, port=str(path), reason=reason)
    error.path = str(path)
    return error


def _refused(
    path: Path, what: str, error: sqlite3.Error | OSError, family: type[BoardError] = BoardError
) -> BoardError:
    from optiga.files.sqlite_refusals import refusal_of

    cause, hint, reason = refusal_of(path, error)
    if reason is Reason.NOT_WRITABLE and not path.exists() and is_own_chip(path):
        hint = ELSEWHERE
    return _wrong(path, f"{what}: {cause}", hint, reason, family)


def _not_a_chip(path: Path) -> BoardError:
    return _wrong(path, "the file is not an emulated chip", "Name another file", Reason.WRONG_TYPE)


def _damaged(path: Path, error: Exception | str) -> BoardError:
    reason = reason_of(error) if isinstance(error, sqlite3.Error) else error
    hint = "Restore it from a backup, or make a new chip in another file"
    return _wrong(path, f"the emulated chip's file is damaged: {reason}", hint, Reason.DAMAGED)
