"""The main jobs are the same whatever the chip hangs on: in this process, on a UART, an I2C bus or an FT260 board.

On a bus a program is shown by a library in front of the system's, so each command is a process of its own there.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from cryptography import x509

from optiga.objects.pairing import FACTORY_SECRET
from tests.support.makers import make_certificate_for
from tests.support.places import CONFIGS
from tests.support.processes import OPTIGA, run_process, serving

CONFIG = CONFIGS / "config_nistp256_ecdsa_secondslot.jsn"
ON_A_BUS = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("cc") is None, reason="needs Linux and a C compiler: cc"
)
KINDS = {
    "emulator": (["--port", "emulator:chip"], []),
    "emulator, shielded": (["--port", "emulator:chip?shielded=secret"], []),
    "uart": (["--port", "{port}"], ["--as", "uart"]),
    "tcp": (["--port", "{tcp}"], []),
    "i2c": (["--port", "/dev/i2c-1"], ["--as", "i2c"]),
    "i2c, shielded": (["--port", "i2c:/dev/i2c-1?shielded=secret"], ["--as", "i2c"]),
    "ft260": (["--port", "ft260"], ["--as", "ft260"]),
    "ft260, shielded": (["--port", "ft260?shielded=secret"], ["--as", "ft260"]),
}
SHIELDED_BUSES = ("i2c, shielded", "ft260, shielded")
"""They take long, and carry no commands that the others do not; an identity is written and proven over them, too."""
Run = Callable[..., "CompletedProcess[str]"]


def on_each_port(*quick: str, without: Collection[str] = ()) -> pytest.MarkDecorator:
    """Run a test on each kind of port.

    :param quick: those that are not marked as long.
    :param without: kinds to leave out.
    """

    def marked(name: str) -> Any:
        marks = [] if name in quick else [pytest.mark.long]
        return pytest.param(name, marks=[*marks, ON_A_BUS] if name.startswith(("i2c", "ft260")) else marks)

    return pytest.mark.parametrize("run", [marked(name) for name in KINDS if name not in without], indirect=True)


@pytest.fixture
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Run]:
    """Run the tool on the chip ``chip``, reached in one way, in a folder of its own."""
    port, served = KINDS[request.param]
    with ExitStack() as stack:
        if request.param == "tcp":
            server = stack.enter_context(serving(tmp_path, "--chip", "chip", "--tcp", "0"))
            port = ["--port", server.port]
        yield _runner(port, served, tmp_path)


def _runner(port: list[str], served: list[str], tmp_path: Path) -> Run:
    (tmp_path / "secret").write_bytes(FACTORY_SECRET)
    (tmp_path / "secret").chmod(0o600)

    def run(*arguments: object, code: int = 0) -> CompletedProcess[str]:
        words = [*port, "-q", *map(str, arguments)]
        before = ["emulator", "run", "--chip", "chip", "-q", *served, "--", *OPTIGA] if served else []
        done = run_process([*OPTIGA, *before, *words], tmp_path)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    return run


@on_each_port("emulator")
def test_an_identity(run: Run, tmp_path: Path) -> None:
    name = run("--csr", CONFIG, "--query", "filename").stdout.strip()
    request = x509.load_pem_x509_csr((tmp_path / name).read_bytes())
    assert request.is_signature_valid
    (tmp_path / "cert.pem").write_bytes(make_certificate_for(tmp_path / name))
    written = run("--write", "cert.pem", "--slot", "second", "--query", "[written, key_match]", "--output", "json")
    assert json.loads(written.stdout) == [True, True]
    again = run("--write", "cert.pem", "--slot", "second", "--query", "written", "--output", "json")
    assert again.stdout == "false\n"
    assert run("--read", "second").stdout == (tmp_path / "cert.pem").read_text()
    (tmp_path / "large").write_bytes(bytes(range(250)) * 6)
    run("object", "write", "0xF1E0", "large")
    run("object", "read", "0xF1E0", "--out", "back")
    assert (tmp_path / "back").read_bytes() == (tmp_path / "large").read_bytes()


@on_each_port(without=SHIELDED_BUSES)
def test_the_whole_chip(run: Run, tmp_path: Path) -> None:
    run("export", "all.json", *("--object", "0xE0E0", "--object", "0xF1E0", "--object", "0xE0F1"))
    told = json.loads(run("info", "--output", "json").stdout)
    assert told["uid"].startswith("cd16")
    assert told["slots"]["first"]["certificate"] is not None
    assert json.loads((tmp_path / "all.json").read_text())
    (tmp_path / "root.pem").write_text(run_process([*OPTIGA, "emulator", "root"], tmp_path).stdout)
    assert "0x07" in run("--write", "root.pem", "--slot", "first", code=4).stderr


@pytest.mark.long
@on_each_port("emulator", without=SHIELDED_BUSES)
def test_a_provisioned_device(run: Run, tmp_path: Path) -> None:
    assert run_process([*OPTIGA, "-q", "ca", "init", "root", "--no-passphrase"], tmp_path).returncode == 0
    root = run_process([*OPTIGA, "emulator", "root"], tmp_path).stdout
    (tmp_path / "trust.pem").write_text(root)
    options = ("--ca", "root", "--no-cloud", "--trust", "trust.pem", "--emulated")
    said = json.loads(run("provision", CONFIG, *options, "--output", "json").stdout)
    assert (tmp_path / said["certificate_file"]).is_file()
    again = json.loads(run("provision", CONFIG, *options, "--output", "json").stdout)
    assert again["certificate_id"] == said["certificate_id"]
