"""``emulator run``: any program on an emulated chip."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cli.runner import Cli
from tests.support.places import ROOT
from tests.support.processes import OPTIGA, run_process
from tests.support.sampling import sampled

CONFIG = ROOT / "configs" / "config_nistp256_ecdsa_secondslot.jsn"
RUN = ("emulator", "run", "--chip", "chip", "-q")
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
SAY = """
import json, os, sys
print(json.dumps([os.environ["OPTIGA_PORT"], sys.argv[1:], sys.stdin.read()]))
"""


def python(script: str, *words: str) -> list[str]:
    return [*OPTIGA, *RUN, sys.executable, "-c", script, *words]


def test_it_is_told_where_the_board_is(tmp_path: Path) -> None:
    done = subprocess.run(
        python(SAY, "a", "{port}", "at={port}!", "--", "-q", ""),
        check=True,
        input="typed",
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    port, words, typed = json.loads(done.stdout)
    assert words == ["a", port, f"at={port}!", "--", "-q", ""]
    assert typed == "typed"
    assert not Path(port).exists()


def test_a_new_chip_is_said(tmp_path: Path) -> None:
    """Also with -q: the file's name may be misspelt."""
    said = [run_process(python("pass"), tmp_path).stderr.splitlines() for _ in range(2)]
    name = re.sub(r"Emulated chip: (.*)\. Its keys .*", r"\1", said[0][0])
    assert [lines[1:] for lines in said] == [[f"A new chip was created in {name}"], []]


@pytest.mark.parametrize("code", sampled([7, 0, 1, 255], keep=1))
def test_its_exit_code_is_passed_on(tmp_path: Path, code: int) -> None:
    assert run_process(python(f"raise SystemExit({code})"), tmp_path).returncode == code


@pytest.mark.long
@POSIX
@pytest.mark.parametrize("name", sampled(["SIGTERM", "SIGKILL", "SIGINT"], keep=1))
def test_ended_by_a_signal(tmp_path: Path, name: str) -> None:
    script = f"import os, signal; os.kill(os.getpid(), signal.{name})"
    assert subprocess.run(python(script), cwd=tmp_path, check=False).returncode == 128 + getattr(signal, name)


@pytest.mark.long
@POSIX
@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 21), ("SIGHUP", 22)])
def test_a_request_to_end_is_the_programs(tmp_path: Path, name: str, code: int) -> None:
    script = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(21))\n"
        "signal.signal(signal.SIGHUP, lambda *_: sys.exit(22))\n"
        "print('ready', flush=True)\nwhile True: time.sleep(1)"
    )
    process = subprocess.Popen(python(script), cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(getattr(signal, name))
        assert process.wait() == code


@pytest.mark.long
def test_our_own_commands(tmp_path: Path) -> None:
    inner = [*OPTIGA, "-q", "--csr", str(CONFIG), "--query", "filename"]
    done = run_process([*OPTIGA, *RUN, "--", *inner], tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / done.stdout.strip()).is_file()
    done = run_process([*OPTIGA, *RUN, *OPTIGA, "--port", "{port}", "info", "--query", "uid"], tmp_path)
    assert (done.returncode, len(done.stdout.strip())) == (0, 54)


@pytest.mark.parametrize("program", ["no-such-program", "./chip", "/"])
def test_what_cannot_be_run(cli: Cli, program: str) -> None:
    result = cli(*RUN, program)
    assert (result.code, len(result.errors)) == (2, 1)
    assert program in result.errors[0]


def test_no_program(cli: Cli) -> None:
    assert cli(*RUN).code == 2
    assert not Path("chip").exists()


def test_a_chip_that_cannot_be_had(cli: Cli) -> None:
    Path("chip").write_bytes(b"not a chip")
    result = cli(*RUN, sys.executable, "-c", "open('ran', 'w')")
    assert (result.code, len(result.errors)) == (3, 1)
    assert not os.path.lexists("ran")
