"""A journal that something else has changed, or an older one: it is found out when it is used, with the chip."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path

import pytest

from optiga.errors import ConfigurationError, Reason, counted
from optiga.files.interruptions import INTERRUPTIONS, EndRequested
from optiga.provision import journal as journal_module
from optiga.provision.chain import Head, Link, Seal
from optiga.provision.facts import Begun, CsrSigned, Fact, Finished, Issued, KeyMade, Registered, Written
from optiga.provision.journal import FILE_NAME, Journal, open_journal
from optiga.provision.seal_file import SUFFIX, read_seal, seal_path
from optiga.provision.store import Store

ONE, TWO, THREE = "11" * 27, "22" * 27, "33" * 27
WAY: tuple[Fact, ...] = (
    Begun("ca:00", "f00d"),
    KeyMade(b"key"),
    CsrSigned(b"csr", "ab.csr", "03ab"),
    Issued("PEM", "ab.pem"),
    Written(),
    Registered("c" * 64, "arn:x"),
    Finished(),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of three chips, each sealed behind its run."""
    path = tmp_path / FILE_NAME
    for uid in (ONE, TWO, THREE):
        run(path, uid)
    return path


def run(path: Path, uid: str, *facts: Fact) -> None:
    """What a run leaves."""
    with open_journal(path, make=True) as journal, journal.sealed():
        for fact in facts or WAY:
            journal.append(uid, "second", fact)


def alter(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def refusal(path: Path, use: Callable[[Journal], object]) -> str:
    """What is said of a journal, whether it is opened or used; it stays as it is."""
    before = path.read_bytes()
    with pytest.raises(ConfigurationError) as caught, open_journal(path) as journal:
        use(journal)
    assert path.read_bytes() == before
    assert str(path) in str(caught.value)
    assert caught.value.hint
    assert caught.value.reason is Reason.DAMAGED
    return str(caught.value)


def is_whole(path: Path) -> None:
    with open_journal(path) as journal:
        journal.check()
        assert len(journal.all()) == 3


_REST = "slot, made_at, kind, body, certificate_id"
VALUES = {
    "a time": "UPDATE facts SET made_at = '2020-01-01T00:00:00+00:00' WHERE uid = '{uid}' AND sequence = 3",
    "a slot": "UPDATE facts SET slot = 'third' WHERE uid = '{uid}' AND sequence = 3",
    "a kind": "UPDATE facts SET kind = 'finished' WHERE uid = '{uid}' AND sequence = 5",
    "a byte of a certificate": "UPDATE facts SET body = replace(body, 'PEM', 'PEN') WHERE uid = '{uid}'",
    "the first fact": "UPDATE facts SET body = replace(body, 'f00d', 'f00e') WHERE uid = '{uid}'",
    "the last fact": "UPDATE facts SET kind = 'deprovisioned' WHERE uid = '{uid}' AND sequence = 7",
    "an identifier": "UPDATE facts SET certificate_id = '' WHERE uid = '{uid}'",
    "a hash": "UPDATE facts SET hash = replace(hash, substr(hash, 1, 1), 'x') WHERE uid = '{uid}' AND sequence = 4",
    "a hash of before": "UPDATE facts SET previous = hash WHERE uid = '{uid}' AND sequence = 4",
    "a number": "UPDATE facts SET sequence = 9 WHERE uid = '{uid}' AND sequence = 7",
    "a value of another type": "UPDATE facts SET body = x'00ff' WHERE uid = '{uid}' AND sequence = 2",
    "a number of another type": "UPDATE facts SET sequence = 'one' WHERE uid = '{uid}' AND sequence = 1",
    "the first row gone": "DELETE FROM facts WHERE uid = '{uid}' AND sequence = 1",
    "a row gone": "DELETE FROM facts WHERE uid = '{uid}' AND sequence = 4",
    "the last row gone": "DELETE FROM facts WHERE uid = '{uid}' AND sequence = 7",
    "all rows gone": "DELETE FROM facts WHERE uid = '{uid}'",
    "a row of another chip": f"INSERT INTO facts SELECT '{{uid}}', 8, {_REST}, previous, hash FROM facts "
    f"WHERE uid = '{TWO}' AND sequence = 7",
    "a row too many": f"INSERT INTO facts SELECT uid, 8, {_REST}, hash, hash FROM facts "
    "WHERE uid = '{uid}' AND sequence = 7",
}


class TestOneChip:
    @pytest.mark.parametrize("what", VALUES)
    def test_a_change(self, path: Path, what: str) -> None:
        """It is found where that chip is asked for, and where all are; the others can be gone on with."""
        alter(path, VALUES[what].format(uid=ONE))
        for use in (lambda one: one.find(ONE, "second"), Journal.all):
            said = refusal(path, use)
            assert f"chip {ONE}" in said
            assert "changed by another program" in said
        with open_journal(path) as journal:
            assert journal.find(THREE, "second") is not None

    def test_rows_of_two_chips_swapped(self, path: Path) -> None:
        alter(
            path,
            f"UPDATE facts SET uid = 'x' WHERE uid = '{ONE}' AND sequence = 4",
            f"UPDATE facts SET uid = '{ONE}' WHERE uid = '{TWO}' AND sequence = 4",
            f"UPDATE facts SET uid = '{TWO}' WHERE uid = 'x'",
        )
        for uid in (ONE, TWO):
            assert f"fact 4 of chip {uid}" in refusal(path, lambda one: one.find(uid, "second"))  # noqa: B023
        assert "fact 4 of chip" in refusal(path, Journal.all)

    def test_two_chips_swapped(self, path: Path) -> None:
        alter(
            path,
            f"UPDATE facts SET uid = 'x' WHERE uid = '{ONE}'",
            f"UPDATE facts SET uid = '{ONE}' WHERE uid = '{TWO}'",
            f"UPDATE facts SET uid = '{TWO}' WHERE uid = 'x'",
        )
        for uid in (ONE, TWO):
            assert f"chip {uid}" in refusal(path, lambda one: one.find(uid, "second"))  # noqa: B023

    def test_a_chain_made_anew(self, path: Path) -> None:
        """Its hashes fit each other, and the seals do not fit it."""
        with closing(sqlite3.connect(path)) as connection, connection:
            made_at = next(Store(connection).links(ONE)).made_at
            connection.execute("DELETE FROM facts WHERE uid = ?", (ONE,))
            last = None
            for fact in (Begun("ca:00", "beef"), *WAY[1:]):
                link = Link.of(ONE, "second", fact, last, moment(made_at))
                Store(connection).add(link)
                last = link.sequence, link.hash
        assert f"chip {ONE}" in refusal(path, lambda one: one.find(ONE, "second"))
        assert "not the one that was sealed" in refusal(path, Journal.check)

    def test_what_was_sealed_taken_out_with_it(self, path: Path) -> None:
        """The seal is then over something else; the journal is not opened."""
        alter(path, f"DELETE FROM facts WHERE uid = '{TWO}'", f"DELETE FROM heads WHERE uid = '{TWO}'")
        assert "seal 2" in refusal(path, Journal.all)
        assert "seal 2" in refusal(path, lambda one: one.find(ONE, "second"))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


class TestBytes:
    def test_any_byte_of_a_row(self, path: Path) -> None:
        """Each place of a row as it lies in the file, one at a time."""
        data = path.read_bytes()
        with closing(sqlite3.connect(path)) as connection:
            query = "SELECT hash FROM facts WHERE uid = ? AND sequence = 3"
            (digest,) = connection.execute(query, (ONE,)).fetchone()
        end = data.rindex(digest.encode()) + len(digest)
        start = data.rindex(ONE.encode(), 0, end)
        assert 0 < end - start < 600
        for place in range(start, end, 7):
            changed = bytearray(data)
            changed[place] ^= 0x01
            path.write_bytes(changed)
            said = refusal(path, Journal.check)
            assert f"chip {ONE}" in said, place
        path.write_bytes(data)
        is_whole(path)


SEALS = {
    "a time": "UPDATE seals SET sealed_at = '2020-01-01T00:00:00+00:00' WHERE number = 2",
    "a root": "UPDATE seals SET root = hash WHERE number = 2",
    "a hash": "UPDATE seals SET hash = root WHERE number = 2",
    "a hash of before": "UPDATE seals SET previous = root WHERE number = 2",
    "one gone": "DELETE FROM seals WHERE number = 2",
    "the first gone": "DELETE FROM seals WHERE number = 1",
    "a number": "UPDATE seals SET number = 7 WHERE number = 3",
    "a value of another type": "UPDATE seals SET root = x'00' WHERE number = 2",
    "what it is over": "UPDATE heads SET sequence = 6 WHERE seal = 2",
    "what it is over gone": "DELETE FROM heads WHERE seal = 2",
    "over one more": f"INSERT INTO heads VALUES (2, '{ONE}', 7, 'x')",
    "over another chip": f"UPDATE heads SET uid = '{ONE}' WHERE seal = 2",
    "ends of no seal": f"INSERT INTO heads VALUES (9, '{ONE}', 3, 'x')",
}


class TestSeals:
    @pytest.mark.parametrize("what", SEALS)
    def test_a_change(self, path: Path, what: str) -> None:
        """The journal is not opened for anything."""
        alter(path, SEALS[what])
        said = refusal(path, lambda one: pytest.fail("it was opened"))
        assert re.search("seal [1-4]", said)

    @pytest.mark.parametrize("keep", [1, 2])
    def test_the_last_gone(self, path: Path, keep: int) -> None:
        alter(path, f"DELETE FROM seals WHERE number > {keep}", f"DELETE FROM heads WHERE seal > {keep}")
        said = refusal(path, lambda one: pytest.fail("it was opened"))
        assert f"it has {counted(keep, 'seal')}, but the seal file beside it has number 3" in said

    def test_an_older_copy(self, path: Path) -> None:
        older = path.read_bytes()
        run(path, TWO, Begun("ca:00", "beef"))
        newer = path.read_bytes()
        path.write_bytes(older)
        said = refusal(path, lambda one: pytest.fail("it was opened"))
        assert "an older copy" in said
        assert f"delete {seal_path(path)}" in said
        path.write_bytes(newer)
        is_whole(path)

    def test_an_older_copy_that_is_meant(self, path: Path) -> None:
        older = path.read_bytes()
        run(path, TWO, Begun("ca:00", "beef"))
        path.write_bytes(older)
        seal_path(path).unlink()
        is_whole(path)
        run(path, TWO, Begun("ca:00", "cafe"))
        is_whole(path)

    def test_another_journal(self, path: Path, tmp_path: Path) -> None:
        other = tmp_path / "other.db"
        for uid in (THREE, ONE, TWO, THREE):
            run(other, uid, Begun("aws", "x"))
        path.write_bytes(other.read_bytes())
        assert "or another journal" in refusal(path, lambda one: pytest.fail("it was opened"))

    def test_it_is_gone(self, path: Path) -> None:
        """A run does not begin a new one where one has been."""
        path.unlink()
        with pytest.raises(ConfigurationError, match="is missing, but its seal file exists") as caught:
            run(path, ONE)
        assert str(seal_path(path)) in caught.value.hint
        assert [one.name for one in path.parent.iterdir()] == [FILE_NAME + SUFFIX]

    @pytest.mark.parametrize(
        "content",
        ["", "{}", "null", '{"version":2,"number":3,"hash":"x"}', '{"version":1,"number":"3","hash":"x"}', "[" * 4000],
    )
    def test_what_is_no_seal_beside_it(self, path: Path, content: str) -> None:
        seal_path(path).write_text(content)
        with pytest.raises(ConfigurationError, match="is not a seal of a journal"), open_journal(path):
            pytest.fail("it was opened")

    def test_a_seal_that_it_never_had(self, path: Path) -> None:
        text = seal_path(path).read_text()
        seal_path(path).write_text(text.replace('"number": 3', '"number": 2'))
        assert "the seal file beside it has number 2" in refusal(path, lambda one: pytest.fail("it was opened"))


class TestCopies:
    """People copy the one file: that is a warning, and the next run makes a seal."""

    def test_without_its_seal(self, path: Path, tmp_path: Path) -> None:
        (tmp_path / "elsewhere").mkdir()
        copy = Path(shutil.copy(path, tmp_path / "elsewhere" / "copy.db"))
        said: list[str] = []
        with open_journal(copy, warn=said.append) as journal:
            assert len(journal.all()) == 3
        assert len(said) == 1
        assert str(seal_path(copy)) in said[0]
        run(copy, ONE)
        said.clear()
        with open_journal(copy, warn=said.append) as journal:
            journal.check()
        assert said == []

    def test_nothing_else_lies_beside_it(self, path: Path) -> None:
        assert {one.name for one in path.parent.iterdir()} == {FILE_NAME, FILE_NAME + SUFFIX}

    def test_a_seal_that_cannot_be_kept(self, path: Path) -> None:
        """What is done is done: the run has its end, with a warning."""
        seal_path(path).unlink()
        seal_path(path).mkdir()
        said: list[str] = []
        with pytest.raises(ConfigurationError), open_journal(path):
            pytest.fail("it was opened")
        seal_path(path).rmdir()
        with open_journal(path, warn=said.append) as journal:
            seal_path(path).mkdir()
            journal.append(ONE, "second", Begun("aws", ""))
            assert journal.seal() is not None
        assert "of the journal cannot be written" in said[-1]


class TestTwoRuns:
    def test_the_seal_beside_it_never_goes_back(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Another run seals between a run's seal and its file."""
        with open_journal(path) as slow, open_journal(path) as quick:
            make = slow._make_seal

            def overtaken() -> Seal | None:
                seal = make()
                quick.append(ONE, "third", Begun("aws", ""))
                assert quick.seal() is not None
                return seal

            monkeypatch.setattr(slow, "_make_seal", overtaken)
            slow.append(ONE, "second", Begun("aws", ""))
            slow.seal()
            newest = quick.last_seal
            assert newest is not None
            assert read_seal(path) == (newest.number, newest.hash)


@pytest.mark.parametrize("name", [".", "/", "..", "x/.."])
def test_a_name_that_no_file_has(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for make in (False, True):
        with pytest.raises(ConfigurationError), open_journal(name, make=make):
            pytest.fail("it was opened")


@pytest.mark.skipif(os.name != "posix", reason="owners and permissions of POSIX")
class TestSealsOfOthers:
    def test_of_a_group(self, path: Path) -> None:
        """Each of the group can read it, whatever his umask is."""
        before = os.umask(0o077)
        try:
            with open_journal(path, shared=True) as journal, journal.sealed():
                journal.append(ONE, "second", Begun("aws", ""))
        finally:
            os.umask(before)
        assert seal_path(path).stat().st_mode & 0o777 == 0o644

    @pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root gives files away")
    def test_another_users(self, path: Path) -> None:
        os.chown(seal_path(path), 54321, -1)
        with pytest.raises(ConfigurationError, match=r"the journal's seal .* belongs to another user") as caught:
            run(path, ONE)
        assert "'shared'" in caught.value.hint
        with open_journal(path, shared=True) as journal, journal.sealed():
            journal.append(ONE, "second", Begun("aws", ""))
        is_whole(path)

    def test_a_link(self, path: Path, tmp_path: Path) -> None:
        kept = seal_path(path).rename(tmp_path / "kept")
        seal_path(path).symlink_to(kept)
        with pytest.raises(ConfigurationError, match="symbolic link"):
            run(path, ONE)


class TestKilled:
    """Between what is written down, the seal, and the file beside the journal."""

    def test_before_the_seal(self, path: Path) -> None:
        with open_journal(path) as journal:
            journal.append(ONE, "second", Begun("ca:00", "beef"))
        is_whole(path)
        with open_journal(path) as journal:
            assert (journal.check().seals, journal.check().unsealed) == (3, 1)
        run(path, TWO, Begun("ca:00", "beef"))
        with open_journal(path) as journal:
            assert (journal.check().seals, journal.check().unsealed) == (4, 0)

    def test_before_the_file(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        class Killed(BaseException):
            pass

        def kill(*_: object, **__: object) -> None:
            raise Killed

        before = seal_path(path).read_bytes()
        with monkeypatch.context() as patched:
            patched.setattr(journal_module, "write_seal", kill)
            with pytest.raises(Killed):
                run(path, TWO, Begun("ca:00", "beef"))
        assert seal_path(path).read_bytes() == before
        is_whole(path)
        with open_journal(path) as journal:
            assert (journal.check().seals, journal.check().unsealed) == (4, 0)
            with journal.sealed():
                pass
        assert seal_path(path).read_bytes() != before
        is_whole(path)

    def test_a_run_that_fails_is_sealed(self, path: Path) -> None:
        def fail() -> None:
            with open_journal(path) as journal, journal.sealed():
                journal.append(ONE, "second", Begun("ca:00", "beef"))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        with open_journal(path) as journal:
            assert (journal.check().seals, journal.check().unsealed) == (4, 0)

    @pytest.mark.parametrize("place", ["append", "_grown", "_keep"])
    def test_a_run_that_is_ended_is_sealed(self, path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
        """The signal comes as soon as something is written down, or while the run is sealed."""
        do = getattr(Journal, place)

        def struck(self: Journal, *args: object) -> object:
            try:
                return do(self, *args)
            finally:
                signal.raise_signal(signal.SIGTERM)

        monkeypatch.setattr(Journal, place, struck)
        with INTERRUPTIONS, pytest.raises(EndRequested):
            run(path, ONE, Begun("ca:00", "beef"))
        monkeypatch.undo()
        with open_journal(path) as journal:
            assert (journal.check().seals, journal.check().unsealed) == (4, 0)
        is_whole(path)

    def test_a_run_that_does_nothing_changes_nothing(self, path: Path) -> None:
        before = path.read_bytes(), seal_path(path).read_bytes()
        for error in (None, ZeroDivisionError):
            with suppress(ZeroDivisionError), open_journal(path) as journal, journal.sealed():
                if error:
                    raise error
        assert (path.read_bytes(), seal_path(path).read_bytes()) == before


class TestKeptElsewhere:
    """A seal that a run has told proves that the journal still has all that it had then."""

    def test_one_of_its_own(self, path: Path) -> None:
        with open_journal(path) as journal:
            early = journal.newest_seal
        run(path, ONE, Begun("ca:00", "beef"))
        with open_journal(path) as journal:
            assert journal.check(early).seals == 4

    def test_one_that_it_has_not(self, path: Path) -> None:
        with open_journal(path) as journal, pytest.raises(ConfigurationError, match="has no seal 5ea1"):
            journal.check("5ea1")


def test_a_seal_stands_for_all_chains() -> None:
    """Whatever is different in one of the ends, or in the seal before, makes another seal."""
    now = moment("2026-11-27T12:00:00+00:00")
    first = Seal.of([Head(ONE, 1, "a"), Head(TWO, 1, "b")], None, now)
    assert first == Seal.of([Head(TWO, 1, "b"), Head(ONE, 1, "a")], None, now)
    others = [Seal.of([Head(ONE, 1, "a"), Head(TWO, 1, "c")], None, now), Seal.of([Head(ONE, 1, "a")], None, now)]
    second = [Seal.of([Head(THREE, 1, "d")], last, now) for last in (first, *others)]
    assert len({seal.hash for seal in (first, *others, *second)}) == 6
