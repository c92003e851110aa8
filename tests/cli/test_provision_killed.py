"""A run that is killed at any moment, and the run after it: one key, one certificate, one thing."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from cloud_server import Cloud
from forking import Forking
from provisioned import Bench
from test_provision_faults import OPERATIONS

KILLS = 100
PARTS = 4
"""That several processes may share the kills."""
CONFIG = Path(__file__).resolve().parents[2] / "configs" / "config_nistp256_ecdsa_secondslot.jsn"
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="SIGKILL and fork are POSIX's")


class Runs(Forking):
    """Runs of the command line, one at a time, in children that can be killed."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        super().__init__(Path(__file__).with_name("killed_provision.py"), environment)
        self.pid = 0

    def start(self, folder: Path, *arguments: object) -> None:
        self.tell(json.dumps([str(folder), *map(str, arguments)]))
        word, self.pid = self._line()
        assert word == "pid"

    def end(self) -> int:
        """Wait for the end; the exit code, negative for a signal."""
        word, code = self._line()
        assert word == "gone"
        self.pid = 0
        return code

    def kill(self) -> None:
        """Kill the child, if it is still there."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

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
def whole_s(runs: Runs, cloud_server: Cloud, tmp_path_factory: pytest.TempPathFactory) -> float:
    """How long a run takes that nobody kills, in seconds; the first takes longer than those behind it."""

    def run(number: int) -> float:
        bench = make_bench(cloud_server, tmp_path_factory.mktemp("whole"), number)
        begin = time.monotonic()
        runs.start(bench.folder, *arguments(bench))
        assert runs.end() == 0
        return time.monotonic() - begin

    return min(map(run, range(3)))


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


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_at_random_moments(runs: Runs, cloud: Cloud, tmp_path: Path, whole_s: float, part: int) -> None:
    struck = 0
    for number in range(KILLS // PARTS):
        bench = make_bench(cloud, tmp_path, number)
        runs.start(bench.folder, *arguments(bench))
        time.sleep(random.uniform(0, whole_s))  # the moment is drawn at random; nothing is waited for
        runs.kill()
        struck += runs.end() == -signal.SIGKILL
        finish(runs, bench)
    assert struck, "no kill has struck a run"


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
