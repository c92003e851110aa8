"""Started with standard error closed (``2>&-``): commands do, print and exit as they do where nobody reads it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from optiga.emulator.models import DEFAULT_MODEL
from optiga.emulator.store import create_chip
from tests.support.places import CONFIG, ROOT
from tests.support.processes import OPTIGA, run_process

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no shell that closes a stream")

PROGRAM = """
import os, sys
from optiga import cli

def say():
    print("to standard error", file=sys.stderr)
    os.write(2, b"as a library in C does")
    with open("file", "w") as file:
        return 40 + (file.fileno() == 2)

cli.main = say
cli.enter()
"""
WAYS = {
    "nonsense": 2,
    "--output json --csr nothing.jsn": 2,
    "--port none info": 3,
    "--port emulator:chip object read second": 5,
    "--port emulator:chip -vv random 8": 0,
    f"--port emulator:chip --csr {CONFIG}": 0,
}


@pytest.mark.parametrize("streams", ["2>&-", "<&- 2>&-", "2>&- 3>&-"])
def test_what_is_said_goes_nowhere(streams: str, tmp_path: Path) -> None:
    shell = ["sh", "-c", f'"$@" {streams}', "sh", sys.executable, "-c", PROGRAM]
    done = run_process(shell, tmp_path, {"PYTHONPATH": str(ROOT)})
    assert (done.returncode, done.stdout, done.stderr) == (40, "", "")
    assert (tmp_path / "file").read_text() == ""


@pytest.mark.long
@pytest.mark.parametrize("typed", WAYS)
def test_commands_do_the_same(typed: str, tmp_path: Path) -> None:
    create_chip(tmp_path / "chip", DEFAULT_MODEL)
    done = run_process(["sh", "-c", '"$@" 2>&-', "sh", *OPTIGA, *typed.split()], tmp_path)
    assert done.returncode == WAYS[typed]
    assert bool(done.stdout) is (WAYS[typed] == 0)
    assert "Error" not in done.stdout
    assert len(list(tmp_path.glob("*.csr"))) == ("--csr" in typed and WAYS[typed] == 0)
