"""The journal keeps what is written down, all of it, and says so where it cannot."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optiga.errors import ConfigurationError
from optiga.files.sqlite_guard import GuardedConnection
from optiga.provision import journal as journal_module
from optiga.provision.journal import FILE_NAME, RESULT_FIELDS, Entry, Step, open_journal
from tests.support.places import ROOT
from tests.support.processes import LIMIT_S

UID = "cd16338201001c000500000a0b0c0d0e0f1011121314151617181a"
ENTRY = Entry(UID, "second", "aws", "f00d")
PAST = datetime(2020, 2, 29, 12, 0, tzinfo=timezone.utc)

_TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
_TIME = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(timezone.utc))
_OF_TYPE: dict[Any, st.SearchStrategy[Any]] = {
    str: _TEXT,
    Step: st.sampled_from(Step),
    str | None: st.none() | _TEXT,
    bytes | None: st.none() | st.binary(max_size=20),
    datetime | None: st.none() | _TIME,
}
FIELDS = {name: _OF_TYPE[kind] for name, kind in get_type_hints(Entry).items()}
"""Values for every field; a field of another type would be missed, and is an error here."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / FILE_NAME


def save(path: Path, *entries: Entry) -> list[Entry]:
    with open_journal(path, make=True) as journal:
        return [journal.save(entry) for entry in entries]


def refusal(path: Path, *, make: bool = False) -> str:
    """What is said of a file that is not opened."""
    with pytest.raises(ConfigurationError) as raised, open_journal(path, make=make):
        pytest.fail("it was opened")
    return str(raised.value)


def change(path: Path, column: str, value: object) -> None:
    """Damage every row."""
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE slots SET {column} = ?", (value,))
    connection.close()


def without_times(entry: Entry) -> Entry:
    return replace(entry, started_at=None, updated_at=None)


class TestRoundTrip:
    @settings(deadline=None, max_examples=60)
    @given(
        entries=st.lists(st.builds(Entry, **FIELDS), min_size=1, max_size=3, unique_by=lambda one: (one.uid, one.slot))
    )
    def test_every_field(self, entries: list[Entry]) -> None:
        with TemporaryDirectory() as folder:
            path = Path(folder, FILE_NAME)
            written = save(path, *entries)
            with open_journal(path) as journal:
                for entry, saved in zip(entries, written, strict=True):
                    assert journal.find(entry.uid, entry.slot) == saved
                    assert without_times(saved) == without_times(entry)
                assert sorted(journal.all(), key=lambda one: (one.uid, one.slot)) == sorted(
                    written, key=lambda one: (one.uid, one.slot)
                )

    def test_there_are_values_for_every_field(self) -> None:
        assert set(FIELDS) == {field.name for field in fields(Entry)}

    @pytest.mark.parametrize("step", Step, ids=lambda step: str(step.name))
    def test_every_step(self, path: Path, step: Step) -> None:
        save(path, ENTRY.at(step))
        with sqlite3.connect(path) as connection:
            assert connection.execute("SELECT step FROM slots").fetchone() == (step.title,)
        connection.close()
        with open_journal(path) as journal:
            found = journal.find(UID, "second")
        assert found is not None
        assert found.step is step
        assert found.is_finished is (step is Step.FINISHED)

    def test_times(self, path: Path) -> None:
        before = datetime.now(timezone.utc).replace(microsecond=0)
        (first,) = save(path, ENTRY)
        (second,) = save(path, replace(first, started_at=PAST, requested_at=PAST + timedelta(days=1)))
        after = datetime.now(timezone.utc)
        assert first.started_at == first.updated_at
        assert first.started_at is not None
        assert before <= first.started_at <= after
        assert (second.started_at, second.requested_at) == (PAST, PAST + timedelta(days=1))
        assert second.updated_at is not None
        assert before <= second.updated_at <= after

    def test_a_later_word_takes_the_place_of_an_earlier(self, path: Path) -> None:
        save(path, ENTRY, ENTRY.at(Step.KEY, key_info=b"key"), replace(ENTRY, slot="third"))
        (again,) = save(path, ENTRY.at(Step.CSR))
        with open_journal(path) as journal:
            assert journal.find(UID, "second") == again
            assert again.key_info is None
            assert {one.slot for one in journal.all()} == {"second", "third"}

    def test_what_is_not_there(self, path: Path) -> None:
        save(path, ENTRY)
        with open_journal(path) as journal:
            assert journal.find(UID, "third") is None
            assert journal.find(UID[:-2], "second") is None

    def test_the_one_begun_first_comes_first(self, path: Path) -> None:
        order = ["b", "c", "a"]
        times = {uid: PAST + timedelta(days=number) for number, uid in enumerate(order)}
        save(path, *(replace(ENTRY, uid=uid, started_at=times[uid]) for uid in sorted(order)))
        with open_journal(path) as journal:
            assert [one.uid for one in journal.all()] == order


class TestShown:
    def test_result(self) -> None:
        named = {name: f"value of {name}" for name in RESULT_FIELDS}
        entry = Entry(issuer="aws", settings="", key_info=b"key", csr=b"csr", **named)  # type: ignore[arg-type]
        assert entry.result() == named
        assert tuple(entry.result()) == RESULT_FIELDS

    def test_summary_and_export(self) -> None:
        entry = replace(ENTRY, step=Step.POLICY, started_at=PAST, account="1", region="r", replaces="c0 c1")
        summary = entry.summary()
        assert (summary["step"], summary["issuer"], summary["replaces"]) == ("policy", "aws", "c0 c1")
        assert (summary["started_at"], summary["updated_at"]) == ("2020-02-29T12:00:00+00:00", None)
        entry = replace(entry, csr=b"\x30\x00", certificate="PEM", template="t")
        export = entry.export()
        assert {**export, **summary} == export
        assert export["csr"] == "-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n"
        assert (export["certificate"], export["template"], ENTRY.export()["csr"]) == ("PEM", "t", None)


class TestDamage:
    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("step", "flying"),
            ("step", ""),
            ("step", None),
            ("step", b"\xff"),
            ("step", "9"),
            ("started_at", "yesterday"),
            ("updated_at", b"\x00\x01"),
            ("requested_at", "2020-13-01T00:00:00+00:00"),
        ],
    )
    def test_a_step_or_a_time(self, path: Path, column: str, value: object) -> None:
        self.is_damaged(path, column, value)

    @pytest.mark.parametrize("column", ["started_at", "updated_at", "requested_at"])
    def test_a_time_without_its_zone(self, path: Path, column: str) -> None:
        """It could not be compared with AWS's times."""
        self.is_damaged(path, column, "2020-02-29T12:00:00")

    @pytest.mark.parametrize(("column", "value"), [("certificate", b"\x30"), ("key_info", "text"), ("csr", 7)])
    def test_a_value_of_another_type(self, path: Path, column: str, value: object) -> None:
        self.is_damaged(path, column, value)

    def test_others_are_still_found(self, path: Path) -> None:
        save(path, ENTRY)
        change(path, "step", "flying")
        (other,) = save(path, replace(ENTRY, slot="third"))
        with open_journal(path) as journal:
            assert journal.find(UID, "third") == other

    @staticmethod
    def is_damaged(path: Path, column: str, value: object) -> None:
        save(path, ENTRY)
        change(path, column, value)
        calls: tuple[Callable[[Any], object], ...] = (lambda one: one.find(UID, "second"), lambda one: one.all())
        with open_journal(path) as journal:
            for call in calls:
                with pytest.raises(ConfigurationError, match=f"entry of chip {UID}, slot second, is damaged"):
                    call(journal)


class TestFiles:
    def test_another_file(self, path: Path) -> None:
        path.write_bytes(b"Dear diary")
        for make in (True, False):
            assert f"{FILE_NAME} does not hold a journal" in refusal(path, make=make)
        assert path.read_bytes() == b"Dear diary"

    def test_another_sqlite_file(self, path: Path) -> None:
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE slots (uid, slot)")
        connection.close()
        before = path.read_bytes()
        for make in (True, False):
            assert "does not hold a journal, or was made by another version" in refusal(path, make=make)
        assert path.read_bytes() == before

    def test_none(self, path: Path) -> None:
        assert re.search("is not there.*It is made by 'provision'.*--journal", refusal(path))
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
        with pytest.raises(ConfigurationError, match=r"/proc/self/personalization\.db cannot be used.*read-only"):
            save(Path("/proc/self") / FILE_NAME, ENTRY)

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
    def test_a_read_only_file(self, path: Path) -> None:
        save(path, ENTRY)
        path.chmod(0o400)
        with pytest.raises(ConfigurationError, match="attempt to write a readonly database"):
            save(path, ENTRY.at(Step.KEY))

    def test_a_full_disk(self, path: Path) -> None:
        (kept,) = save(path, ENTRY)

        def save_too_much() -> None:
            with open_journal(path) as journal:
                journal._connection.execute("PRAGMA max_page_count = 1")  # no more than it has
                journal.save(ENTRY.at(Step.CERTIFIED, certificate="x" * 100_000))

        with pytest.raises(ConfigurationError, match=r"cannot be used: database or disk is full\. Is the disk full"):
            save_too_much()
        with open_journal(path) as journal:
            assert journal.all() == [kept]

    def test_it_is_synchronized_before_the_next_step(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(GuardedConnection, "execute", sqlite3.Connection.execute)  # as it is for users
        with open_journal(path, make=True) as journal:
            (mode,) = journal._connection.execute("PRAGMA synchronous").fetchone()
            assert mode == 3  # EXTRA
            journal.save(ENTRY)
            assert not journal._connection.in_transaction


def test_made_whole_by_two_processes_at_once(path: Path) -> None:
    """Each waits for a word before it opens the journal, and both get it together."""
    code = (
        "import sys; from pathlib import Path; from optiga.provision.journal import Entry, open_journal\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "with open_journal(Path(sys.argv[1]), make=True) as journal:\n"
        "    for number in range(10): journal.save(Entry(sys.argv[2], str(number), 'aws', ''))\n"
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

    assert journal_module._KIND.application_id not in (store._APPLICATION_ID, records._KIND.application_id)


class TestEarlierVersions:
    """A journal from before there were proofs has no columns for them."""

    COLUMNS = tuple(field.name for field in fields(Entry) if field.name not in ("attested", "emulated"))

    @pytest.fixture
    def old(self, path: Path) -> Path:
        """A file as an earlier version has made it."""
        binary = ("key_info", "csr")
        columns = ", ".join(f"{name} {'BLOB' if name in binary else 'TEXT'}" for name in self.COLUMNS)
        with sqlite3.connect(path) as connection:
            connection.execute(f"CREATE TABLE slots ({columns}, PRIMARY KEY (uid, slot))")
            connection.execute(f"PRAGMA application_id = {0x4F504A4E}")
            connection.execute("PRAGMA user_version = 1")
            connection.execute(
                "INSERT INTO slots (uid, slot, issuer, settings, step) VALUES (?, 'second', 'aws', 'f00d', 'key')",
                (UID,),
            )
        connection.close()
        return path

    def test_reading_leaves_it_as_it_is(self, old: Path) -> None:
        before = old.read_bytes()
        with open_journal(old) as journal:
            assert journal.all() == journal.of_chip(UID) == [ENTRY.at(Step.KEY)]
            assert journal.find(UID, "second") == ENTRY.at(Step.KEY)
        assert old.read_bytes() == before

    def test_saving_adds_them(self, old: Path) -> None:
        (saved,) = save(old, ENTRY.at(Step.CSR, attested="ab" * 32, emulated="yes"))
        save(old, replace(ENTRY, slot="third"))
        with open_journal(old) as journal:
            assert journal.find(UID, "second") == saved
            assert [one.slot for one in journal.of_chip(UID)] == ["second", "third"]

    def test_two_that_add_them(self, old: Path) -> None:
        with open_journal(old) as one, open_journal(old) as other:
            one.save(replace(ENTRY, slot="third", emulated="yes"))
            other.save(replace(ENTRY, slot="four", attested="ab" * 32))
            assert [(entry.slot, entry.emulated) for entry in one.of_chip(UID)] == [
                ("four", None),
                ("second", None),
                ("third", "yes"),
            ]

    def test_an_earlier_version_reads_what_this_one_has_written(self, path: Path) -> None:
        """It names its columns, and finds them all."""
        save(path, replace(ENTRY, attested="ab" * 32))
        with sqlite3.connect(path) as connection:
            assert connection.execute("PRAGMA user_version").fetchone() == (1,)
            (row,) = connection.execute(f"SELECT {', '.join(self.COLUMNS)} FROM slots").fetchall()
        connection.close()
        assert row[:3] == (UID, "second", "aws")


def test_the_slots_of_one_chip(path: Path) -> None:
    save(path, ENTRY, replace(ENTRY, uid="00" * 27))
    with open_journal(path) as journal:
        assert [one.uid for one in journal.of_chip(UID)] == [UID]
