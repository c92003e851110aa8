"""SQLite files are made whole or not at all, known by their header, and shared with patience."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import closing
from pathlib import Path, PurePosixPath, PureWindowsPath
from types import SimpleNamespace

import pytest

from optiga.errors import ConfigurationError
from optiga.files import database
from optiga.files.database import Kind, open_database
from optiga.files.sqlite_guard import address_of
from optiga.files.sqlite_refusals import refusal_of
from tests.support.permissions import permissions_count

KIND = Kind(0x4F505454, 7, "CREATE TABLE one (a); CREATE TABLE two (b);", "a list of tests", "Run the tests first")
BROKEN = KIND._replace(schema="CREATE TABLE one (a); CREATE TABLE one (a);")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tests.db"


def make(path: Path, kind: Kind = KIND) -> None:
    with open_database(path, kind, make=True):
        pass


def run(path: Path, *statements: str, ends_in: BaseException | None = None) -> None:
    """Statements in an open file, and then an error."""
    with open_database(path, KIND, make=True) as connection:
        for statement in statements:
            connection.execute(statement)
        if ends_in is not None:
            raise ends_in


def tables(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}


def refusal(path: Path, kind: Kind = KIND, *, make: bool = False) -> str:
    """What is said of a file that is not opened."""
    with pytest.raises(ConfigurationError) as raised, open_database(path, kind, make=make):
        pytest.fail("it was opened")
    return str(raised.value)


def test_made_once(path: Path) -> None:
    make(path)
    before = path.read_bytes()
    make(path)
    with open_database(path, KIND) as connection:
        assert connection.execute("SELECT count(*) FROM one").fetchone() == (0,)
    assert path.read_bytes() == before
    assert tables(path) == {"one", "two"}


def test_a_file_of_another_program(path: Path) -> None:
    path.write_text("Dear diary, " * 100)
    for to_make in (False, True):
        said = refusal(path, make=to_make)
        assert "is not a list of tests" in said
        assert "Name another file" in said
    assert path.read_text() == "Dear diary, " * 100


def test_an_empty_file_becomes_one(path: Path) -> None:
    path.touch()
    assert "is empty" in refusal(path)
    make(path)
    assert tables(path) == {"one", "two"}


def test_all_tables_or_none(path: Path) -> None:
    assert "a list of tests" in refusal(path, BROKEN, make=True)
    assert list(path.parent.iterdir()) == []
    path.touch()
    assert "a list of tests" in refusal(path, BROKEN, make=True)
    assert tables(path) == set()
    make(path)
    assert tables(path) == {"one", "two"}


@pytest.mark.parametrize("other", [KIND._replace(version=8), KIND._replace(application_id=1)])
@pytest.mark.parametrize("to_make", [False, True])
def test_another_kind_or_version(path: Path, other: Kind, to_make: bool) -> None:
    make(path, other)
    before = path.read_bytes()
    assert "another version of this program. Name another file, or restore a list of tests from a backup" in refusal(
        path, make=to_make
    )
    assert path.read_bytes() == before


def test_another_was_quicker(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has made the file between our look and our hand."""
    real = database.create

    def lose(connection: sqlite3.Connection, kind: Kind) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            real(other, kind)
            other.execute("INSERT INTO one VALUES ('theirs')")
        real(connection, kind)

    monkeypatch.setattr(database, "create", lose)
    with open_database(path, KIND, make=True) as connection:
        assert not connection.in_transaction
        assert connection.execute("SELECT a FROM one").fetchall() == [("theirs",)]


@pytest.mark.parametrize(("mode", "said"), [(0o000, "read it"), (0o400, "write it")])
def test_a_file_that_may_not_be_used(path: Path, mode: int, said: str) -> None:
    make(path)
    path.chmod(mode)
    with permissions_count(), pytest.raises(ConfigurationError, match=f"you have no permission to {said}"):
        run(path, "INSERT INTO one VALUES (1)")


@pytest.mark.parametrize("is_there", [False, True])
def test_a_folder_that_may_not_be_written(path: Path, is_there: bool) -> None:
    if is_there:
        make(path)
    path.parent.chmod(0o500)
    with permissions_count(), pytest.raises(ConfigurationError) as raised:
        run(path, "INSERT INTO one VALUES (1)")
    path.parent.chmod(0o700)
    assert f"no permission to write in the folder {path.parent}" in raised.value.message


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (sqlite3.OperationalError("database or disk is full"), "the disk is full"),
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full"),
        (sqlite3.OperationalError("disk I/O error"), "disk I/O error"),
    ],
)
def test_what_is_no_matter_of_permissions(path: Path, error: sqlite3.Error | OSError, said: str) -> None:
    make(path)
    refusal = refusal_of(path, error)
    assert refusal.cause == said
    assert ("Delete files" in refusal.hint) == ("full" in said)


def test_a_file_system_that_is_read_only(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(path)
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=os.ST_RDONLY), raising=False)
    monkeypatch.setattr(os, "supports_effective_ids", set())
    refusal = refusal_of(path.with_name("another"), sqlite3.OperationalError("unable to open database file"))
    assert refusal.cause == f"the file system of {path.parent} is read-only"


def test_others_have_it_for_too_long(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(path)
    assert database.WAIT_S >= 10
    monkeypatch.setattr(database, "WAIT_S", 0.0)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        said = refusal(path)
    assert "another process is using it" in said


def test_addresses() -> None:
    assert address_of(PurePosixPath("/a b/c?.db")) == "file:///a%20b/c%3F.db"
    assert address_of(PureWindowsPath(r"C:\a\b.db")) == "file:///C:/a/b.db"
    assert address_of(PureWindowsPath(r"\\server\share\b.db")) == "file:////server/share/b.db"


def test_not_there(path: Path) -> None:
    assert refusal(path).endswith("Run the tests first")
    assert not path.exists()


def test_a_folder(tmp_path: Path) -> None:
    for to_make in (False, True):
        assert f"a list of tests {tmp_path} cannot be used" in refusal(tmp_path, make=to_make)


@pytest.mark.skipif(os.name != "posix", reason="Windows says of a long name that there is no such file")
@pytest.mark.parametrize("to_make", [False, True])
def test_a_name_that_is_none(tmp_path: Path, to_make: bool) -> None:
    assert refusal(tmp_path / ("a" * 300), make=to_make).endswith("cannot be used: the name is too long")


def test_what_goes_wrong_inside_is_said_too(path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"a list of tests .*tests\.db cannot be used: no such table: three"):
        run(path, "INSERT INTO three VALUES (1)")


def test_other_errors_pass(path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        run(path, "INSERT INTO one VALUES (1)", ends_in=ZeroDivisionError())
    with open_database(path, KIND) as connection:
        assert connection.execute("SELECT a FROM one").fetchall() == [(1,)]
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


def test_what_was_begun_and_not_ended_is_undone(path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(path, "BEGIN", "INSERT INTO one VALUES (1)", ends_in=KeyboardInterrupt())
    with open_database(path, KIND) as connection:
        assert connection.execute("SELECT a FROM one").fetchall() == []


def test_names_that_are_no_text(path: Path) -> None:
    """SQLite says of them what Python cannot make text of, whichever statement is the first."""
    make(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = CAST(x'ff' AS TEXT), name = CAST(x'fe' AS TEXT)")
    said = refusal(path)
    assert "damaged" in said
    assert "not text" in said
    assert "from a backup" in said


def test_what_a_row_holds_is_not_told(path: Path) -> None:
    """It may be a secret."""
    run(path, "INSERT INTO one VALUES (CAST(x'5ec2e7ff' AS TEXT))")
    with pytest.raises(ConfigurationError) as raised, open_database(path, KIND) as connection:
        connection.execute("SELECT a FROM one").fetchall()
    assert "damaged: Could not decode to UTF-8 column 'a'." in str(raised.value)
