"""A chip in a file has one user at a time; others are told who, or wait."""

from __future__ import annotations

import gc
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from optiga.emulator import SqliteStore
from optiga.emulator.objects import StoredObject
from optiga.errors import BoardError
from optiga.files.locks import Owner

posix = pytest.mark.skipif(os.name != "posix", reason="file modes and permissions are POSIX's")


def content(path: Path) -> dict[int, StoredObject]:
    store = SqliteStore(path, wait_s=0)
    try:
        return store.load()
    finally:
        store.close()


def connect_and_tell(
    connect: Callable[..., sqlite3.Connection], tell: Callable[[], None], *values: Any, **named: Any
) -> sqlite3.Connection:
    """A connection; it is said once it is there, and about to ask for what another has."""
    connection = connect(*values, **named)
    tell()
    return connection


def test_the_second_one_is_told_who_has_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from pathlib import Path; from optiga.emulator import SqliteStore\n"
            f"store = SqliteStore(Path({str(path)!r})); print('mine', flush=True); sys.stdin.read()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline().strip() == b"mine"
        with pytest.raises(BoardError, match=f"in use by process {holder.pid}"):
            SqliteStore(path, wait_s=0)
        with monkeypatch.context() as patched:
            patched.setattr(sqlite3, "connect", partial(connect_and_tell, sqlite3.connect, holder.stdin.close))
            content_when_free = SqliteStore(path, wait_s=30)
        content_when_free.close()
        assert holder.stdin.closed
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()


@posix
def test_what_a_killed_process_leaves_is_removed_by_the_next_one(path: Path) -> None:
    """SQLite's rollback journal of its last save, which is spent; nobody has to write for that."""
    before = content(path)
    writer = f"""
import os, signal
from pathlib import Path
from optiga.emulator import SqliteStore
store = SqliteStore(Path({str(path)!r}))
store.save(dict([next(iter(store.load().items()))]))
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", writer], check=False).returncode == -signal.SIGKILL
    assert path.with_name(f"{path.name}-journal").is_file()
    assert content(path) == before
    assert not path.with_name(f"{path.name}-journal").exists()


def test_in_one_process_the_second_is_kept_out_too(path: Path) -> None:
    first = SqliteStore(path)
    with pytest.raises(BoardError, match="in use by this process"):
        SqliteStore(path, wait_s=3600)
    first.close()
    content(path)


def test_another_thread_of_the_process_may_wait(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = SqliteStore(path)
    asked: list[float] = []

    def busy(path: Path, wait_s: float) -> sqlite3.Connection:
        asked.append(wait_s)
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr("optiga.emulator.store._connect", busy)
    thread = threading.Thread(target=refused, args=(path,))
    thread.start()
    thread.join()
    assert asked == [3600]
    refused(path)
    assert asked == [3600, 0]
    first.close()


def refused(path: Path) -> None:
    with pytest.raises(BoardError, match="in use by this process"):
        SqliteStore(path, wait_s=3600)


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_was_forgotten_is_held_by_nobody(path: Path) -> None:
    """A chip that was never closed, and is no more: it can be opened again."""
    store = SqliteStore(path)
    owner = Owner(path)
    assert "this process" in owner.in_use("chip").message
    del store
    gc.collect()
    assert "not closed" in owner.in_use("chip").hint
    SqliteStore(path, wait_s=0).close()


@posix
def test_a_link_is_not_followed(path: Path) -> None:
    """Neither to a chip, nor to where one could be made."""
    SqliteStore(path).close()
    for name, target in (("link.chip", path), ("dangling.chip", path.with_name("elsewhere.chip"))):
        link = path.with_name(name)
        link.symlink_to(target)
        with pytest.raises(BoardError, match="it is a symbolic link") as caught:
            SqliteStore(link, wait_s=0)
        assert str(target) in caught.value.hint
    assert not path.with_name("elsewhere.chip").exists()


@pytest.mark.long
def test_all_who_come_at_once_get_one_chip(path: Path) -> None:
    uids: list[bytes] = []
    barrier = threading.Barrier(6)

    def come() -> None:
        barrier.wait()
        store = SqliteStore(path)
        uids.append(store.load()[0xE0C2].data)
        store.close()

    threads = [threading.Thread(target=come) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(uids) == 6
    assert len(set(uids)) == 1
    assert [file.name for file in path.parent.iterdir()] == ["my.chip"]
