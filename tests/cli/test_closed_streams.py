"""Standard error that is closed or takes nothing: commands do, print and exit as they do where nobody reads it.

What cannot be had again is not made where standard output is closed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from optiga.emulator.models import DEFAULT_MODEL
from optiga.emulator.store import create_chip
from tests.support.patience import LIMIT_S
from tests.support.places import CONFIG, ROOT
from tests.support.processes import OPTIGA, run_process
from tests.support.sampling import sampled

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no shell that closes a stream")

PROGRAM = """
import os, sys
from optiga import cli

def say(**_):
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


@pytest.mark.parametrize("streams", sampled(["2>/dev/full", "2>&-", "2</dev/null"], keep=1))
@pytest.mark.parametrize("typed", sampled(reversed(WAYS), keep=1))
def test_commands_do_the_same(typed: str, streams: str, tmp_path: Path) -> None:
    create_chip(tmp_path / "chip", DEFAULT_MODEL)
    done = run_process(["sh", "-c", f'"$@" {streams}', "sh", *OPTIGA, *typed.split()], tmp_path)
    assert done.returncode == WAYS[typed]
    assert bool(done.stdout) is (WAYS[typed] == 0)
    assert "Error" not in done.stdout
    assert len(list(tmp_path.glob("*.csr"))) == ("--csr" in typed and WAYS[typed] == 0)


@pytest.mark.long
def test_whoever_reads_standard_error_has_left(tmp_path: Path) -> None:
    """The key is made, and its public key is where it was to be."""
    reads, writes = os.pipe()
    os.close(reads)
    typed = "--port emulator:chip key generate third --out public.pem"
    done = subprocess.run(
        [*OPTIGA, *typed.split()], cwd=tmp_path, stdout=subprocess.PIPE, stderr=writes, timeout=LIMIT_S, check=False
    )
    os.close(writes)
    assert done.returncode == 0
    assert b"PUBLIC KEY" in (tmp_path / "public.pem").read_bytes()


@pytest.mark.parametrize("typed", sampled(["key generate third", "key draw secp256r1"], keep=1))
def test_what_cannot_be_had_again_needs_standard_output(typed: str, tmp_path: Path) -> None:
    done = run_process(["sh", "-c", '"$@" >&-', "sh", *OPTIGA, "--port", "emulator:chip", *typed.split()], tmp_path)
    assert done.returncode == 2
    assert "standard output" in done.stderr
    assert "--out" in done.stderr
    assert not (tmp_path / "chip").exists(), "No key was generated"


@pytest.mark.long
def test_a_result_that_is_lost_is_an_error(tmp_path: Path) -> None:
    done = run_process(
        ["sh", "-c", '"$@" >&-', "sh", *OPTIGA, "--port", "emulator:chip", "--csr", str(CONFIG)], tmp_path
    )
    assert done.returncode == 2
    (csr,) = tmp_path.glob("*.csr")
    (error,) = (line for line in done.stderr.splitlines() if line.startswith("Error: "))
    assert "standard output: it is closed" in error
    assert csr.name in error


@pytest.mark.long
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk that is full")
@pytest.mark.parametrize("stream", [">/dev/full", ">&-"])
def test_a_result_that_is_lost_is_said_to_be_of_something_done(stream: str, tmp_path: Path) -> None:
    for typed, said in (
        ("ca init ca --no-passphrase", "is done"),
        (f"--port emulator:chip provision {CONFIG} --ca ca --no-cloud", "is finished"),
        ("--port emulator:chip deprovision --yes", "is done"),
    ):
        done = run_process(["sh", "-c", f'"$@" {stream}', "sh", *OPTIGA, *typed.split()], tmp_path)
        assert done.returncode == 2
        last = done.stderr.splitlines()[-1]
        assert "cannot write to standard output" in last
        assert said in last
