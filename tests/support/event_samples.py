"""Functions that tests of the events run in a child."""

from __future__ import annotations

import _io
import os
import shutil
import socket
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from optiga.emulator import EmulatedChip
from optiga.transport.emulated import EmulatedTransport
from tests.support.observed import request_of


def touch_everything(_: Sequence[str]) -> None:
    """An event of each kind, in the ways that Python has for them."""
    Path("folder").mkdir()
    descriptor = os.open("folder/a", os.O_WRONLY | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(b"in two pieces, ")
        file.write(b"which reach the system as one")
        file.flush()
        os.fsync(file.fileno())
        file.truncate(5)
    os.chmod("folder/a", 0o644)  # noqa: PTH101
    Path("folder/a").replace("folder/b")
    Path("folder/b").rename("folder/c")
    os.link("folder/c", "folder/d")
    Path("folder/e").symlink_to("d")
    Path("text").write_text("text\n")
    with open("text", "r+", encoding="utf-8") as text:  # noqa: PTH123
        text.write("other text\n")
    other = os.open("text", os.O_RDWR)
    os.write(other, b"again")
    os.ftruncate(other, 3)
    os.close(other)
    Path("text").read_bytes()
    Path("text").unlink()
    Path("0123456789abcdef.tmp").open("x").close()
    os.remove("0123456789abcdef.tmp")  # noqa: PTH107
    shutil.rmtree("folder")
    _io.FileIO("hidden", "w").close()
    print("what is printed is no event")


TOUCHED = [
    "mkdir folder",
    "open folder/a",
    "write folder/a",
    "fsync folder/a",
    "truncate folder/a",
    "chmod folder/a",
    "replace folder/a -> folder/b",
    "rename folder/b -> folder/c",
    "link folder/c -> folder/d",
    "symlink d -> folder/e",
    "open text",
    "write text",
    "open text",
    "write text",
    "open text",
    "write text",
    "truncate text",
    "unlink text",
    "open ….tmp",
    "unlink ….tmp",
]
"""What is seen of it, up to the removal of the folder, whose order is the system's."""


class OwnConnection(sqlite3.Connection):
    """A kind that somebody makes for himself."""


def change_tables(_: Sequence[str], factory: type[sqlite3.Connection] = sqlite3.Connection) -> None:
    with closing(sqlite3.connect("my.db", isolation_level=None, factory=factory)) as connection:
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript("BEGIN; CREATE TABLE t (a); CREATE INDEX i ON t (a); COMMIT;")
        connection.execute("BEGIN IMMEDIATE")
        with connection:
            connection.executemany("INSERT INTO t VALUES (?)", [(1,), (2,)])
        connection.execute("BEGIN IMMEDIATE")
        try:
            with connection:
                connection.execute("DELETE FROM t")
                raise ValueError
        except ValueError:
            print(connection.execute("SELECT count(*) FROM t").fetchone()[0])


def change_tables_of_own(_: Sequence[str]) -> None:
    change_tables(_, OwnConnection)


CHANGED = [
    "sql CREATE my.db: CREATE TABLE t",
    "sql CREATE my.db: CREATE INDEX i ON t",
    "sql COMMIT my.db: COMMIT",
    "sql INSERT my.db: INSERT INTO t VALUES",
    "sql COMMIT my.db: COMMIT",
    "sql DELETE my.db: DELETE FROM t",
    "sql ROLLBACK my.db: ROLLBACK",
]


def speak(_: Sequence[str]) -> None:
    """To another end of a line, and to a chip."""
    near, far = socket.socketpair()
    near.send(b"POST /things/thing?a=b HTTP/1.1\r\n")
    near.sendall(b"more")
    far.recv(100)
    near.close()
    far.close()
    chip = EmulatedTransport(EmulatedChip())
    chip.exchange(request_of(bytes.fromhex("f0000010d27600000447656e417574684170706c")))
    chip.exchange(request_of(bytes.fromhex("810000021d1e")))
    chip.close()


SPOKEN = ["send POST /things/thing", "send more", "exchange OpenApplication", "exchange GetDataObject"]


def write_thrice(_: Sequence[str]) -> None:
    """Say what becomes of each of three files, and of removing the first."""
    for name in ("one", "two", "three"):
        try:
            Path(name).write_bytes(b"content")
        except KeyboardInterrupt:
            print(name, "interrupted", Path(name).exists())
        except OSError as error:
            print(name, error.errno, error.filename)
    Path("one").unlink()
    print("end")


def insert_twice(_: Sequence[str]) -> None:
    """Say what SQLite says, and how many rows there are behind it."""
    with closing(sqlite3.connect("my.db", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS t (a)")
        for number in range(2):
            try:
                connection.execute("INSERT INTO t VALUES (?)", (number,))
            except (KeyboardInterrupt, sqlite3.Error) as error:
                print(type(error).__name__, error)
        print(connection.execute("SELECT count(*) FROM t").fetchone()[0])
