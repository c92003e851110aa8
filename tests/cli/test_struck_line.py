"""A run on a board that is struck at a write to the port: the next run finds the board as if nothing had been."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support.events import Action, Event, Job, Moment, Outcome, Runner
from tests.support.places import ROOT
from tests.support.processes import serving

INTERRUPTED = 130
CONFIG = ROOT / "configs" / "config_nistp256_ecdsa_secondslot.jsn"
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="SIGKILL and fork are POSIX's")


def csr(port: str, folder: Path) -> Job:
    return Job(folder, ("--port", port, "--csr", CONFIG, "--output", "json", "-q"))


def check_again(runner: Runner, outcome: Outcome) -> None:
    """The next run ends, and its CSR is the one that it says."""
    assert "Traceback" not in outcome.err, str(outcome)
    again = runner.run(outcome.job)
    assert again.code == 0, f"{outcome}\nthen: {again}"
    assert (outcome.job.folder / json.loads(again.out)["filename"]).exists()


def writes(events: list[Event]) -> list[Event]:
    """What goes to the port."""
    return [event for event in events if event.kind == "write port"]


@pytest.mark.long
def test_killed_while_the_chip_makes_a_key(runner: Runner, tmp_path: Path) -> None:
    """Its answer is on the way to nobody; the next one does not take it for the answer to its own command."""
    with serving(tmp_path, "--chip", "chip", "--pty", str(tmp_path / "board")) as served:
        job = csr(served.port, tmp_path)
        runner.record(job)  # the first run of all makes the folder of the locks
        sent = writes(runner.record(job))
        assert [event.target for event in sent] == ["OpenApplication", "GenKeyPair", "CalcSign"]
        outcome = runner.strike(job, sent[1].number, Action.KILL, Moment.AFTER)
        assert outcome.struck == sent[1]
        check_again(runner, outcome)


@pytest.mark.long
@pytest.mark.parametrize(
    ("way", "action", "moment"),
    [
        ("--tcp", Action.KILL, Moment.BEFORE),
        ("--pty", Action.KILL, Moment.AFTER),
        ("--tcp", Action.INTERRUPT, Moment.AFTER),
        ("--pty", Action.INTERRUPT, Moment.BEFORE),
    ],
)
def test_struck_at_every_event(way: str, moment: Moment, action: Action, runner: Runner, tmp_path: Path) -> None:
    """Behind one event is before the next, so each way has one of the two moments of each action."""
    with serving(tmp_path, "--chip", "chip", way, "0" if way == "--tcp" else str(tmp_path / "board")) as served:
        for outcome in runner.sweep(lambda: csr(served.port, tmp_path), action, moment):
            assert outcome.struck
            assert action is Action.KILL or outcome.code == INTERRUPTED
            check_again(runner, outcome)
