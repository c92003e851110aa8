"""What a run does to the world, event by event, and what becomes of it where it is struck at one of them.

A run is a function, as a rule :func:`optiga.cli.main`, in a child of a process that has everything loaded. Nothing
here hangs on time: the same number is the same event, and the outcome says whether it was reached.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

from tests.support.event_watch import Action, Event, Moment, Need, Strike, hide_drawn
from tests.support.sqlite_calls import HAS_CALLS

__all__ = [
    "HAS_CALLS",
    "Action",
    "Event",
    "Job",
    "Moment",
    "Need",
    "Outcome",
    "Runner",
    "Strike",
    "choose",
    "hide_drawn",
]

_ROOT = Path(__file__).resolve().parents[2]
_MAIN = "optiga.cli:main"
_STATEMENTS = ("sql CREATE", "sql DELETE", "sql INSERT", "sql REPLACE", "sql UPDATE")
"""Kinds of events that are undone if their transaction does not come to its end."""


@dataclass(frozen=True)
class Job:
    """What a run does.

    :param folder: that it works in.
    :param arguments: of the function, which takes them as one list of texts.
    :param function: as ``module:name``; what it returns, if it is a number, is the exit code.
    :param load: the same for a function without arguments, called once in the process that forks, for what takes long
        to load.
    :param inside: SQLite's own calls are events, too.
    """

    folder: Path
    arguments: Sequence[object]
    function: str = _MAIN
    load: str = ""
    inside: bool = False


@dataclass(frozen=True)
class Outcome:
    """What has become of a run.

    :param code: its exit code, negative for a signal.
    :param job: what it was to do.
    :param events: those that it came to.
    :param strike: what was to be done to it.
    :param is_struck: whether it came to that.
    """

    code: int
    out: str
    err: str
    events: list[Event] = field(repr=False)
    job: Job
    strike: Strike | None = None
    is_struck: bool = False

    @property
    def struck(self) -> Event:
        """The event that it was struck at.

        :raises AssertionError: if it did not come so far, or was to be killed and lives.
        """
        assert self.strike is not None
        assert self.is_struck, f"never reached: {self}"
        assert self.strike.action is not Action.KILL or self.is_killed, f"not killed: {self}"
        return self.events[self.strike.number - 1]

    @property
    def is_killed(self) -> bool:
        return self.code == -signal.SIGKILL

    def __str__(self) -> str:
        what = "undisturbed"
        if self.strike is not None:
            what = f"{self.strike.action.value} {self.strike.moment.value} event {self.strike.number}"
            if self.is_struck:
                what += f", {self.events[self.strike.number - 1].name}"
        return f"{what}: exit code {self.code}\n{self.out}{self.err}"


class Runner:
    """Runs jobs, one at a time. A context manager: the process that forks ends with it."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory()
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process is not None:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.close()
            self._process.wait()
            self._process.stdout.close()
        self._folder.cleanup()

    def run(self, job: Job) -> Outcome:
        """Run a job and leave it alone."""
        return self._carry_out(job, None)

    def record(self, job: Job) -> list[Event]:
        """The events of a run that is left alone, which must end well.

        :raises AssertionError: if it does not.
        """
        outcome = self.run(job)
        assert outcome.code == 0, str(outcome)
        return outcome.events

    def strike(self, job: Job, number: int, action: Action, moment: Moment = Moment.BEFORE) -> Outcome:
        """Run a job, and do something to it at an event.

        :param number: of the event; a run that has fewer comes to its end.
        """
        assert not (action.fails and moment is Moment.AFTER), "what is done can no longer fail"
        return self._carry_out(job, Strike(number, action, moment))

    def sweep(
        self,
        make: Callable[[], Job],
        action: Action,
        moment: Moment = Moment.BEFORE,
        part: int = 0,
        parts: int = 1,
        *,
        skims: bool = False,
    ) -> Iterator[Outcome]:
        """Strike a job at one event after the other, until a run comes to its end before its turn.

        :param make: gives the job in a state of its own.
        :param part: of so many parts that share the events; counted from 0.
        :param skims: whether events are passed over that one run, which is left alone, has shown to be like others to
            a run that is killed before them (:func:`_is_passed_over`). Runs must not depend on those before them then.
        """
        assert not skims or (action is Action.KILL and moment is Moment.BEFORE)
        passed = {one.number for one in self._passed_over(make())} if skims else set()
        numbers = (number for number in count(1) if number not in passed)
        for turn, number in enumerate(islice(numbers, part, None, parts)):
            outcome = self.strike(make(), number, action, moment)
            if not outcome.is_struck:
                assert outcome.code == 0, str(outcome)
                assert turn, "no event was left for this part"
                return
            yield outcome

    def _passed_over(self, job: Job) -> list[Event]:
        events = self.record(job)
        return [event for event in events if _is_passed_over(events, event)]

    def _carry_out(self, job: Job, strike: Strike | None) -> Outcome:
        files = {name: os.path.join(self._folder.name, name) for name in ("events", "out", "err")}  # noqa: PTH118
        asked = {
            "folder": str(job.folder),
            "arguments": [str(argument) for argument in job.arguments],
            "function": job.function,
            "load": job.load,
            "inside": job.inside,
            "environment": dict(os.environ),
            "strike": None if strike is None else [strike.number, strike.action.name, strike.moment.name],
            **files,
        }
        code = self._ask(json.dumps(asked))
        out, err = (Path(files[name]).read_text("utf-8", "replace") for name in ("out", "err"))
        numbers, events, is_struck = count(1), [], False
        for line in Path(files["events"]).read_text("utf-8").splitlines():
            word, *rest = line.split("\t")
            if word == "event":
                kind, target, need = rest
                events.append(Event(next(numbers), kind, target, Need(need)))
            is_struck |= word == "struck"
        return Outcome(code, out, err, events, job, strike, is_struck)

    def _ask(self, line: str) -> int:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.events_server"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), *sys.path])},
                text=True,
                encoding="utf-8",
                bufsize=1,
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        answer = self._process.stdout.readline()
        assert answer, "the process that forks has ended"
        return int(answer)


def _is_passed_over(events: Sequence[Event], event: Event) -> bool:
    """Whether a run that is killed before an event leaves what it leaves before the one in front of it.

    Nothing stays of a command to an emulated chip, which keeps what it does in its file; nor of what is in memory, of
    a synchronization, which only matters where the power fails, and of the end of a transaction that has only read. Of
    a transaction's statements the first counts, and its end, where SQLite has to undo the others. Of the writes that
    SQLite makes to one file without anything between them, the first and the last count: what lies between those is a
    matter of SQLite's own, whose file is not what it is to be before the last.
    """
    if event.number == 1:
        return False
    before = events[event.number - 2]
    if before.kind == "fsync" or before.kind.startswith("exchange ") or before.target.startswith(":memory:"):
        return True
    if event.kind == "sql COMMIT":
        statements = [one for one in events[: event.number - 1] if one.kind.startswith("sql ")]
        return not statements or statements[-1].kind == "sql COMMIT"
    if event.kind in _STATEMENTS and before.kind in _STATEMENTS:
        return event.target.partition(": ")[0] == before.target.partition(": ")[0]
    around = events[event.number - 2 : event.number + 1]
    return len(around) == 3 and event.kind == "sqlite write" and {one.name for one in around} == {event.name}


def choose(events: Sequence[Event]) -> list[Event]:
    """The first event, the last, and one of each kind."""
    kinds = {event.kind: event for event in reversed(events)}
    return sorted({events[0], events[-1], *kinds.values()})
