"""The command line as a process of its own, and a board served by one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import NamedTuple

from tests.support.patience import LIMIT_S
from tests.support.places import ROOT

OPTIGA = [sys.executable, str(ROOT / "optiga.py")]


class Ended(NamedTuple):
    """What a server has left.

    :param out: what it printed behind its first line.
    """

    out: str
    err: str
    code: int


def run_process(
    command: Sequence[str], folder: Path, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a process to its end in a folder."""
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=LIMIT_S,
        check=False,
    )


class Served:
    """A server that has said where it is.

    :param command: what starts it.
    :raises AssertionError: if it ends without a line.
    """

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self._process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._out, self._err = self._process.stdout, self._process.stderr
        self._watch = Timer(LIMIT_S, self._process.kill)
        self._watch.start()
        self.port = self._out.readline().rstrip("\n")
        if not self.port:
            errors = self._err.read()
            self.close()
            raise AssertionError(errors)

    @property
    def pid(self) -> int:
        return self._process.pid

    def read_note(self, last: str) -> list[str]:
        """The lines of standard error up to one that begins with a text."""
        lines = [""]
        while not lines[-1].startswith(last):
            line = self._err.readline()
            assert line, f"no line begins with {last!r}: {lines}"
            lines.append(line.rstrip("\n"))
        return lines[1:]

    def end(self, number: int = signal.SIGTERM) -> Ended:
        """End it with a signal."""
        self._process.send_signal(number)
        return Ended(self._out.read(), self._err.read(), self._process.wait())

    def close(self) -> None:
        """End it however it is."""
        self._watch.cancel()
        self._process.kill()
        self._process.wait()
        self._out.close()
        self._err.close()


@contextmanager
def serving(folder: Path, *arguments: str) -> Iterator[Served]:
    """``emulator serve`` with arguments, as long as the context lasts."""
    served = Served([*OPTIGA, "emulator", "serve", *arguments], folder)
    try:
        yield served
    finally:
        served.close()
