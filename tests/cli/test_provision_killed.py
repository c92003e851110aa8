"""A run struck at any of its events, and the run after it: one key, one certificate, one thing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from optiga.testing import Cloud
from tests.support.cli.struck_provision import KINDS, Trial
from tests.support.events import Action, Event, Moment, Runner, choose

PARTS = 4
"""That several processes may share the kills."""
ENDED = {Action.INTERRUPT: 130, Action.TERM: 143, Action.HANGUP: 129}
"""Exit codes of runs that a signal has ended."""
DEEDS = ("answer", "exchange", "replace", "link", "unlink", "sql COMMIT")
"""Kinds of events that change the chip, AWS, a folder or a database."""
ASKED = "POST /certificates"
"""How a certificate is asked for."""
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="SIGKILL and fork are POSIX's")


def find(events: list[Event], name: str) -> Event:
    """The last event of a name."""
    return next(event for event in reversed(events) if event.name.startswith(name))


@pytest.mark.long
def test_killed_where_most_is_at_stake(runner: Runner, cloud: Cloud, tmp_path: Path) -> None:
    """A key, and a certificate, made and not yet written down; the first event and the last."""
    trial = Trial(KINDS["AWS"], cloud, runner, tmp_path)
    events = runner.record(trial.make())
    strikes = [(events[0], Moment.BEFORE), (events[-1], Moment.AFTER)]
    strikes += [(find(events, "exchange GenKeyPair"), Moment.AFTER)]
    strikes += [(find(events, f"answer {ASKED}"), moment) for moment in Moment]
    for event, moment in strikes:
        outcome = runner.strike(trial.make(), event.number, Action.KILL, moment)
        assert outcome.struck == event, "another run, other events"
        trial.finish(outcome)
        if event.name == f"answer {ASKED}":
            assert cloud.calls.count("CreateCertificateFromCsr") == 1, "what AWS had made was not adopted"


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("name", ["AWS", "own CA, no cloud"])
def test_killed_at_every_event(name: str, part: int, runner: Runner, cloud: Cloud, tmp_path: Path) -> None:
    trial = Trial(KINDS[name], cloud, runner, tmp_path)
    for outcome in runner.sweep(trial.make, Action.KILL, part=part, parts=PARTS, skims=True):
        trial.finish(outcome)


@pytest.mark.long
def test_killed_at_each_kind_of_event(runner: Runner, cloud: Cloud, tmp_path: Path) -> None:
    """With both of the above, whose events are each struck there."""
    trial = Trial(KINDS["own CA"], cloud, runner, tmp_path)
    for event in choose(runner.record(trial.make())):
        trial.finish(runner.strike(trial.make(), event.number, Action.KILL))


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))
def test_terminated_behind_every_deed(part: int, runner: Runner, cloud: Cloud, tmp_path: Path) -> None:
    """Where something is done in the world, and whoever has it done has not heard of it."""
    trial = Trial(KINDS["AWS"], cloud, runner, tmp_path)
    deeds = [event for event in runner.record(trial.make()) if event.kind.startswith(DEEDS)]
    assert len(deeds) > 40
    for event in deeds[part::PARTS]:
        outcome = runner.strike(trial.make(), event.number, Action.TERM, Moment.AFTER)
        assert outcome.struck == event, "another run, other events"
        assert outcome.code == ENDED[Action.TERM], str(outcome)
        assert "Traceback" not in outcome.err
        assert "run the same command again" in outcome.err, "nothing says how to continue"
        trial.finish(outcome)


@pytest.mark.long
@pytest.mark.parametrize("action", [Action.INTERRUPT, Action.HANGUP], ids=lambda action: action.value)
def test_interrupted_at_each_kind_of_event(action: Action, runner: Runner, cloud: Cloud, tmp_path: Path) -> None:
    trial = Trial(KINDS["AWS"], cloud, runner, tmp_path)
    events = runner.record(trial.make())
    # A terminal that hangs up ends a run as a request to end does, which is tried behind every event.
    chosen = choose(events) if action is Action.INTERRUPT else [events[0], find(events, "exchange GenKeyPair")]
    for event in chosen:
        outcome = runner.strike(trial.make(), event.number, action)
        assert outcome.code == ENDED[action], str(outcome)
        assert "Traceback" not in outcome.err
        trial.finish(outcome)
