"""What is open stays with the process that has opened it: one that it has forked is told so, and ends nothing of it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import optiga
from optiga import testing
from optiga.errors import Reason
from optiga.files.locks import PortLock
from tests.support.patience import LIMIT_S

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),  # Python's own, of 3.12
]
OID = 0xF1D0


def in_child(act: Callable[[], object]) -> str:
    """What comes of a call in a forked process, as text."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        try:
            told = f"returned {act()!r}"
        except BaseException as error:  # the child never becomes a second pytest
            told = f"{type(error).__name__}: {error}"
        os.write(writing, told.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    assert os.waitpid(child, 0)[1] == 0
    return told


def refused(what: str) -> str:
    return f"{what} was opened in process {os.getpid()}. Open it again in this process"


@pytest.fixture
def chip_file(tmp_path: Path) -> Path:
    return tmp_path / "one.chip"


class TestChip:
    def test_a_child_is_told_to_open_it_again(self, chip_file: Path) -> None:
        port = f"emulator:{chip_file}"
        with optiga.open_chip(port) as chip:
            chip.write(OID, b"before")
            key = chip.generate_key("second")
            acts: tuple[Callable[[], object], ...] = (
                lambda: chip.read(OID),
                lambda: chip.write(OID, b"child"),
                lambda: chip.objects.count(0xE120),
                lambda: key.sign(b"x"),
                chip.__enter__,
                lambda: chip.crypto.run_hash().__enter__(),
                lambda: chip.random(16),
            )
            for act in acts:
                assert in_child(act) == f"ClosedError: {port}: {refused('the chip')}"
            assert in_child(chip.close) == "returned None"
            assert in_child(lambda: chip.__exit__(None, None, None)) == "returned None"
            assert chip.read(OID) == b"before"
            chip.write(OID, b"after")
            assert key.sign(b"x")
        with optiga.open_chip(port) as chip:
            assert chip.read(OID) == b"after"

    def test_a_child_waits_for_no_thread_of_its_parent(self) -> None:
        with testing.emulated_chip() as chip:
            held, done = threading.Event(), threading.Event()

            def hold() -> None:
                with chip.turn:
                    held.set()
                    done.wait()

            other = threading.Thread(target=hold)
            other.start()
            held.wait()
            try:
                assert "ClosedError" in in_child(lambda: chip.read(OID))
            finally:
                done.set()
                other.join()

    def test_the_file_stays_the_parents(self, chip_file: Path) -> None:
        with optiga.open_chip(f"emulator:{chip_file}") as chip:
            in_child(chip.close)
            assert chip_file.with_name("one.chip.owner").exists()
            with pytest.raises(optiga.BoardError, match="in use by this process"):
                optiga.open_chip(f"emulator:{chip_file}")
            assert chip.uid

    def test_a_child_opens_one_of_its_own(self, chip_file: Path) -> None:
        def use() -> bytes:
            with optiga.open_chip(f"emulator:{chip_file}") as chip:
                chip.write(OID, b"child")
                return chip.read(OID)

        with testing.emulated_chip() as other:
            assert in_child(use) == "returned b'child'"
            assert other.uid


class TestLock:
    def test_a_childs_release_does_not_unlock(self, tmp_path: Path) -> None:
        lock = PortLock(tmp_path / "lock", port="here", wait_s=0)
        lock.acquire()
        in_child(lock.release)
        assert (tmp_path / "lock.owner").exists()
        assert "in use by process" in in_child(PortLock(tmp_path / "lock", port="here", wait_s=0).acquire)
        lock.release()

    def test_a_child_does_not_keep_it(self, tmp_path: Path) -> None:
        lock = PortLock(tmp_path / "lock", port="here", wait_s=0)
        lock.acquire()
        reading, writing = os.pipe()
        if (child := os.fork()) == 0:
            os.close(writing)
            os.read(reading, 1)
            os._exit(0)
        try:
            lock.release()
            again = PortLock(tmp_path / "lock", port="here", wait_s=0)
            again.acquire()
            again.release()
        finally:
            os.close(writing)
            os.close(reading)
            os.waitpid(child, 0)


def test_a_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with optiga.open_journal(path, make=True) as journal:
        for act in (journal.all, journal.check, lambda: journal.find("00", "second"), journal.seal):
            assert in_child(act) == f"ConfigurationError: {refused(f'the journal {path}')}"
        assert journal.all() == []


class TestBoards:
    def test_a_bench_with_a_file(self, chip_file: Path) -> None:
        with testing.bench(file=chip_file) as bench:
            state = bench.snapshot()
            assert "ClosedError" in in_child(lambda: bench.restore(state))
            with bench.open() as chip:
                chip.write(OID, b"x")

    def test_a_served_board(self) -> None:
        context = testing.served_board("tcp")
        with context as board:
            assert in_child(lambda: context.__exit__(None, None, None)) == "returned None"
            with optiga.open_chip(board.port) as chip:
                assert in_child(chip.close) == "returned None"
                assert chip.uid.hex


SCRIPT = """
import os, sys
import optiga
from optiga import testing

with testing.served_board("tcp") as board, testing.bench(file="served.chip") as bench:
    with optiga.open_journal("journal.db", make=True) as journal:
        with optiga.open_chip("emulator:one.chip") as chip, optiga.open_chip(board.port) as served:
            third = bench.open()
            chip.write(0xF1D0, b"parent")
            child = os.fork()
            if not child:
                sys.exit(7)  # through every with statement, and to the interpreter's end
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
            for one in (chip, served, third):
                one.write(0xF1D0, b"again")
                assert one.read(0xF1D0) == b"again"
            assert journal.all() == []
            assert os.path.exists("one.chip.owner")
print("done")
"""


def test_a_childs_end_ends_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", SCRIPT]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert (ended.stdout, ended.stderr) == ("done\n", "")


def test_a_closed_chip_is_not_entered() -> None:
    with testing.bench() as bench:
        chip = bench.open()
        chip.close()
        with pytest.raises(optiga.ClosedError, match="the chip is closed") as caught, chip:
            pass
        assert caught.value.reason is Reason.DISCONNECTED
