"""A process that has everything loaded, and forks children that work until they end or are killed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


class Forking:
    """Takes a line for each child, and tells in lines of words what becomes of it.

    :param script: what the process runs.
    """

    def __init__(self, script: Path, environment: Mapping[str, str] = os.environ) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**environment, "PYTHONPATH": os.pathsep.join(sys.path)},
            text=True,
            bufsize=1,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout

    def tell(self, line: str) -> None:
        self._stdin.write(line + "\n")

    def told(self) -> list[str]:
        """The next line's words."""
        line = self._stdout.readline()
        assert line, "the process that forks has ended"
        return line.split()

    def close(self) -> None:
        self._stdin.close()
        self._process.wait(60)
        self._stdout.close()
