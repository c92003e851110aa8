"""The journal keeps what is written down, all of it, and says so where it cannot."""

from __future__ import annotations

import itertools
import json
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import asdict, fields, replace
from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optiga.errors import ConfigurationError, Reason
from optiga.files import database
from optiga.files.database import Kind
from optiga.files.sqlite_guard import GuardedConnection
from optiga.provision import journal as journal_module
from optiga.provision import store as store_module
from optiga.provision.entry import Entry, Step
from optiga.provision.facts import Begun, CsrSigned, Fact, Imported, Issued, KeyMade, Unreadable
from optiga.provision.journal import FILE_NAME, open_journal
from optiga.provision.results import RunResult, SlotResult
from tests.provision.test_facts import FACTS
from tests.support.journals import (
    OTHER,
    PAST,
    UID,
    full_entry,
    make_entry,
    save,
)
from tests.support.patience import LIMIT_S
from tests.support.permissions import permissions_count
from tests.support.places import ROOT

ENTRY = make_entry(UID, "second", "aws", "f00d")
FACT = FACTS.filter(lambda fact: not isinstance(fact, (Unreadable, Imported)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / FILE_NAME


def refusal(path: Path, *, make: bool = False, shared: bool = False) -> str:
    """What is said of a file that is not opened."""
    with pytest.raises(ConfigurationError) as raised, open_journal(path, make=make, shared=shared):
        pytest.fail("it was opened")
    return str(raised.value)


@contextmanager
def clock_that_goes_on(seconds: int) -> Iterator[None]:
    """A clock that goes on by so much whenever it is looked at."""
    times = itertools.count()

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return PAST.astimezone(tz) + timedelta(seconds=next(times) * seconds)

    with patch.object(journal_module, "datetime", Clock):
        yield


class TestRoundTrip:
    @pytest.mark.parametrize("seconds", [0, 1])
    @settings(deadline=None, max_examples=20)
    @given(facts=st.lists(FACT, max_size=6), slots=st.lists(st.sampled_from(["second", "third"]), min_size=6))
    def test_every_fact(self, seconds: int, facts: list[Fact], slots: list[str]) -> None:
        """Within a second or each in its own: a slot that is begun again comes behind the other one then."""
        with TemporaryDirectory() as folder, clock_that_goes_on(seconds):
            path = Path(folder, FILE_NAME)
            with open_journal(path, make=True) as journal:
                for slot in ("second", "third"):
                    journal.append(UID, slot, Begun("aws", ""))
                for slot, fact in zip(slots, facts, strict=False):
                    journal.append(UID, slot, fact)
                here = journal.of_chip(UID)
            with open_journal(path) as journal:
                assert journal.of_chip(UID) == here
                assert journal.all() == sorted(here, key=lambda one: (one.started_at or PAST, one.slot))
                for entry in here:
                    assert journal.find(UID, entry.slot) == entry
                    own = [fact for slot, fact in zip(slots, facts, strict=False) if slot == entry.slot]
                    dated = [(entry.updated_at or PAST, fact) for fact in (Begun("aws", ""), *own)]
                    folded = Entry.fold(UID, entry.slot, dated)
                    assert folded is not None
                    assert replace(folded, started_at=entry.started_at) == entry

    @pytest.mark.parametrize("step", Step, ids=lambda step: str(step.name))
    def test_every_step(self, path: Path, step: Step) -> None:
        entry = full_entry(step)
        assert entry.step is step
        (saved,) = save(path, entry)
        assert saved.pending == ()
        with open_journal(path) as journal:
            found = journal.find(UID, "second")
        assert found == saved
        assert found.is_finished is (step is Step.FINISHED)

    def test_times(self, path: Path) -> None:
        before = datetime.now(timezone.utc).replace(microsecond=0)
        (first,) = save(path, ENTRY)
        (second,) = save(path, first.after(KeyMade(b"key")))
        after = datetime.now(timezone.utc)
        assert first.started_at == first.updated_at == second.started_at
        assert first.started_at is not None
        assert before <= first.started_at <= after
        assert second.updated_at is not None
        assert first.started_at <= second.updated_at <= after

    def test_nothing_new_is_nothing_written(self, path: Path) -> None:
        (saved,) = save(path, ENTRY)
        before = path.read_bytes()
        assert save(path, saved) == [saved]
        assert path.read_bytes() == before

    def test_history_stays(self, path: Path) -> None:
        """A second beginning takes the place of the first in what is read, and of nothing in what is kept."""
        save(path, ENTRY.after(KeyMade(b"key")), make_entry(UID, "third", "aws", "f00d"))
        before = rows(path)
        (again,) = save(path, make_entry(UID, "second", "aws", "beef"))
        with open_journal(path) as journal:
            assert journal.find(UID, "second") == again
            assert again.key_info is None
            assert {one.slot for one in journal.all()} == {"second", "third"}
        assert rows(path)[: len(before)] == before

    def test_what_is_not_there(self, path: Path) -> None:
        save(path, ENTRY)
        with open_journal(path) as journal:
            assert journal.find(UID, "third") is None
            assert journal.find(UID[:-2], "second") is None

    def test_the_one_begun_first_comes_first(self, path: Path) -> None:
        with open_journal(path, make=True) as journal:
            for number, uid in enumerate(["b", "c", "a"]):
                imported = Imported(PAST.replace(day=1 + number), PAST)
                journal.append(uid, "second", Begun("aws", ""), imported)
            assert [one.uid for one in journal.all()] == ["b", "c", "a"]

    def test_owners_now_and_before(self, path: Path) -> None:
        """A certificate stays known as a chip's, also behind a new beginning."""
        save(path, full_entry(Step.FINISHED), make_entry(UID, "second", "aws", "beef"))
        with open_journal(path) as journal:
            assert (journal.owners("c" * 64), journal.owners("d" * 64)) == ({UID}, set())

    def test_all_facts_of_a_call_or_none(self, path: Path) -> None:
        save(path, ENTRY)
        before = rows(path)
        with open_journal(path) as journal, pytest.raises(ConfigurationError, match="not text"):
            journal.append(UID, "second", KeyMade(b"key"), Issued("\ud800", "a.pem"))
        assert rows(path) == before


def rows(path: Path) -> list[tuple[object, ...]]:
    """All facts as they lie in a journal."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT * FROM facts ORDER BY uid, sequence").fetchall()


class TestShown:
    def test_result(self) -> None:
        entry = full_entry(Step.FINISHED)
        told = asdict(entry.result())
        names = [field.name for field in fields(SlotResult)]
        assert list(told) == names
        assert told == {name: getattr(entry, name) for name in names}
        paths = {
            "csr_path": str(Path(f"out/{entry.filename}").absolute()),
            "certificate_path": str(Path(f"out/{entry.certificate_file}").absolute()),
        }
        assert asdict(entry.run_result("5ea1", Path("out"))) == {
            **told,
            "serial": entry.serial,
            "journal_seal": "5ea1",
            **paths,
            "warnings": (),
            "renewed": False,
        }
        assert [*names, "serial", "journal_seal", *paths, "warnings", "renewed"] == [
            field.name for field in fields(RunResult)
        ]

    def test_a_step_prints_as_in_the_json(self) -> None:
        entry = full_entry(Step.FINISHED)
        assert str(entry.step) == f"{entry.step}" == entry.summary().step == "finished"
        assert json.dumps(entry.step) == "9"

    def test_what_the_documents_name(self) -> None:
        text = (ROOT / "docs" / "programs.md").read_text(encoding="utf-8")
        listed = re.search(r"the names of the JSON of `provision`: (.*?)\. ", text, re.DOTALL)
        assert listed
        names = set(re.findall(r"`(\w+)`", listed[1]))
        assert len(names) > 5
        assert names <= {field.name for field in fields(RunResult)}
        assert all(hasattr(Entry, name) or name in Entry.__dataclass_fields__ for name in names)

    def test_summary_and_export(self) -> None:
        entry = full_entry(Step.POLICY)
        summary = asdict(entry.summary())
        assert (summary["step"], summary["issuer"], summary["replaces"]) == ("policy", "aws", ("c0", "c1"))
        assert (summary["started_at"], summary["updated_at"]) == (None, None)
        export = asdict(entry.export())
        assert {**export, **summary} == export
        assert export["csr"] == "-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n"
        assert (export["certificate"], export["template"], ENTRY.export().csr) == ("PEM", "t", None)
        assert replace(entry, started_at=PAST).summary().started_at == "2020-02-29T12:00:00+00:00"


class TestThreads:
    """One journal for many threads: nothing is lost, no chain forks, and no error of SQLite comes out."""

    @pytest.mark.long
    def test_sixteen_threads(self, path: Path) -> None:
        start = threading.Barrier(16)

        def work(number: int) -> None:
            uid = f"{number % 4:054x}"  # four threads a chip
            start.wait(LIMIT_S)
            for _ in range(5):
                entry = journal.save(make_entry(uid, str(number), "aws", ""))
                journal.save(entry.after(KeyMade(b"key"), CsrSigned(b"csr", "a.csr", "03")))
                assert journal.find(uid, str(number)) is not None
                journal.seal()

        with open_journal(path, make=True) as journal, ThreadPoolExecutor(16) as pool:
            for _ in pool.map(work, range(16)):
                pass
        with open_journal(path) as journal:
            found = journal.check()
            assert (found.chips, found.facts, found.unsealed) == (4, 16 * 5 * 3, 0)
            assert {one.step for one in journal.all()} == {Step.CSR}

    def test_an_error_in_another_thread(self, path: Path) -> None:
        """It is ours there, too."""
        save(path, ENTRY)
        with open_journal(path, make=True) as journal, ThreadPoolExecutor(1) as pool:
            pool.submit(journal._connection.execute, "PRAGMA max_page_count = 1").result(LIMIT_S)
            with pytest.raises(ConfigurationError, match="disk is full"):
                pool.submit(journal.save, ENTRY.after(Issued("x" * 100_000, "a.pem"))).result(LIMIT_S)

    def test_one_that_is_closed(self, path: Path) -> None:
        with open_journal(path, make=True) as journal:
            pass
        for call in (lambda: journal.save(ENTRY), journal.all, journal.seal, lambda: journal.find(UID, "second")):
            with pytest.raises(ConfigurationError, match=r"is closed\. Open it again$") as caught:
                call()
            assert caught.value.reason is Reason.DISCONNECTED


class TestFiles:
    def test_another_file(self, path: Path) -> None:
        path.write_bytes(b"Dear diary")
        for make in (True, False):
            assert f"{FILE_NAME} is not a journal" in refusal(path, make=make)
        assert path.read_bytes() == b"Dear diary"

    def test_another_sqlite_file(self, path: Path) -> None:
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE slots (uid, slot)")
        connection.close()
        before = path.read_bytes()
        for make in (True, False):
            assert "is not a journal, or was made by another version" in refusal(path, make=make)
        assert path.read_bytes() == before

    @pytest.mark.parametrize("statement", ["", "CREATE TABLE a (b); DROP TABLE a"], ids=["no byte", "no table"])
    def test_an_empty_one(self, path: Path, statement: str) -> None:
        """As a run of an earlier release left it that found the disk full: a journal with nothing in it, for all."""
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(statement)
        before = path.read_bytes()
        with open_journal(path) as journal:
            assert journal.all() == []
            assert journal.find("cd", "second") is None
            assert journal.check().facts == 0
            with pytest.raises(ConfigurationError):  # it would be lost
                journal.save(ENTRY)
        assert path.read_bytes() == before
        with open_journal(path, make=True) as journal:
            journal.save(ENTRY)

    @pytest.mark.parametrize("make", [False, True])
    def test_an_emptied_one(self, path: Path, *, make: bool) -> None:
        """The seal beside it says that there was something."""
        with open_journal(path, make=True) as journal, journal.sealed():
            journal.save(ENTRY)
        path.write_bytes(b"")
        assert "older copy" in refusal(path, make=make)

    @pytest.mark.parametrize("shared", [False, True])
    def test_one_that_cannot_be_made(self, path: Path, monkeypatch: pytest.MonkeyPatch, *, shared: bool) -> None:
        """Nothing is left of it that the next command would stumble over."""

        def find_it_full(connection: sqlite3.Connection, kind: Kind) -> None:
            if connection.execute("PRAGMA database_list").fetchone()[2] == "":
                return make_tables(connection, kind)  # in memory, until there is a file
            connection.execute("CREATE TABLE facts (a)")
            raise sqlite3.OperationalError("database or disk is full")

        make_tables = database.create
        monkeypatch.setattr(database, "create", find_it_full)
        with (
            open_journal(path, make=True, shared=shared) as journal,
            pytest.raises(ConfigurationError, match=r"the journal .*the disk is full\. Delete files"),
        ):
            journal.save(ENTRY)
        assert list(path.parent.iterdir()) == []

    @pytest.mark.parametrize("shared", [False, True])
    def test_none_is_made_for_nothing(self, path: Path, *, shared: bool) -> None:
        """It is made for the first entry; what another process writes meanwhile counts."""
        with open_journal(path, make=True, shared=shared) as journal:
            assert (journal.all(), journal.seal(), journal.newest_seal) == ([], None, None)
            assert list(path.parent.iterdir()) == []
            with open_journal(path, make=True, shared=shared) as other:
                kept = other.save(ENTRY)
            assert journal.all() == [kept]
            journal.append("00" * 27, "second", Begun("aws", ""))
        with open_journal(path, shared=shared) as journal:
            assert len(journal.all()) == 2

    def test_none(self, path: Path) -> None:
        assert re.search("does not exist.*make=True", refusal(path))
        assert not path.exists()

    @pytest.mark.parametrize("name", ["a b.db", "50%.db", "a?mode=memory", "a#b", "ä.db", "..db"])
    def test_any_name(self, tmp_path: Path, name: str) -> None:
        save(tmp_path / name, ENTRY)
        assert [path.name for path in tmp_path.iterdir()] == [name]

    def test_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match=r"none.personalization\.db"):
            save(tmp_path / "none" / FILE_NAME, ENTRY)
        assert not (tmp_path / "none").exists()

    @pytest.mark.skipif(sys.platform != "linux", reason="a folder that nobody can write to, root included")
    def test_a_read_only_folder(self) -> None:
        with pytest.raises(ConfigurationError, match=r"personalization\.db cannot .* in the folder /proc/self"):
            save(Path("/proc/self") / FILE_NAME, ENTRY)

    def test_a_read_only_file(self, path: Path) -> None:
        save(path, ENTRY)
        path.chmod(0o400)
        with permissions_count(), pytest.raises(ConfigurationError, match="no permission to write it"):
            save(path, ENTRY.after(KeyMade(b"key")))

    def test_a_full_disk(self, path: Path) -> None:
        (kept,) = save(path, ENTRY)

        def save_too_much() -> None:
            with open_journal(path) as journal:
                journal._connection.execute("PRAGMA max_page_count = 1")  # no more than it has
                journal.save(ENTRY.after(Issued("x" * 100_000, "a.pem")))

        with pytest.raises(ConfigurationError, match=r"cannot be used: the disk is full\. Delete files"):
            save_too_much()
        with open_journal(path) as journal:
            assert journal.all() == [kept]

    def test_it_is_synchronized_before_the_next_step(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(GuardedConnection, "execute", sqlite3.Connection.execute)  # as it is for users
        with open_journal(path, make=True) as journal:
            journal.save(ENTRY)
            (mode,) = journal._connection.execute("PRAGMA synchronous").fetchone()
            assert mode == 3  # EXTRA
            assert not journal._connection.in_transaction


@pytest.mark.long
def test_made_whole_by_two_processes_at_once(path: Path) -> None:
    """Each waits for a word before it opens the journal, and both get it together."""
    code = (
        "import sys; from pathlib import Path; from optiga.provision.journal import open_journal\n"
        "from optiga.provision.facts import Begun\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "with open_journal(Path(sys.argv[1]), make=True) as journal:\n"
        "    for number in range(10): journal.append(sys.argv[2], str(number), Begun('aws', ''))\n"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(path), uid],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for uid in ("one", "two")
    ]
    try:
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in started:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        ended = [(*process.communicate(timeout=LIMIT_S), process.returncode) for process in started]
    finally:
        for process in started:
            process.kill()
            process.wait()
    assert ended == [("", "", 0)] * 2
    with open_journal(path) as journal:
        assert {(one.uid, one.slot) for one in journal.all()} == {
            (uid, str(number)) for uid in ("one", "two") for number in range(10)
        }


def test_the_kind_tells_it_from_other_files_of_ours() -> None:
    from optiga.ca import records
    from optiga.emulator import store

    assert store_module.KIND.application_id not in (store._APPLICATION_ID, records._KIND.application_id)


def slots(path: Path) -> list[tuple[object, ...]]:
    """The table of a journal of version 1."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT * FROM slots").fetchall()


def test_the_slots_of_one_chip(path: Path) -> None:
    save(path, ENTRY, make_entry(OTHER, "second", "aws", "f00d"))
    with open_journal(path) as journal:
        assert [one.uid for one in journal.of_chip(UID)] == [UID]


def test_a_journal_that_is_made_late_is_one_like_any_other(path: Path) -> None:
    """Before its first entry, with it, and for what the connection itself is asked."""
    with open_journal(path, make=True) as journal:
        journal.check_writable()
        assert journal.all() == []
        assert not path.exists()
        journal.save(ENTRY)
        journal.check_writable()
        kept = journal.find(UID, "second")
        assert kept is not None
    with open_journal(path) as again:
        assert again.all() == [kept]
