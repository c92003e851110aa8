"""A SQLite file is believed where nobody else can have put it there, and where its schema is the one that was made."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from optiga.ca.records import create_records, open_records
from optiga.emulator.models import find_model
from optiga.emulator.store import SqliteStore, create_chip
from optiga.errors import BoardError, ConfigurationError, OptigaError
from optiga.files import owners
from optiga.files.owners import folder_warning
from optiga.files.sqlite_guard import check_file, connect, schema_problem
from optiga.provision.journal import open_journal
from optiga.provision.version1 import OldEntry
from tests.support.journals import make_entry, write_version_1
from tests.support.sampling import sampled

POSIX = pytest.mark.skipif(os.name != "posix", reason="owners, permissions and pipes of POSIX")
AS_ROOT = pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root gives files away")
STRANGER = 54321
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


class Kind(NamedTuple):
    """One kind of file: how it is made, how it is read to its end, and a table of it."""

    make: Callable[[Path], object]
    use: Callable[[Path], object]
    table: str
    column: str


def make_journal(path: Path) -> None:
    with open_journal(path, make=True) as journal:
        journal.save(make_entry("aa", "second", "aws", "f00d"))


def make_version_1(path: Path) -> None:
    write_version_1(path, [OldEntry("aa", "second", "aws", "f00d")])


def use_journal(path: Path) -> None:
    with open_journal(path) as journal:
        assert journal.all()


def use_records(path: Path) -> None:
    with open_records(path) as records:
        assert records.all() == []


def use_chip(path: Path) -> None:
    store = SqliteStore(path, wait_s=0)
    try:
        assert store.load()
    finally:
        store.close()


KINDS = {
    "journal": Kind(make_journal, use_journal, "facts", "body"),
    "journal of version 1": Kind(make_version_1, use_journal, "slots", "thing"),
    "records": Kind(create_records, use_records, "issued", "subject"),
    "chip": Kind(lambda path: create_chip(path, find_model(None)), use_chip, "objects", "data"),
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@pytest.fixture
def path(kind: Kind, tmp_path: Path) -> Path:
    path = tmp_path / "file.db"
    kind.make(path)
    kind.use(path)
    return path


def refusal(kind: Kind, path: Path) -> str:
    """What is said of a file that is not used; its bytes stay as they are."""
    before = path.read_bytes()
    with pytest.raises((ConfigurationError, BoardError)) as caught:
        kind.use(path)
    assert path.read_bytes() == before
    return str(caught.value)


def alter(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def rewrite(path: Path, table: str, old: str, new: str) -> None:
    """Another text for a table in the schema, as no statement can make it."""
    alter(
        path,
        "PRAGMA writable_schema = ON",
        f"UPDATE sqlite_master SET sql = replace(sql, '{old}', '{new}') WHERE name = '{table}'",
    )


@POSIX
class TestWhoseItIs:
    @AS_ROOT
    @pytest.mark.parametrize("suffix", ["", "-journal", "-wal", "-shm"])
    def test_another_users(self, kind: Kind, path: Path, suffix: str) -> None:
        other = Path(f"{path}{suffix}")
        other.touch()
        os.chown(other, STRANGER, -1)
        assert "belongs to another user (uid 54321)" in refusal(kind, path)
        assert other.exists()

    @AS_ROOT
    def test_roots_own_folder_of_another_user(self, kind: Kind, path: Path) -> None:
        """As in a container whose volume is a user's."""
        os.chown(path, STRANGER, -1)
        os.chown(path.parent, STRANGER, -1)
        kind.use(path)
        os.chown(path, STRANGER + 1, -1)
        assert "belongs to another user" in refusal(kind, path)

    @pytest.mark.parametrize("suffix", ["", "-journal", "-wal"])
    @pytest.mark.parametrize("mode", sampled([0o602, 0o666, 0o777, 0o646], keep=1))
    def test_others_may_write_it(self, kind: Kind, path: Path, mode: int, suffix: str) -> None:
        other = Path(f"{path}{suffix}")
        other.touch()
        other.chmod(mode)
        said = refusal(kind, path)
        assert "other users can write" in said
        assert f"chmod go-w {other}" in said

    def test_a_group_with_others(self, kind: Kind, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path.chmod(0o664)
        monkeypatch.setattr(owners, "_has_others", lambda gid, mine: True)
        assert "other users can write" in refusal(kind, path)
        monkeypatch.setattr(owners, "_has_others", lambda gid, mine: False)
        kind.use(path)

    def test_a_file_system_without_permissions(self, kind: Kind, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """As that of Windows is under WSL: every file is everybody's there, and nothing can be done about it."""
        path.chmod(0o777)
        assert "other users can write" in refusal(kind, path)
        monkeypatch.setattr(owners, "_keeps_permissions", lambda folder: False)
        kind.use(path)
        assert list(path.parent.glob(".optiga-probe*")) == []

    @pytest.mark.parametrize("suffix", ["", "-journal", "-wal", "-shm"])
    def test_links_and_what_is_no_file(self, kind: Kind, path: Path, suffix: str) -> None:
        other = Path(f"{path}{suffix}")
        kept = path.rename(path.with_name("kept")) if not suffix else path
        victim = path.with_name("victim")
        victim.write_bytes(kept.read_bytes())
        for make, said in (
            (lambda: other.symlink_to(victim), "it is a symbolic link"),
            (lambda: other.symlink_to("nowhere"), "it is a symbolic link"),
            (lambda: os.mkfifo(other), "it is a pipe"),
        ):
            make()
            with pytest.raises(OptigaError) as caught:
                kind.use(path)
            assert said in str(caught.value)
            other.unlink()
        assert victim.read_bytes() == kept.read_bytes()

    def test_the_companions_are_looked_at_before_the_file_is_made(self, tmp_path: Path) -> None:
        path = tmp_path / "new.db"
        path.with_name("new.db-journal").symlink_to(tmp_path / "victim")
        for make in (make_journal, SqliteStore):
            with pytest.raises(OptigaError, match="it is a symbolic link"):
                make(path)
            assert not path.exists()


@POSIX
class TestSharedByAGroup:
    @AS_ROOT
    def test_where_that_is_meant(self, tmp_path: Path) -> None:
        path = tmp_path / "journal.db"
        make_journal(path)
        path.chmod(0o664)
        os.chown(path, STRANGER, os.getegid())
        with pytest.raises(ConfigurationError) as caught:
            use_journal(path)
        assert "'shared'" in caught.value.hint
        with open_journal(path, shared=True) as journal:
            assert journal.all()
        path.chmod(0o666)
        with pytest.raises(ConfigurationError, match="other users can write"), open_journal(path, shared=True):
            pytest.fail("it was opened")
        path.chmod(0o664)
        os.chown(path, STRANGER, STRANGER)
        with pytest.raises(ConfigurationError, match="belongs to another user"), open_journal(path, shared=True):
            pytest.fail("it was opened")

    @AS_ROOT
    @pytest.mark.parametrize("suffix", ["", "-journal"])
    @pytest.mark.parametrize("owner", [os.geteuid() if os.name == "posix" else 0, STRANGER])
    def test_of_a_group_of_others(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: int, suffix: str
    ) -> None:
        """To share it is no way out, and nobody who shares it already is told to."""
        path = tmp_path / "journal.db"
        make_journal(path)
        other = Path(f"{path}{suffix}")
        other.touch()
        other.chmod(0o664)
        os.chown(other, owner, STRANGER)
        monkeypatch.setattr(owners, "_has_others", lambda gid, mine: True)
        with pytest.raises(ConfigurationError) as alone, open_journal(path):
            pytest.fail("it was opened")
        with pytest.raises(ConfigurationError) as together, open_journal(path, shared=True):
            pytest.fail("it was opened")
        assert "'shared'" not in f"{alone.value} {together.value}"
        assert f"group {STRANGER} is not one of yours" in str(together.value)
        assert f"chgrp GROUP {other}" in together.value.hint
        assert "chgrp" not in alone.value.hint

    @AS_ROOT
    def test_of_another_user_whose_group_may_not_write_it(self, tmp_path: Path) -> None:
        path = tmp_path / "journal.db"
        make_journal(path)
        os.chown(path, STRANGER, os.getegid())
        with pytest.raises(ConfigurationError, match="belongs to another user") as alone:
            use_journal(path)
        with pytest.raises(ConfigurationError, match="its group may not write it") as together:  # noqa: SIM117
            with open_journal(path, shared=True):
                pytest.fail("it was opened")
        assert "'shared'" not in f"{alone.value} {together.value}"
        assert f"chmod g+w {path}" in together.value.hint

    def test_it_is_made_so(self, tmp_path: Path) -> None:
        path = tmp_path / "journal.db"
        before = os.umask(0o077)
        try:
            with open_journal(path, make=True, shared=True) as journal:
                journal.save(make_entry("aa", "second", "aws", "f00d"))
        finally:
            os.umask(before)
        assert path.stat().st_mode & 0o777 == 0o660
        with open_journal(path, shared=True) as journal:
            assert journal.all()


@POSIX
def test_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """The group of its own that a system gives each user has no others; nor has one that is in no list."""
    import grp
    import pwd

    class Group(NamedTuple):
        gr_mem: list[str]

    class User(NamedTuple):
        pw_name: str
        pw_uid: int
        pw_gid: int

    groups = {1000: Group([]), 1001: Group(["me"]), 1002: Group(["me", "you"]), 1003: Group([]), 0: Group([])}
    users = [User("root", 0, 0), User("me", 1000, 1000), User("you", 1001, 1003)]
    monkeypatch.setattr(grp, "getgrgid", lambda gid: groups[gid])
    monkeypatch.setattr(pwd, "getpwall", lambda: users)
    has_others = owners._has_others.__wrapped__
    mine = frozenset({0, 1000})
    assert {gid: has_others(gid, mine) for gid in (1000, 1001, 1002, 1003, 0, 77)} == {
        1000: False,
        1001: False,
        1002: True,
        1003: True,
        0: False,
        77: False,
    }


@POSIX
def test_a_folder_that_others_write(tmp_path: Path) -> None:
    assert folder_warning(tmp_path / "a", "the journal") == ""
    tmp_path.chmod(0o777)
    assert f"other users can write the folder {tmp_path}" in folder_warning(tmp_path / "a", "the journal")
    assert folder_warning(tmp_path / "none" / "a", "the journal") == ""
    check_file(tmp_path / "a", "the journal")


@POSIX
def test_a_folder_where_others_replace_no_files_of_mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As /tmp is."""
    tmp_path.chmod(0o1777)
    assert folder_warning(tmp_path / "a", "the journal") == ""
    (tmp_path / "a").touch()
    assert folder_warning(tmp_path / "a", "the journal") == ""
    monkeypatch.setattr(owners, "_owner_of", lambda _: os.geteuid() + 1)
    assert "they can replace it" in folder_warning(tmp_path / "a", "the journal")


class TestSchema:
    @pytest.mark.parametrize(
        "statement",
        [
            "CREATE TRIGGER t AFTER INSERT ON {table} BEGIN SELECT 1; END",
            "CREATE TRIGGER t BEFORE DELETE ON {table} BEGIN SELECT raise(IGNORE); END",
            "CREATE VIEW v AS SELECT 1",
            "CREATE TABLE another (a)",
            "CREATE TABLE another (a TEXT, b TEXT)",
            "CREATE INDEX i ON {table} ({column})",
            "CREATE INDEX i ON {table} ({column}) WHERE {column} IS NOT NULL",
            "ALTER TABLE {table} ADD COLUMN another TEXT",
            "ALTER TABLE {table} ADD COLUMN another INTEGER NOT NULL DEFAULT 1",
            "ALTER TABLE {table} ADD COLUMN another AS (hex({column}))",
            "CREATE VIRTUAL TABLE another USING fts5(a)",
        ],
    )
    def test_what_is_not_its_own(self, kind: Kind, path: Path, statement: str) -> None:
        try:
            alter(path, statement.format(table=kind.table, column=kind.column))
        except sqlite3.OperationalError as error:
            pytest.skip(str(error))
        said = refusal(kind, path)
        assert "damaged" in said
        assert "Restore it from a backup" in said

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("{column} ", "{column} COLLATE NOCASE "),
            ("{column} ", "{column} CHECK (1) "),
            ("{column} ", "another "),
            ("{column} TEXT", "{column} BLOB"),
            ("{column} BLOB", "{column} TEXT"),
        ],
    )
    def test_another_table_of_its_name(self, kind: Kind, path: Path, old: str, new: str) -> None:
        before = path.read_bytes()
        rewrite(path, kind.table, old.format(column=kind.column), new.format(column=kind.column))
        if path.read_bytes() != before:
            assert "damaged" in refusal(kind, path)

    def test_one_that_is_gone(self, kind: Kind, path: Path) -> None:
        alter(path, f"DROP TABLE {kind.table}")
        assert f"it lacks {kind.table}" in refusal(kind, path)

    def test_a_view_without_end_in_its_place(self, kind: Kind, path: Path) -> None:
        """Nothing asks it: that would never end."""
        alter(path, f"DROP TABLE {kind.table}", f"CREATE VIEW {kind.table} AS {ENDLESS}")
        assert "it contains the view" in refusal(kind, path)

    def test_names_that_are_no_text(self, kind: Kind, path: Path) -> None:
        data = path.read_bytes()
        name = kind.table.encode()
        assert data.count(name)
        path.write_bytes(data.replace(name, b"\xff" * len(name)))
        said = refusal(kind, path)
        assert "\n" not in said
        assert "backup" in said or "another file" in said

    def test_spelling_does_not_matter(self) -> None:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.execute("CREATE TABLE a (\n  b TEXT,\n  c BLOB, PRIMARY KEY (b,  c)\n)")
            schema = "CREATE TABLE a (b TEXT, c BLOB, PRIMARY KEY (b, c)); CREATE TABLE d (e);"
            assert schema_problem(connection, schema) == "it lacks d"
            assert schema_problem(connection, schema, ("d",)) == ""
            assert schema_problem(connection, schema.replace("c BLOB", "c BLOB, f TEXT"), ("d", "a.f")) == ""
            assert "lacks f TEXT" in schema_problem(connection, schema.replace("c BLOB", "c BLOB, f TEXT"), ("d",))

    def test_too_many(self) -> None:
        with closing(sqlite3.connect(":memory:")) as connection:
            for number in range(70):
                connection.execute(f"CREATE TABLE t{number} (a)")
            assert schema_problem(connection, "CREATE TABLE t1 (a)") == "it has too many tables"


def test_a_statement_without_end_is_ended(tmp_path: Path) -> None:
    path = tmp_path / "file.db"
    make_journal(path)
    with closing(connect(path, synchronous="FULL")) as connection:
        for _ in range(3):
            with pytest.raises(sqlite3.OperationalError, match="interrupted"):
                connection.execute(ENDLESS).fetchone()
        for _ in range(500):  # many that end are no one without end
            assert connection.execute("SELECT count(*) FROM facts").fetchone() == (1,)


@pytest.mark.long
def test_a_large_file_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "file.db"
    count = 30_000
    write_version_1(path, (OldEntry(f"{number:x}", "s", "aws", "") for number in range(count)))
    with open_journal(path) as journal:
        assert len(journal.all()) == count
