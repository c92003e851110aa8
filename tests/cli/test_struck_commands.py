"""Commands that are killed or interrupted at one of their events: nothing half is left, and the next run ends."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.support.cli.struck_commands import COMMANDS, Templates
from tests.support.events import HAS_CALLS, Action, Job, Moment, Outcome, Runner

ENDED = {Action.INTERRUPT: 130, Action.TERM: 143, Action.HANGUP: 129}
"""Exit codes of runs that a signal has ended."""
TERMINATED = ("--csr", "--write", "ca init", "ca sign")
"""Commands that are asked to end at each of their events."""
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="SIGKILL and fork are POSIX's")


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory, runner: Runner) -> Templates:
    return Templates(tmp_path_factory.mktemp("struck"), runner)


def check(name: str, templates: Templates, outcome: Outcome) -> None:
    """What must hold behind a strike, and that the next run comes to its end."""
    command, place = COMMANDS[name], templates.at(outcome.job.folder)
    try:
        assert outcome.struck
        assert outcome.strike is not None
        if not outcome.is_killed:
            assert outcome.code == ENDED[outcome.strike.action]
            assert place.leftovers() == set()
        assert "Traceback" not in outcome.err
        command.check(place)
        command.check_again(place)
        # SQLite's journal of a killed run may stay, empty: it is SQLite's to take away.
        assert {name for name in place.leftovers() if not name.endswith("-journal")} == set()
    except AssertionError as error:
        raise AssertionError(f"{name}, {outcome}\nthen: {error}") from error
    shutil.rmtree(place.folder)


@pytest.mark.parametrize(
    ("action", "names"),
    [
        pytest.param(
            Action.KILL,
            ("--csr", "--write", "ca init", "ca sign", "ca revoke", "update apply", "key draw"),
            marks=pytest.mark.long,
        ),
        pytest.param(Action.INTERRUPT, ("--csr", "ca init", "ca sign"), marks=pytest.mark.long),
        pytest.param(Action.TERM, ("--csr", "ca init", "ca sign"), marks=pytest.mark.long),
        pytest.param(Action.HANGUP, ("--csr", "ca init", "ca sign"), marks=pytest.mark.long),
    ],
    ids=lambda value: value.value if isinstance(value, Action) else "",
)
def test_struck_at_each_kind_of_event(
    action: Action, names: tuple[str, ...], templates: Templates, runner: Runner
) -> None:
    """Each kind in one command, and the last event of each command."""
    seen: set[str] = set()
    for name in names:
        command = COMMANDS[name]
        events = runner.record(Job(templates.copy(name).folder, command.words))
        chosen = {event.kind: event for event in events if event.kind not in seen}
        seen |= chosen.keys()
        for event in {*chosen.values(), events[-1]}:
            outcome = runner.strike(Job(templates.copy(name).folder, command.words), event.number, action)
            assert outcome.struck == event, f"{name}: another run, other events"
            check(name, templates, outcome)
    assert {"open", "write", "fsync", "replace", "mkdir", "link", "unlink", "exchange GenKeyPair", "sql COMMIT"} <= seen


@pytest.mark.long
@pytest.mark.parametrize("name", COMMANDS)
def test_killed_at_every_event(name: str, templates: Templates, runner: Runner) -> None:
    """SQLite's own calls are among them."""

    def make() -> Job:
        return Job(templates.copy(name).folder, COMMANDS[name].words, inside=HAS_CALLS)

    for outcome in runner.sweep(make, Action.KILL, skims=True):
        check(name, templates, outcome)


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "moment"),
    [(name, moment) for name in COMMANDS for moment in Moment if moment is Moment.BEFORE or name not in TERMINATED],
    ids=lambda value: value.value if isinstance(value, Moment) else value,
)
def test_interrupted_at_every_event(name: str, moment: Moment, templates: Templates, runner: Runner) -> None:
    """Behind the events too, where no request to end comes there; both come to a run in the same way."""
    for outcome in runner.sweep(
        lambda: Job(templates.copy(name).folder, COMMANDS[name].words), Action.INTERRUPT, moment
    ):
        check(name, templates, outcome)


@pytest.mark.long
@pytest.mark.parametrize("moment", Moment, ids=lambda moment: moment.value)
@pytest.mark.parametrize("name", TERMINATED)
def test_terminated_at_every_event(name: str, moment: Moment, templates: Templates, runner: Runner) -> None:
    for outcome in runner.sweep(lambda: Job(templates.copy(name).folder, COMMANDS[name].words), Action.TERM, moment):
        check(name, templates, outcome)
