"""Commands run where the current folder is deleted, in a process of their own.

Not in the tests' own: in a process started with ``-c``, as pytest-xdist starts its workers, Python 3.13.0 asks for the
current folder whenever a module lacks an attribute, and raises `SystemError` if that folder is gone. The command's own
process, which is started by a file's name, does not.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple


class Ending(NamedTuple):
    """How a command ended."""

    code: int
    error: str


def run_where_the_folder_is_gone(commands: Sequence[Sequence[str]], port: str) -> dict[tuple[str, ...], Ending]:
    """Run commands one after another, each in a folder that was deleted before.

    :param port: the emulated chip of all of them, by an absolute path.
    """
    root = Path(__file__).parents[2]
    ran = subprocess.run(
        [sys.executable, __file__],
        input=json.dumps([list(words) for words in commands]),
        env={**os.environ, "OPTIGA_PORT": port, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    endings = [Ending(**json.loads(line)) for line in ran.stdout.splitlines()]
    return {tuple(words): ending for words, ending in zip(commands, endings, strict=True)}


def _run_all() -> None:
    from optiga import cli

    for words in json.load(sys.stdin):
        folder = Path(tempfile.mkdtemp())
        os.chdir(folder)
        folder.rmdir()
        error = io.StringIO()
        with redirect_stderr(error), redirect_stdout(io.StringIO()):
            code = cli.main([*words, "-q"])
        print(json.dumps({"code": code, "error": error.getvalue()}))


if __name__ == "__main__":
    _run_all()
