"""``emulator control``: a chip that ``emulator serve --control`` serves, from another process."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from optiga.emulator.boards import Place, ft260_place, i2c_place, uart_place
from optiga.emulator.models import MODELS
from optiga.emulator.running import own_socket
from optiga.emulator.store import create_chip
from tests.support.cli.runner import Cli, Result
from tests.support.patience import LIMIT_S
from tests.support.processes import OPTIGA, Served, run_process, serving
from tests.support.sampling import sampled

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Unix sockets are POSIX")
pytestmark = POSIX
LINUX_WITH_COMPILER = sys.platform == "linux" and shutil.which("cc") is not None


@pytest.fixture
def socket() -> Iterator[str]:
    with own_socket() as path:
        yield str(path)


@contextmanager
def control_of(path: str, *options: str) -> Iterator[Served]:
    with serving(Path.cwd(), "--chip", "a.chip", "--control", path, *options) as served:
        yield served


@pytest.mark.long
@pytest.mark.parametrize("board", [("--tcp", "0"), ("--pty", "link")], ids=lambda board: str(board[0]))
def test_by_the_port_and_by_the_chip(cli: Cli, socket: str, board: tuple[str, str]) -> None:
    with control_of(socket, *board) as served:
        names = [served.port, "a.chip", "emulator:a.chip", str(Path("a.chip").absolute()), socket]
        names += ["link"] if "--pty" in board else [served.port.replace("127.0.0.1", "localhost")]
        for name in names:
            assert cli("emulator", "control", name, "power").code == 0
    for name in (served.port, "a.chip"):
        result = cli("emulator", "control", name, "power")
        assert (result.code, len(result.errors)) == (3, 1)
        assert "--control" in result.errors[0]


@pytest.mark.long
@pytest.mark.parametrize(
    "board",
    sampled([("--pty", "link"), ("--tcp", "0"), ("--i2c", "board"), ("--ft260", "board")], keep=1),
    ids=lambda board: board[0],
)
def test_what_a_killed_server_leaves_is_in_nobodys_way(cli: Cli, socket: str, board: tuple[str, str]) -> None:
    with control_of(socket, *board) as served:
        if board[0] == "--tcp":
            board = ("--tcp", served.port.rpartition(":")[2])  # the same port again
            assert cli("--port", served.port, "info").code == 0
        assert served.end(signal.SIGKILL).code == -signal.SIGKILL
    assert os.path.lexists(socket)
    for name in ("a.chip", socket):
        result = cli("emulator", "control", name, "power")
        assert (result.code, len(result.errors)) == (3, 1)
    with control_of(socket, *board) as served:
        for name in ("a.chip", socket):
            assert cli("emulator", "control", name, "power").code == 0
        if board[0] in ("--tcp", "--pty"):
            assert cli("--port", served.port, "info").code == 0
        assert served.end().code == 0
    assert [path.name for path in Path().iterdir()] == ["a.chip"]


def test_a_chip_that_is_served_without_control(cli: Cli) -> None:
    with serving(Path.cwd(), "--chip", "a.chip", "--tcp", "0") as served:
        for name in (served.port, "a.chip"):
            result = cli("emulator", "control", name, "power")
            assert (result.code, len(result.errors)) == (3, 1)
            assert f"{name}: no control of this chip is known." in result.errors[0]
            assert "'emulator serve --control SOCKET'" in result.errors[0]


def test_each_verb(cli: Cli, socket: str) -> None:
    Path("data.bin").write_bytes(b"\xc0\xff\xee")
    with control_of(socket, "--tcp", "0") as served:
        assert stat.S_IMODE(Path(socket).stat().st_mode) == 0o600

        def control(*words: object) -> str:
            done = cli("emulator", "control", socket, *words)
            assert done.code == 0, done.err
            return done.out

        control("snapshot", "before.json")
        assert stat.S_IMODE(Path("before.json").stat().st_mode) == 0o600
        assert cli("--port", served.port, "object", "write", "0xF1D0", "data.bin").code == 0
        events = [json.loads(line) for line in control("events").splitlines()]
        (written,) = (event for event in events if event["command"] == "SetDataObject")
        assert (written["object"], written["result"]) == ("0xF1D0", "done")
        assert set(written) == {"command", "object", "result", "milliseconds"}
        assert "c0ffee" not in str(events)
        control("snapshot", "after.json")
        for kind in ("lose", "repeat"):
            control("fault", kind)
            assert "c0 ff ee" in cli("--port", served.port, "object", "read", "0xF1D0").out
        opened = [line for line in control("events").splitlines() if '"OpenApplication"' in line]
        assert len(opened) == 4  # one for each of three programs, and one again whose answer was lost
        control("fault", "delay", "--ms", "20", "--times", "2")
        for taken in ("data.bin", "."):
            refused = cli("emulator", "control", socket, "snapshot", taken)
            assert (refused.code, len(refused.errors)) == (2, 1)
            assert "Name another file" in refused.err
            assert "--out" not in refused.err
        control("fault", "lose", "--times", "1000")
        control("fault", "clear")
        control("restore", "before.json")
        assert "c0 ff ee" not in cli("--port", served.port, "object", "read", "0xF1D0").out
        control("restore", "after.json")
        assert "c0 ff ee" in cli("--port", served.port, "object", "read", "0xF1D0").out
        control("security-counter", "77")
        assert cli("--port", served.port, "object", "read", "0xE0C5").out.split()[1] in ("4d", "4c", "4b")
        control("power")
        Path("x.json").write_text(Path("before.json").read_text().replace("trust-m-v3", "trust-m-v1"))
        refused = cli("emulator", "control", socket, "restore", "x.json")
        assert (refused.code, len(refused.errors)) == (2, 1)
        ended = served.end()
    assert ended.code == 0
    assert not os.path.lexists(socket)
    assert "Traceback" not in ended.err
    assert "c0 ff ee" in cli("--port", "emulator:a.chip", "object", "read", "0xF1D0").out


def test_results(cli: Cli, socket: str) -> None:
    """One JSON value each, that of ``serve`` on one line; events are lines of JSON anyway."""
    with control_of(socket, "--tcp", "0", "--output", "json") as served:
        found = json.loads(served.port)
        assert (found["file"], found["control"]) == ("a.chip", socket)
        for words, value, file in (
            (("power",), None, None),
            (("fault", "lose"), "lose", None),
            (("security-counter", "3"), "3", None),
            (("snapshot", "s.json"), None, "s.json"),
            (("restore", "s.json"), None, "s.json"),
        ):
            told = json.loads(cli("emulator", "control", found["port"], *words, "--output", "json").out)
            assert told == {"control": socket, "verb": words[0], "value": value, "file": file, "remarks": []}
        assert cli("emulator", "control", socket, "power", "--query", "verb").out == "power\n"
        for words in (("power", "--query", "nothing"), ("events", "--query", "verb"), ("power", "--yes")):
            refused = cli("emulator", "control", socket, *words)
            assert (refused.code, refused.out, len(refused.errors)) == (2, "", 1)


def test_what_load_takes_is_restored(cli: Cli, socket: str) -> None:
    """A file of 'export', and one of Infineon's library, which tells no UID; of another model neither."""
    create_chip(Path("a.chip"), MODELS["trust-m-v1"])
    create_chip(Path("v3.chip"), MODELS["trust-m-v3"])
    for name in ("a", "v3"):
        assert cli("--port", f"emulator:{name}.chip", "export", f"{name}.json").code == 0
    Path("dump.json").write_text(
        json.dumps({"f1d0": {"data": "c0ffee"}, "e0f1": {"metadata": "2011c00101d003e1fc07d30100e00103e10110"}})
    )
    with control_of(socket, "--tcp", "0") as served:

        def restore(*words: str) -> Result:
            return cli("emulator", "control", socket, "restore", *words)

        def held() -> str:
            return cli("--port", served.port, "object", "read", "0xF1D0").out

        before = held()
        refused = restore("dump.json")
        assert (refused.code, refused.out, len(refused.errors), held()) == (2, "", 1, before)
        for word in ("--yes", "0xE0F0"):
            assert word in refused.errors[0]
        said = restore("dump.json", "--yes")
        assert (said.code, said.out) == (0, "")
        assert "New keys" in said.err
        assert "c0 ff ee" in held()
        others = (("v3.json",), ("dump.json", "--model", "trust-m-v3"))
        for words in others:
            refused = restore(*words, "--yes")
            assert (refused.code, len(refused.errors)) == (2, 1)
            assert words[0] in refused.errors[0]
            assert "OPTIGA Trust M V1" in refused.errors[0]
            assert "c0 ff ee" in held()
        quiet = restore("a.json", "-q", "--yes")
        assert (quiet.code, quiet.err) == (0, "")
        assert "c0 ff ee" not in held()


@pytest.mark.long
def test_a_state_without_its_secrets_is_refused(cli: Cli, socket: str) -> None:
    with control_of(socket, "--tcp", "0"):
        assert cli("emulator", "control", socket, "snapshot", "whole.json").code == 0
        state = json.loads(Path("whole.json").read_text())
        del state["objects"]["0xE0F0"]["secret"]
        Path("open.json").write_text(json.dumps(state))
        refused = cli("emulator", "control", socket, "restore", "open.json")
        assert (refused.code, len(refused.errors)) == (2, 1)
        assert "0xE0F0" in refused.errors[0]


@pytest.mark.parametrize(
    "words",
    [
        ("fly",),
        ("power", "--model", "trust-m-v1"),
        ("restore", "whole.json", "--model", "trust-y"),
        ("power", "x"),
        ("fault",),
        ("fault", "explode"),
        ("fault", "lose", "--times", "0"),
        ("fault", "lose", "--ms", "5"),
        ("fault", "delay"),
        ("fault", "clear", "--times", "2"),
        ("fault", "clear", "--ms", "2"),
        ("fault", "delay", "--ms", "-1"),
        ("security-counter",),
        ("security-counter", "256"),
        ("security-counter", "1e1"),
        ("snapshot",),
        ("snapshot", ""),
        ("restore",),
        ("restore", "none.json"),
        ("events", "--times", "2"),
        ("power", "--follow"),
    ],
)
def test_mistakes(cli: Cli, words: tuple[str, ...]) -> None:
    """Each is found before anybody is connected to."""
    done = cli("emulator", "control", "nobody", *words)
    assert (done.code, len(done.errors), done.out) == (2, 1, "")


def test_nobody_is_there(cli: Cli) -> None:
    Path("file").write_text("x")
    for name in ("nobody", "file", "x" * 200):
        done = cli("emulator", "control", name, "power")
        assert (done.code, len(done.errors)) == (3, 1)
        assert "--control" in done.errors[0]


def test_the_place_is_taken(cli: Cli) -> None:
    """A file that is there is not replaced, and no board is announced."""
    Path("file").write_text("mine")
    done = cli("emulator", "serve", "--chip", "a.chip", "--tcp", "0", "--control", "file")
    assert (done.code, len(done.errors), done.out) == (3, 1, "")
    assert Path("file").read_text() == "mine"


@pytest.mark.long
@pytest.mark.skipif(not LINUX_WITH_COMPILER, reason="buses are shown to programs on Linux, with a C compiler")
@pytest.mark.parametrize("kind", ["pty", "i2c", "ft260"])
def test_on_every_board(kind: str, cli: Cli, socket: str) -> None:
    with own_socket() as bus, control_of(socket, f"--{kind}", *([] if kind == "pty" else [str(bus)])) as served:
        place: Place = {"pty": uart_place, "i2c": i2c_place, "ft260": ft260_place}[kind](served.port)

        def read() -> str:
            done = run_process(
                [*OPTIGA, "--port", place.port, "object", "read", "0xE0C2"], Path.cwd(), dict(place.variables)
            )
            assert done.returncode == 0, done.stderr
            return done.stdout

        uid = read()
        with subprocess.Popen(
            [*OPTIGA, "emulator", "control", socket, "events", "--follow"], stdout=subprocess.PIPE, text=True
        ) as follower:
            assert follower.stdout is not None
            assert json.loads(follower.stdout.readline())["command"] == "OpenApplication"
            assert cli("emulator", "control", socket, "fault", "damage").code == 0
            assert cli("emulator", "control", socket, "power").code == 0
            assert read() == uid
            assert served.end().code == 0
            assert all(json.loads(line)["result"] for line in follower.stdout)
            assert follower.wait(LIMIT_S) == 0
