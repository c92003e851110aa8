"""``emulator run --as i2c|ft260`` and ``emulator serve --i2c|--ft260``: what a program finds, and what is left.

The programs are a few lines of C, as a firmware developer writes them: they know Linux, and nothing of us.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from optiga.cli import main
from optiga.emulator import EmulatedChip
from optiga.emulator.store import SqliteStore
from tests.support.patience import LIMIT_S
from tests.support.processes import OPTIGA, serving

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("cc") is None, reason="needs Linux and a C compiler: cc"
)
FT260 = pytest.param("ft260", marks=pytest.mark.long)  # two more libraries to compile
LOOK_AT_STATE = """
#include <fcntl.h>
#include <linux/i2c-dev.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(void) {
    unsigned char state[4], number = 0x82;
    int bus = open("/dev/i2c-1", O_RDWR);
    if (bus < 0 || ioctl(bus, I2C_SLAVE, 0x30) < 0) return 1;
    for (int tries = 0; tries < 1000; tries++, usleep(1000))
        if (write(bus, &number, 1) == 1 && read(bus, state, 4) == 4) {
            printf("%02x%02x%02x%02x\\n", state[0], state[1], state[2], state[3]);
            return 7;
        }
    return 2;
}
"""
SHARED_HANDLES = """
import fcntl, os, sys
bus = os.open("/dev/i2c-1", os.O_RDWR)
fcntl.ioctl(bus, 0x0703, 0x30)
handles = [bus, os.dup(bus), fcntl.fcntl(bus, fcntl.F_DUPFD_CLOEXEC, 40), os.dup2(bus, 50)]
child = os.fork()
for _ in range(50):
    for handle in handles:
        assert os.write(handle, b"\\x82") == 1
        assert os.read(handle, 4) == bytes.fromhex("08800000")
if child:
    os.close(bus)
    assert os.write(handles[-1], b"\\x82") == 1
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) or 7)
os._exit(0)
"""
A_PIN = """
echo 17 > /sys/class/gpio/export; echo 0 > /sys/class/gpio/gpio17/value; echo 1 > /sys/class/gpio/gpio17/value
cat /sys/class/gpio/gpio17/value
"""
LOOK_AT_VERSION = """
#include <fcntl.h>
#include <linux/hidraw.h>
#include <stdio.h>
#include <sys/ioctl.h>

int main(void) {
    unsigned char version[13] = {0xa0};
    int board = open("/dev/hidraw90", O_RDWR);
    if (board < 0) return 1;
    if (ioctl(board, HIDIOCGFEATURE(sizeof version), version) < 0) return 2;
    printf("%02x%02x\\n", version[1], version[2]);
    return 7;
}
"""
WAIT = "trap 'exit 21' TERM; trap 'exit 22' HUP; trap 'exit 9' INT; echo $$; while :; do sleep 0.02; done"


class Shared(NamedTuple):
    """What is made once: compiled libraries and programs, and a new chip."""

    cache: Path
    programs: Path
    chip: Path


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    folder = tmp_path_factory.mktemp("shared")
    for name, source in (("state", LOOK_AT_STATE), ("version", LOOK_AT_VERSION)):
        subprocess.run(["cc", "-o", str(folder / name), "-x", "c", "-"], input=source, text=True, check=True)
    EmulatedChip(SqliteStore(folder / "chip")).close()
    return Shared(folder / "cache", folder, folder / "chip")


class Ended(NamedTuple):
    """What a run in this process leaves."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one error."""
        (line,) = [line for line in self.err.splitlines() if line.startswith("Error: ")]
        assert "Traceback" not in self.err
        return line


Run = Callable[..., Ended]


@pytest.fixture
def place(shared: Shared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder to work in, with a chip; temporary files lie in ``tmp`` there."""
    work = tmp_path / "work"
    (work / "tmp").mkdir(parents=True)
    shutil.copy(shared.chip, work / "chip")
    monkeypatch.chdir(work)
    monkeypatch.setenv("XDG_CACHE_HOME", str(shared.cache))
    monkeypatch.setenv("TMPDIR", str(work / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    for name in ("LD_PRELOAD", "CC", "I2C_SHIM", "FT260_SHIM"):
        monkeypatch.delenv(name, raising=False)
    return work


@pytest.fixture
def run(place: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run a program on the chip, in this process; nothing may be left of it."""

    def run(kind: str, *program: object) -> Ended:
        handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
        threads = {*threading.enumerate()}  # of tests before this one, which may end meanwhile
        capfd.readouterr()
        code = main(["emulator", "run", "--chip", "chip", "--as", kind, "--", *map(str, program)])
        assert {*threading.enumerate()} <= threads
        assert handlers == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
        assert not list((place / "tmp").iterdir()), "the socket and its folder"
        captured = capfd.readouterr()
        return Ended(code, captured.out, captured.err)

    return run


class TestPrograms:
    def test_a_process_of_its_own(self, place: Path, shared: Shared) -> None:
        done = subprocess.run(
            [*OPTIGA, "emulator", "run", "--chip", "chip", "--as", "i2c", "-q", "--", str(shared.programs / "state")],
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_S,
        )
        assert (done.stdout, done.returncode) == ("08800000\n", 7)
        assert "Error" not in done.stderr
        assert not list((place / "tmp").iterdir())

    @pytest.mark.parametrize(
        ("kind", "program", "out"),
        [("i2c", "state", "08800000"), pytest.param("ft260", "version", "0260", marks=pytest.mark.long)],
    )
    def test_it_finds_the_board(self, run: Run, shared: Shared, kind: str, program: str, out: str) -> None:
        for _ in range(2):
            ended = run(kind, shared.programs / program)
            assert (ended.out, ended.code) == (out + "\n", 7)

    def test_not_without_us(self, place: Path, shared: Shared) -> None:
        """What it finds is no board of this machine."""
        if Path("/dev/i2c-1").exists():
            pytest.skip("this machine has that bus")
        assert subprocess.run([str(shared.programs / "state")], check=False).returncode == 1

    @pytest.mark.long
    def test_the_board_of_the_other_kind_is_not_there(self, run: Run, shared: Shared) -> None:
        assert run("ft260", shared.programs / "state").code != 7
        assert run("i2c", shared.programs / "version").code == 1

    @pytest.mark.parametrize(
        ("kind", "port"), [("i2c", "/dev/i2c-1"), pytest.param("ft260", "ft260", marks=pytest.mark.long)]
    )
    def test_it_is_told_where_the_board_is(self, run: Run, kind: str, port: str) -> None:
        ended = run(kind, "sh", "-c", 'echo "$OPTIGA_PORT $1"; exit 3', "sh", "at {port}")
        assert (ended.out, ended.code) == (f"{port} at {port}\n", 3)

    def test_many_at_once(self, run: Run, shared: Shared) -> None:
        program = shared.programs / "state"
        ended = run("i2c", "sh", "-c", f"{program} & {program} & {program}; code=$?; wait; exit $code")
        assert (ended.out, ended.code) == ("08800000\n" * 3, 7)

    @pytest.mark.long
    def test_handles_that_are_copied_and_inherited(self, run: Run) -> None:
        """As of a device that is there; each transaction is whole."""
        assert run("i2c", sys.executable, "-c", SHARED_HANDLES).code == 7

    def test_a_pin_is_read_to_its_end(self, run: Run) -> None:
        ended = run("i2c", "sh", "-c", A_PIN)
        assert (ended.out, ended.code) == ("1\n", 0)

    @pytest.mark.parametrize("kind", ["i2c", FT260])
    def test_no_such_program(self, run: Run, kind: str) -> None:
        ended = run(kind, "./no-such-program")
        assert ended.code == 2
        assert "no-such-program" in ended.error

    def test_ended_by_a_signal(self, run: Run) -> None:
        assert run("i2c", "sh", "-c", "kill -KILL $$").code == 128 + signal.SIGKILL


class TestEnvironment:
    @pytest.mark.parametrize(("kind", "count"), [("i2c", 1), pytest.param("ft260", 2, marks=pytest.mark.long)])
    def test_the_users_libraries_are_kept_behind_ours(
        self, run: Run, monkeypatch: pytest.MonkeyPatch, kind: str, count: int
    ) -> None:
        show = ("/bin/sh", "-c", 'echo "$LD_PRELOAD"')
        ours = run(kind, *show).out.strip()
        assert len(ours.split(":")) == count
        assert all(Path(path).is_file() for path in ours.split(":"))
        # One that is there: else the loader complains of it, in each program.
        name = ours.rpartition(":")[2]
        monkeypatch.setenv("LD_PRELOAD", name)
        assert run(kind, *show).out.strip() == f"{ours}:{name}"

    def test_an_empty_one_is_none(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LD_PRELOAD", "")
        assert not run("i2c", "/bin/sh", "-c", 'echo "$LD_PRELOAD"').out.strip().endswith(":")

    @pytest.mark.parametrize("name", ["ca che", "ca:che"])
    @pytest.mark.parametrize("kind", ["i2c", "ft260"])
    def test_a_cache_that_the_loader_cannot_name(
        self, run: Run, place: Path, name: str, kind: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        script = place / "cc"
        script.write_text('#!/bin/sh\nwhile [ $# -gt 0 ]; do if [ "$1" = -o ]; then cat > "$2"; fi; shift; done\n')
        script.chmod(0o755)
        monkeypatch.setenv("CC", str(script))
        monkeypatch.setenv("XDG_CACHE_HOME", str(place / name))
        ended = run(kind, "touch", "ran")
        assert ended.code == 2
        assert name in ended.error
        assert "XDG_CACHE_HOME" in ended.error
        assert not (place / "ran").exists()

    def test_no_compiler(self, run: Run, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(place / "cache"))
        monkeypatch.setenv("CC", "no-such-compiler")
        ended = run("i2c", "touch", "ran")
        assert ended.code == 2
        assert "no-such-compiler" in ended.error
        assert not (place / "ran").exists()

    @pytest.mark.long
    @pytest.mark.parametrize("name", ["x" * 120, "a:b"], ids=["long", "a colon"])
    @pytest.mark.parametrize(("kind", "program"), [("i2c", "state"), ("ft260", "version")])
    def test_temporary_files_where_no_socket_can_be(
        self, run: Run, shared: Shared, place: Path, kind: str, program: str, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = place / name
        folder.mkdir()
        monkeypatch.setenv("TMPDIR", str(folder))
        monkeypatch.setattr(tempfile, "tempdir", None)
        assert run(kind, shared.programs / program).code == 7
        assert not list(folder.iterdir())


def start(place: Path, *words: str) -> subprocess.Popen[str]:
    """``emulator run`` of a program, in a process group of its own, as a terminal has it."""
    return subprocess.Popen(
        [*OPTIGA, "emulator", "run", "--chip", "chip", "-q", *words],
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def has_ended(pid: int) -> bool:
    """Whether a process ends: one that was killed is there until its new parent has heard of its end."""
    until = time.monotonic() + LIMIT_S
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.01)
    return False


class TestRequestsToEnd:
    @pytest.mark.parametrize(
        ("kind", "name", "code"),
        [
            ("i2c", "SIGTERM", 21),
            pytest.param("ft260", "SIGTERM", 21, marks=pytest.mark.long),
            pytest.param("i2c", "SIGHUP", 22, marks=pytest.mark.long),
        ],
    )
    def test_they_are_the_programs(self, place: Path, kind: str, name: str, code: int) -> None:
        process = start(place, "--as", kind, "--", "sh", "-c", WAIT)
        assert process.stdout is not None
        program = int(process.stdout.readline())
        process.send_signal(getattr(signal, name))
        _, err = process.communicate(timeout=LIMIT_S)
        assert process.returncode == code
        assert "Error" not in err
        assert has_ended(program)
        assert not list((place / "tmp").iterdir())

    @pytest.mark.long
    def test_ctrl_c_reaches_it_from_the_terminal(self, place: Path) -> None:
        process = start(place, "--as", "i2c", "--", "sh", "-c", WAIT)
        assert process.stdout is not None
        program = int(process.stdout.readline())
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=LIMIT_S)
        assert process.returncode == 9
        assert "Traceback" not in err
        assert has_ended(program)
        assert not list((place / "tmp").iterdir())

    def test_what_is_ignored_stays_so(self, place: Path) -> None:
        """As under nohup, for us and for the program."""
        command = f"trap '' HUP; exec {shlex.join(OPTIGA)} emulator run --chip chip -q -- cat /proc/self/status"
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False, timeout=LIMIT_S)
        assert done.returncode == 0, done.stderr
        (ignored,) = (line.split()[1] for line in done.stdout.splitlines() if line.startswith("SigIgn:"))
        assert int(ignored, 16) >> (signal.SIGHUP - 1) & 1

    @pytest.mark.parametrize("name", ["SIGTERM", pytest.param("SIGINT", marks=pytest.mark.long)])
    def test_before_it_has_begun(self, place: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """A compiler works for a while."""
        script = place / "cc"
        script.write_text("#!/bin/sh\necho $$ > compiling.new && mv compiling.new compiling\nexec sleep 60\n")
        script.chmod(0o755)
        monkeypatch.setenv("CC", str(script))
        monkeypatch.setenv("XDG_CACHE_HOME", str(place / "cache"))
        process = start(place, "--as", "i2c", "--", "touch", "ran")
        until = time.monotonic() + LIMIT_S
        while not (place / "compiling").exists():
            assert time.monotonic() < until
            time.sleep(0.01)
        process.send_signal(getattr(signal, name))
        _, err = process.communicate(timeout=LIMIT_S)
        assert process.returncode == 128 + getattr(signal, name)
        assert "Traceback" not in err
        assert has_ended(int((place / "compiling").read_text()))
        assert not (place / "ran").exists()
        assert not list((place / "tmp").iterdir())
        assert not [path for path in (place / "cache").rglob("*") if path.is_file()]


class TestServe:
    def ask_state(self, path: Path) -> bytes:
        """What an I2C bus on a socket answers to a look at I2C_STATE."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(LIMIT_S)
            client.connect(str(path))
            for _ in range(1000):
                client.sendall(b"W\x30\x00\x01\x82")
                if client.recv(3) == b"\0\0\0":
                    client.sendall(b"R\x30\x00\x04")
                    head = client.recv(3, socket.MSG_WAITALL)
                    return client.recv(int.from_bytes(head[1:], "big"), socket.MSG_WAITALL)
                time.sleep(0.001)
        raise AssertionError("no answer")

    @pytest.mark.parametrize(
        ("option", "number"),
        [
            ("--i2c", signal.SIGTERM),
            pytest.param("--i2c", signal.SIGINT, marks=pytest.mark.long),
            pytest.param("--ft260", signal.SIGINT, marks=pytest.mark.long),
        ],
    )
    def test_until_it_is_stopped(self, place: Path, option: str, number: int) -> None:
        with serving(place, "--chip", "chip", option, "bus") as served:
            assert served.port == "bus"
            assert (place / "bus").stat().st_mode & 0o777 == 0o600
            if option == "--i2c":
                assert self.ask_state(place / "bus") == bytes.fromhex("08800000")
            ended = served.end(number)
        assert (ended.code, ended.out) == (0, "")
        assert "Stopped" in ended.err
        assert not os.path.lexists(place / "bus")

    @pytest.mark.parametrize("option", ["--i2c", "--ft260"])
    @pytest.mark.parametrize("kind", ["a file", "a link", "a folder"])
    def test_something_is_there(self, place: Path, option: str, kind: str, capfd: pytest.CaptureFixture[str]) -> None:
        if kind == "a file":
            (place / "bus").write_text("precious")
        elif kind == "a link":
            (place / "bus").symlink_to("nowhere")
        else:
            (place / "bus").mkdir()
        code = main(["emulator", "serve", "--chip", "chip", option, "bus"])
        captured = capfd.readouterr()
        error = Ended(code, captured.out, captured.err).error
        assert code == 3
        assert "bus" in error
        assert captured.out == ""
        assert os.path.lexists(place / "bus")
        assert kind != "a file" or (place / "bus").read_text() == "precious"
        assert not os.path.lexists(place / "nowhere")

    @pytest.mark.parametrize("option", ["--i2c", "--ft260"])
    @pytest.mark.parametrize("path", ["x" * 200, "no-such-folder/bus"])
    def test_no_socket_can_be_there(
        self, place: Path, option: str, path: str, capfd: pytest.CaptureFixture[str]
    ) -> None:
        code = main(["emulator", "serve", "--chip", "chip", option, path])
        captured = capfd.readouterr()
        error = Ended(code, captured.out, captured.err).error
        assert code == 3
        assert path[:40] in error
        assert "short path" in error

    def test_a_colon_separates_boards(self, place: Path, capfd: pytest.CaptureFixture[str]) -> None:
        assert main(["emulator", "serve", "--chip", "chip", "--ft260", "a:b"]) == 2
        captured = capfd.readouterr()
        assert "colon" in Ended(2, captured.out, captured.err).error
        assert not os.path.lexists(place / "a:b")

    @pytest.mark.parametrize(
        "options",
        [
            [],
            ["--i2c", "a", "--ft260", "b"],
            ["--i2c", "a", "--pty"],
            ["--ft260", "a", "--tcp", "0"],
            ["--i2c", "a", "--shielded"],
        ],
    )
    def test_one_kind_at_a_time(self, place: Path, options: list[str]) -> None:
        assert main(["emulator", "serve", "--chip", "chip", *options]) == 2
        assert sorted(path.name for path in place.iterdir()) == ["chip", "tmp"]
