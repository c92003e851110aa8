"""A run that is killed at any moment, and the run after it: one key, one certificate, one thing."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from cloud_server import Cloud
from provisioned import Bench
from test_provision_faults import OPERATIONS

KILLS = 100
PARTS = 4
"""That several processes may share the kills."""
CONFIG = Path(__file__).resolve().parents[2] / "configs" / "config_nistp256_ecdsa_secondslot.jsn"
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="SIGKILL and fork are POSIX's")


class Runs:
    """Runs of the command line, one at a time, in children that can be killed."""

    def __init__(self) -> None:
        self._parent = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("killed_provision.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            text=True,
            bufsize=1,
        )
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._stdin, self._stdout = self._parent.stdin, self._parent.stdout
        self.pid = 0

    def start(self, folder: Path, *arguments: object) -> None:
        self._stdin.write(json.dumps([str(folder), *map(str, arguments)]) + "\n")
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
        line = self._stdout.readline()
        assert line, "the parent of the runs has ended"
        word, number = line.split()
        return word, int(number)

    def close(self) -> None:
        self._stdin.close()
        self._parent.wait(60)
        self._stdout.close()


@pytest.fixture
def runs(cloud: Cloud) -> Iterator[Runs]:
    """The environment of the children is that of ``cloud``."""
    made = Runs()
    yield made
    made.close()


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
def test_killed_at_random_moments(runs: Runs, cloud: Cloud, tmp_path: Path, part: int) -> None:
    bench = make_bench(cloud, tmp_path, 0)
    begin = time.monotonic()
    runs.start(bench.folder, *arguments(bench))
    assert runs.end() == 0
    whole_s = time.monotonic() - begin
    struck = 0
    for number in range(1, KILLS // PARTS + 1):
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
