"""What is seen of a run, and that it is struck where it is to be, on the side where it is to be."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.support.event_samples import CHANGED, SPOKEN, TOUCHED
from tests.support.events import HAS_CALLS, Action, Event, Job, Moment, Need, Outcome, Runner, choose

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="fork is POSIX's")
WITH_CALLS = pytest.mark.skipif(not HAS_CALLS, reason="SQLite's calls cannot be replaced here")


def job(folder: Path, name: str, *, inside: bool = False) -> Job:
    return Job(folder, (), f"tests.support.event_samples:{name}", inside=inside)


def number_of(runner: Runner, asked: Job, name: str) -> int:
    """The number of the first event of a name."""
    return next(event.number for event in runner.record(asked) if event.name.startswith(name))


class TestNames:
    def test_files(self, runner: Runner, tmp_path: Path) -> None:
        outcome = runner.run(job(tmp_path, "touch_everything"))
        assert (outcome.code, outcome.err) == (0, "")
        names = [event.name for event in outcome.events]
        assert names[: len(TOUCHED)] == TOUCHED
        removed = names[len(TOUCHED) : -1]
        assert sorted(removed[:-1]) == [f"unlink folder/{name}" for name in "cde"]
        assert removed[-1] == "rmdir folder"
        assert names[-1] == "open hidden", "what no wrapper sees is audited"
        assert [event.number for event in outcome.events] == list(range(1, len(names) + 1))

    @pytest.mark.parametrize("function", ["change_tables", "change_tables_of_own"])
    def test_tables(self, runner: Runner, tmp_path: Path, function: str) -> None:
        outcome = runner.run(job(tmp_path, function))
        assert (outcome.code, outcome.out) == (0, "2\n")
        assert [event.name for event in outcome.events] == CHANGED

    @WITH_CALLS
    def test_tables_from_inside(self, runner: Runner, tmp_path: Path) -> None:
        events = runner.record(job(tmp_path, "change_tables", inside=True))
        assert [event.name for event in events if event.kind.startswith("sql ")] == CHANGED
        calls: dict[str, set[Need]] = {}
        for event in events:
            if event.kind.startswith("sqlite "):
                calls.setdefault(event.name, set()).add(event.need)
        assert calls == {
            "sqlite open my.db": {Need.ROOM},
            "sqlite open my.db-journal": {Need.ROOM},
            "sqlite write my.db-journal": {Need.ROOM, Need.DISK},  # the latter to its head, when all else is there
            "sqlite write my.db": {Need.ROOM, Need.DISK},
            "sqlite unlink my.db-journal": {Need.DISK},
        }

    def test_lines(self, runner: Runner, tmp_path: Path) -> None:
        assert [event.name for event in runner.record(job(tmp_path, "speak"))] == SPOKEN

    def test_elsewhere(self, runner: Runner, tmp_path: Path) -> None:
        """A path is told from the folder of the job; far away, by its last part."""
        (tmp_path / "here").mkdir()
        near, far = tmp_path / "near.chip", tmp_path.parent / "far.chip"
        for path, name in ((near, "../near.chip"), (far, "…/far.chip")):
            events = runner.record(Job(tmp_path / "here", ("emulator", "new", path, "-q")))
            assert any(event.kind == "link" and event.target.endswith(f" -> {name}") for event in events)

    def test_the_same_each_time(self, runner: Runner, tmp_path: Path) -> None:
        found = [
            runner.record(Job(tmp_path, ("ca", "init", name, "--no-passphrase", "-q"))) for name in ("ca-1", "ca-2")
        ]
        first, second = ([event.name.replace(f"ca-{n}", "ca") for event in one] for n, one in enumerate(found, 1))
        assert first == second
        assert "replace .ca.….tmp/.ca.key.….tmp -> .ca.….tmp/ca.key" in first

    def test_one_of_each_kind(self) -> None:
        kinds = ["open", "write", "open", "write", "close"]
        events = [Event(number, kind, "file") for number, kind in enumerate(kinds, 1)]
        assert [event.number for event in choose(events)] == [1, 2, 5]


class TestSignals:
    @pytest.mark.parametrize(("moment", "held"), [(Moment.BEFORE, b""), (Moment.AFTER, b"content")])
    def test_killed(self, runner: Runner, tmp_path: Path, moment: Moment, held: bytes) -> None:
        outcome = runner.strike(job(tmp_path, "write_thrice"), 4, Action.KILL, moment)
        assert outcome.is_killed
        assert outcome.struck.name == "write two"
        assert (tmp_path / "one").read_bytes() == b"content"
        assert (tmp_path / "two").read_bytes() == held
        assert not (tmp_path / "three").exists()
        assert str(outcome).startswith(f"SIGKILL {moment.value} event 4, write two: exit code -9")

    @pytest.mark.parametrize("action", [Action.TERM, Action.HANGUP])
    def test_ended(self, runner: Runner, tmp_path: Path, action: Action) -> None:
        outcome = runner.strike(job(tmp_path, "write_thrice"), 3, action)
        assert outcome.struck.name == "open two"
        assert outcome.code == -getattr(signal, action.value)
        assert not (tmp_path / "two").exists()

    @pytest.mark.parametrize(("moment", "is_there"), [(Moment.BEFORE, False), (Moment.AFTER, True)])
    def test_interrupted(self, runner: Runner, tmp_path: Path, moment: Moment, is_there: bool) -> None:
        """At that very point, and never again."""
        outcome = runner.strike(job(tmp_path, "write_thrice"), 3, Action.INTERRUPT, moment)
        assert outcome.struck.name == "open two"
        assert outcome.out.splitlines() == [f"two interrupted {is_there}", "end"]

    @WITH_CALLS
    def test_interrupted_while_sqlite_works(self, runner: Runner, tmp_path: Path) -> None:
        """As with a signal from elsewhere, its handler runs when SQLite has returned: the row is there."""
        asked = job(tmp_path, "insert_twice", inside=True)
        number = number_of(runner, asked, "sqlite write")
        (tmp_path / "my.db").unlink()
        outcome = runner.strike(asked, number, Action.INTERRUPT)
        assert outcome.struck.name == "sqlite write my.db-journal"
        assert outcome.code == 1, "the first statement makes the table, and nobody expects the interrupt there"
        assert "KeyboardInterrupt" in outcome.err
        again = runner.run(asked)
        assert again.out == "2\n"
        assert "CREATE" not in {event.kind for event in again.events}

    def test_every_event(self, runner: Runner, tmp_path: Path) -> None:
        """Parts share them, and the run that is left alone ends the sweep."""
        asked = job(tmp_path, "write_thrice")
        names = [event.name for event in runner.record(asked)]
        struck: list[Outcome] = []
        for part in range(3):
            struck += runner.sweep(lambda: asked, Action.KILL, part=part, parts=3)
        assert [outcome.struck.name for outcome in sorted(struck, key=lambda one: one.struck.number)] == names

    def test_a_part_without_an_event(self, runner: Runner, tmp_path: Path) -> None:
        with pytest.raises(AssertionError, match="no event was left"):
            list(runner.sweep(lambda: job(tmp_path, "speak"), Action.KILL, part=5, parts=6))

    def test_not_reached(self, runner: Runner, tmp_path: Path) -> None:
        outcome = runner.strike(job(tmp_path, "write_thrice"), 100, Action.KILL)
        assert (outcome.code, outcome.is_struck) == (0, False)
        with pytest.raises(AssertionError, match="never reached"):
            _ = outcome.struck

    def test_a_run_that_fails_is_not_recorded(self, runner: Runner, tmp_path: Path) -> None:
        with pytest.raises(AssertionError, match="there is no CA in none"):
            runner.record(Job(tmp_path, ("ca", "list", "--ca", "none")))


class TestDisk:
    @pytest.mark.parametrize(("action", "number"), [(Action.FULL, 28), (Action.BROKEN, 5)])
    def test_from_there_on(self, runner: Runner, tmp_path: Path, action: Action, number: int) -> None:
        """What takes no room goes on where the disk is full; the interrupted file is there without its content."""
        outcome = runner.strike(job(tmp_path, "write_thrice"), 4, action)
        assert outcome.struck.name == "write two"
        assert outcome.out.splitlines()[:2] == [f"two {number} two", f"three {number} three"]
        assert (tmp_path / "two").read_bytes() == b""
        assert not (tmp_path / "three").exists()
        assert (tmp_path / "one").exists() is (action is Action.BROKEN)
        assert outcome.code == (1 if action is Action.BROKEN else 0)

    @WITH_CALLS
    @pytest.mark.parametrize(
        ("action", "said"), [(Action.FULL, "database or disk is full"), (Action.BROKEN, "disk I/O error")]
    )
    def test_inside_sqlite(self, runner: Runner, tmp_path: Path, action: Action, said: str) -> None:
        """In SQLite's own words; what it held before is still there."""
        asked = job(tmp_path, "insert_twice", inside=True)
        runner.record(asked)
        outcome = runner.strike(asked, number_of(runner, asked, "sqlite write my.db-journal"), action)
        assert outcome.code == 0
        first, second, _ = outcome.out.splitlines()
        assert first == f"OperationalError {said}"
        assert second.startswith("OperationalError ")
        assert runner.run(asked).out == "6\n", "three runs that went well"

    def test_what_is_done_cannot_fail(self, runner: Runner, tmp_path: Path) -> None:
        with pytest.raises(AssertionError):
            runner.strike(job(tmp_path, "write_thrice"), 1, Action.FULL, Moment.AFTER)
