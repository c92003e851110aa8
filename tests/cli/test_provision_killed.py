"""A run that is killed at any moment, and the run after it: one key, one certificate, one thing."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from threading import Event

import pytest

from tests.support.cli.provisioned import OPERATIONS, Bench
from tests.support.cloud.server import Cloud
from tests.support.forking import Forking
from tests.support.places import CONFIG, ROOT
from tests.support.processes import LIMIT_S

KILLS = 100
PARTS = 4
"""That several processes may share the kills."""
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="SIGKILL and fork are POSIX's")


class Runs(Forking):
    """Runs of the command line, one at a time, in children that can be killed."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        super().__init__(ROOT / "tests" / "support" / "cli" / "killed_provision.py", environment)
        self._pid = 0
        self._started = Event()

    def start(self, folder: Path, *arguments: object) -> None:
        self.tell(json.dumps([str(folder), *map(str, arguments)]))
        word, self._pid = self._line()
        assert word == "pid"
        self._started.set()

    def end(self) -> int:
        """Wait for the end; the exit code, negative for a signal."""
        word, code = self._line()
        assert word == "gone"
        self._started.clear()
        return code

    def kill(self) -> None:
        """Kill the child, if it is still there; it may call before it is known by its number."""
        assert self._started.wait(LIMIT_S)
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)

    def _line(self) -> tuple[str, int]:
        word, number = self.told()
        return word, int(number)


@pytest.fixture(scope="module")
def runs(cloud_server: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """Their environment leads to the stand-in for AWS."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    made = Runs({**others, "HOME": str(tmp_path_factory.mktemp("home")), **cloud_server.environment})
    yield made
    made.close()


@pytest.fixture(scope="module")
def times(runs: Runs, cloud_server: Cloud, tmp_path_factory: pytest.TempPathFactory) -> list[float]:
    """When a run that nobody kills begins, calls AWS, is answered and ends, in seconds from its begin."""

    def run(number: int) -> list[float]:
        bench = make_bench(cloud_server, tmp_path_factory.mktemp("whole"), number)
        moments = [time.monotonic()]
        cloud_server.before(lambda *_: moments.append(time.monotonic()))
        runs.start(bench.folder, *arguments(bench))
        assert runs.end() == 0
        moments.append(time.monotonic())
        return [moment - moments[0] for moment in moments]

    return min(map(run, range(3)), key=lambda times: times[-1])  # the first takes longer than those behind it


def make_bench(cloud: Cloud, tmp_path: Path, number: int) -> Bench:
    """A fresh chip, folder and cloud."""
    cloud.reset()
    cloud.iot.create_thing_group(thingGroupName="hall")
    folder = tmp_path / f"{number}"
    folder.mkdir()
    return Bench(cloud, folder, tmp_path / f"{number}.chip")


def arguments(bench: Bench) -> list[object]:
    return ["--port", bench.port, "provision", CONFIG, "--thing-group", "hall"]


def finish(runs: Runs, bench: Bench) -> None:
    """What must hold after a kill, and after the run that follows it."""
    bench.cloud.settle()
    bench.check_proven()
    runs.start(bench.folder, *arguments(bench))
    assert runs.end() == 0, (bench.folder / "log").read_text()
    bench.check_finished()


def kill_at(runs: Runs, bench: Bench, times: list[float], moment: float) -> int:
    """Kill a run at a moment of the one that took those times: as long after the same call.

    :param moment: in seconds from the begin; if it is that of a call, the call is not over before the run is killed.
    :returns: the exit code of the run.
    """
    last = bisect_right(times, moment) - 1
    wait_s = moment - times[last]
    calls = count(1)
    reached = Event()

    def look(*_: str) -> None:
        if next(calls) == last:
            if not wait_s:
                runs.kill()
            reached.set()

    bench.cloud.before(look)
    runs.start(bench.folder, *arguments(bench))
    assert last == 0 or reached.wait(LIMIT_S)
    time.sleep(wait_s)  # the moment is drawn at random; nothing is waited for
    runs.kill()
    return runs.end()


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))
def test_killed_at_random_moments(runs: Runs, cloud: Cloud, tmp_path: Path, times: list[float], part: int) -> None:
    """The first is killed at a call, so that one is struck on any machine."""
    moments = [random.choice(times[1:-1]), *(random.uniform(0, times[-1]) for _ in range(KILLS // PARTS - 1))]
    codes = set()
    for number, moment in enumerate(moments):
        bench = make_bench(cloud, tmp_path, number)
        codes.add(kill_at(runs, bench, times, moment))
        finish(runs, bench)
    assert -signal.SIGKILL in codes
    assert codes <= {0, -signal.SIGKILL}


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_killed_at_a_call(runs: Runs, cloud: Cloud, tmp_path: Path, operation: str, moment: str) -> None:
    """Killed while AWS is asked: before it has done what it was asked for, and after, with the answer on its way."""
    bench = make_bench(cloud, tmp_path, 0)
    killed = []

    def kill(asked: str, now: str) -> None:
        if (asked, now) == (operation, moment) and not killed:
            killed.append(asked)
            runs.kill()

    cloud.before(kill)
    runs.start(bench.folder, *arguments(bench))
    assert runs.end() == -signal.SIGKILL
    finish(runs, bench)
    if (operation, moment) == ("CreateCertificateFromCsr", "after"):
        assert cloud.calls.count(operation) == 1, "what AWS had made was not adopted"
