"""Commands that are killed or interrupted at one of their events: nothing half is left, and the next run ends."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.support.cli.struck_commands import COMMANDS, Templates
from tests.support.events import HAS_CALLS, Action, Event, Job, Moment, Outcome, Runner, hide_drawn

INTERRUPTED = 130
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="SIGKILL and fork are POSIX's")


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory, runner: Runner) -> Templates:
    return Templates(tmp_path_factory.mktemp("struck"), runner)


def check(name: str, templates: Templates, outcome: Outcome) -> None:
    """What must hold behind a strike, and that the next run comes to its end."""
    command, place = COMMANDS[name], templates.at(outcome.job.folder)
    try:
        struck = outcome.struck
        if outcome.code == INTERRUPTED:
            check_cleaned(struck, place.leftovers())
        else:
            assert outcome.is_killed
        assert "Traceback" not in outcome.err
        command.check(place)
        command.check_again(place)
    except AssertionError as error:
        raise AssertionError(f"{name}, {outcome}\nthen: {error}") from error
    shutil.rmtree(place.folder)


def check_cleaned(struck: Event, leftovers: set[str]) -> None:
    """Whoever is interrupted takes back what was not to stay, but for the one thing that was just being made, before
    anybody had its name, or just being taken away."""
    if struck.kind in ("open", "write", "mkdir", "unlink"):
        leftovers = {left for left in leftovers if struck.target != hide_drawn(left)}
    assert leftovers == set()


@pytest.mark.parametrize(
    ("action", "names"),
    [
        pytest.param(
            Action.KILL,
            ("--csr", "--write", "ca init", "ca sign", "ca revoke", "update apply", "key draw"),
            marks=pytest.mark.long,
        ),
        pytest.param(Action.INTERRUPT, ("--csr", "ca init", "ca sign"), marks=pytest.mark.long),
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

    for outcome in runner.sweep(make, Action.KILL):
        check(name, templates, outcome)


@pytest.mark.long
@pytest.mark.parametrize("moment", Moment, ids=lambda moment: moment.value)
@pytest.mark.parametrize("name", COMMANDS)
def test_interrupted_at_every_event(name: str, moment: Moment, templates: Templates, runner: Runner) -> None:
    for outcome in runner.sweep(
        lambda: Job(templates.copy(name).folder, COMMANDS[name].words), Action.INTERRUPT, moment
    ):
        check(name, templates, outcome)
