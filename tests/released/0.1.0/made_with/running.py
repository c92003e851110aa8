"""Runs of the release's command line, as users have them: to their end, or killed on the way."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

HERE = Path(__file__).resolve().parent
HOT = bytes.fromhex("d9d505f920a163d7")
"""What a rollback journal of SQLite's begins with as long as it has to be rolled back."""
KEPT_OUT = "log"
SET_BACK = datetime.now(timezone.utc).replace(hour=0, minute=0) - datetime(2024, 6, 1, tzinfo=timezone.utc)
"""How far the clock is set back: to 1 June 2024, so that a machine whose clock is slow takes the certificates, too."""


class Release:
    """A checkout of the release, with the interpreter that this runs in.

    :param checkout: its folder.
    :param out: folder that the files are made in.
    :param clock: libfaketime, which sets the commands' clock back; this process has none of that, for it waits.
    :ivar environment: what the commands see besides this process's own.
    """

    def __init__(self, checkout: Path, out: Path, clock: Path) -> None:
        self.checkout, self.out = checkout, out
        home = out.parent / "home"
        home.mkdir()
        self.environment = {
            "HOME": str(home),
            "XDG_STATE_HOME": str(home),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LD_PRELOAD": str(clock),
            "FAKETIME": f"-{SET_BACK.days}d",
        }
        self._command = [sys.executable, str(checkout / "optiga.py")]

    @property
    def everything(self) -> dict[str, str]:
        """The whole environment of a command."""
        return {**os.environ, **self.environment}

    def folder(self, name: str) -> Path:
        """A new folder for what is left in one."""
        made = self.out / name
        made.mkdir(parents=True)
        return made

    def __call__(self, folder: Path, *arguments: object, code: int = 0) -> str:
        """Run a command to its end in a folder, without a terminal; what it has printed.

        :param code: the exit code that it must have.
        """
        return self._run([*self._command, *map(str, arguments)], folder, code)

    def run_program(self, folder: Path, name: str) -> None:
        """Run a program of a user's in a folder, which imports the release as a library."""
        environment = {"PYTHONPATH": str(self.checkout)}
        self._run([sys.executable, name], folder, 0, environment)

    def killed(self, folder: Path, where: str, *arguments: object) -> None:
        """Run a command that is killed as soon as one of its functions has returned; ``killed.py`` says how."""
        shim = [sys.executable, str(HERE / "killed.py"), str(self.checkout), where]
        self._run([*shim, *map(str, arguments)], folder, -signal.SIGKILL)

    def interrupted(self, folder: Path, where: str, *arguments: object) -> None:
        """The same with Ctrl-C in place of the kill."""
        shim = [sys.executable, str(HERE / "killed.py"), str(self.checkout), f"{where}!SIGINT"]
        self._run([*shim, *map(str, arguments)], folder, 130)

    def killed_instead(self, folder: Path, call: str, number: int, *arguments: object) -> None:
        """Run a command that is killed in place of its Nth call of that kind to the system (strace)."""
        tracing = ["strace", "-f", "-o", "/dev/null", "-e", f"trace={call}"]
        inject = ["-e", f"inject={call}:signal=KILL:when={number}"]
        self._run([*tracing, *inject, *self._command, *map(str, arguments)], folder, -signal.SIGKILL)

    def count(self, folder: Path, call: str, end: str, nth: int, *arguments: object) -> int:
        """Which call of a kind in a run is the Nth one for a file whose name ends so. Works in a copy of the folder."""
        with TemporaryDirectory() as scratch:
            copy = Path(scratch) / folder.name
            shutil.copytree(folder, copy)
            trace = Path(scratch) / "trace"
            tracing = ["strace", "-f", "-y", "-o", str(trace), "-e", f"trace={call}"]
            self._run([*tracing, *self._command, *map(str, arguments)], copy, 0)
            calls = [line for line in trace.read_text().splitlines() if f" {call}(" in line]
        ours = [number for number, line in enumerate(calls, 1) if re.search(rf"{re.escape(end)}>", line)]
        return ours[nth - 1]

    def killed_while_asking(
        self, cloud: Any, folder: Path, operation: str, moment: str, *arguments: object, skip: int = 0
    ) -> None:
        """Run a command that is killed while AWS is asked.

        :param moment: ``before`` AWS has done what it was asked for, or ``after`` it.
        :param skip: how many such calls go by before.
        """
        left = [skip]
        with (folder / KEPT_OUT).open("wb") as log:
            process = subprocess.Popen(
                [*self._command, *map(str, arguments)],
                cwd=folder,
                env=self.everything,
                stdout=log,
                stderr=log,
            )

            def kill(asked: str, now: str) -> None:
                if (asked, now) == (operation, moment):
                    left[0] -= 1
                    if left[0] == -1:
                        process.kill()

            cloud.before(kill)
            assert process.wait(60) == -signal.SIGKILL, (folder / KEPT_OUT).read_text()
        cloud.settle()
        cloud._hooks.remove(kill)
        (folder / KEPT_OUT).unlink()

    def looked_at(self, folder: Path, *arguments: object) -> Any:
        """What a command prints of the files in a folder, as JSON; it works on a copy of them."""
        with TemporaryDirectory() as scratch:
            copy = Path(scratch) / folder.name
            shutil.copytree(folder, copy)
            return json.loads(self(copy, *arguments))

    def on_copy(self, folder: Path, work: Callable[[Path], None]) -> None:
        """Do something to a copy of a folder."""
        with TemporaryDirectory() as scratch:
            copy = Path(scratch) / folder.name
            shutil.copytree(folder, copy)
            work(copy)

    def _run(
        self, command: list[str], folder: Path, code: int, environment: Mapping[str, str] = MappingProxyType({})
    ) -> str:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**self.everything, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == code, (command, done.returncode, done.stderr)
        return done.stdout


def check_hot(file: Path) -> None:
    """Make sure that a file of SQLite's was left in the middle of a transaction, which has to be rolled back."""
    journal = file.with_name(f"{file.name}-journal")
    assert journal.read_bytes().startswith(HOT), journal
