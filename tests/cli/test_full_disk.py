"""The disk is full from one of a command's writes on: a line that says so, nothing half, and the next run ends."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from optiga.testing import Cloud
from tests.support.cli.struck_commands import COMMANDS, Templates
from tests.support.cli.struck_provision import KINDS, Trial
from tests.support.events import Action, Event, Job, Need, Outcome, Runner

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="the runs are forked"),
]


def writes(events: list[Event]) -> list[int]:
    """The events that need room on the disk."""
    found = [event.number for event in events if event.need is Need.ROOM]
    assert found, "nothing is written"
    return found


def check_said(outcome: Outcome) -> None:
    """That the run has failed in words, if it has."""
    assert outcome.is_struck, str(outcome)
    assert "Traceback" not in outcome.err
    if outcome.code:
        assert outcome.code in range(2, 8), "no exit code of a family"
        assert sum(line.startswith("Error: ") for line in outcome.err.splitlines()) == 1


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command(name: str, tmp_path: Path, runner: Runner) -> None:
    command, templates = COMMANDS[name], Templates(tmp_path, runner)
    for number in writes(runner.record(Job(templates.copy(name).folder, command.words))):
        outcome = runner.strike(Job(templates.copy(name).folder, command.words), number, Action.FULL)
        place = templates.at(outcome.job.folder)
        try:
            check_said(outcome)
            assert place.leftovers() == set()
            command.check(place)
            command.check_again(place)
        except AssertionError as error:
            raise AssertionError(f"{name}, {outcome}\nthen: {error}") from error
        shutil.rmtree(place.folder)


@pytest.mark.parametrize("name", ["AWS", "own CA, no cloud"])
def test_provision(name: str, runner: Runner, cloud: Cloud, tmp_path: Path) -> None:
    trial = Trial(KINDS[name], cloud, runner, tmp_path, inside=False)
    for number in writes(runner.record(trial.make())):
        outcome = runner.strike(trial.make(), number, Action.FULL)
        check_said(outcome)
        trial.finish(outcome)
