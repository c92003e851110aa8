"""What is made under a temporary name: gone with its run, whatever ends it, or with the next one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from optiga.files import temporary
from optiga.files.interruptions import INTERRUPTIONS, EndRequested, Uninterrupted
from optiga.files.temporary import Temporary, drop_all, sweep

POSIX = pytest.mark.skipif(os.name == "nt", reason="locks of files are POSIX's")
NAME = ".it.0123456789ab.tmp"
MAKES = """
import os, signal, sys
from pathlib import Path
from optiga.files.temporary import Temporary
with Temporary(Path("it"), 0o600, is_folder=sys.argv[1] == "folder") as made:
    if sys.argv[1] == "folder":
        made.path.joinpath("inside").write_text("secret")
    print(made.path.name, flush=True)
    sys.stdin.read()
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def start(kind: str, folder: Path) -> tuple[subprocess.Popen[str], str]:
    """A process that has made something; it ends when its input does."""
    process = subprocess.Popen(
        [sys.executable, "-c", MAKES, kind],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


@pytest.mark.parametrize("is_folder", [False, True], ids=["file", "folder"])
class TestOne:
    def test_moved(self, is_folder: bool, tmp_path: Path) -> None:
        with Temporary(tmp_path / "it", 0o700, is_folder=is_folder) as made:
            assert names(tmp_path) == [made.path.name]
            made.replace(tmp_path / "it")
        assert names(tmp_path) == ["it"]
        assert (tmp_path / "it").is_dir() is is_folder

    def test_not_moved(self, is_folder: bool, tmp_path: Path) -> None:
        with Temporary(tmp_path / "it", 0o700, is_folder=is_folder) as made:
            if is_folder:
                (made.path / "inside").touch()
        assert names(tmp_path) == []

    def test_an_error(self, is_folder: bool, tmp_path: Path) -> None:
        with pytest.raises(ZeroDivisionError), Temporary(tmp_path / "it", 0o700, is_folder=is_folder):
            raise ZeroDivisionError
        assert names(tmp_path) == []

    def test_nobody_leaves_the_context(self, is_folder: bool, tmp_path: Path) -> None:
        """As where an interruption comes between two instructions."""
        Temporary(tmp_path / "it", 0o700, is_folder=is_folder).__enter__()
        assert len(names(tmp_path)) == 1
        drop_all()
        assert names(tmp_path) == []

    @POSIX
    def test_permissions(self, is_folder: bool, tmp_path: Path) -> None:
        with Temporary(tmp_path / "it", 0o600, is_folder=is_folder) as made:
            assert made.path.stat().st_mode & 0o777 == 0o600


def test_a_name_that_is_taken(tmp_path: Path) -> None:
    (tmp_path / "it").write_bytes(b"before")
    with Temporary(tmp_path / "it", 0o600) as made, pytest.raises(FileExistsError):
        made.take(tmp_path / "it")
    assert names(tmp_path) == ["it"]
    assert (tmp_path / "it").read_bytes() == b"before"


@POSIX
@pytest.mark.parametrize("is_folder", [False, True])
def test_somebody_sweeps_before_it_is_locked(is_folder: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """He has locked it, and is about to take it away: it is made anew, under another name."""
    seen: list[str] = []
    lock = temporary._lock

    def lock_second(descriptor: int) -> None:
        seen.extend(names(tmp_path))
        if len(seen) == 1:
            raise BlockingIOError
        lock(descriptor)

    monkeypatch.setattr(temporary, "_lock", lock_second)
    with Temporary(tmp_path / "it", 0o600, is_folder=is_folder) as made:
        assert names(tmp_path) == [made.path.name]
        assert made.path.name != seen[0]
    assert names(tmp_path) == []


@POSIX
@pytest.mark.parametrize("kind", ["file", "folder"])
class TestOthers:
    def test_alive(self, kind: str, tmp_path: Path) -> None:
        """What somebody is making stays, and gets its name."""
        process, name = start(kind, tmp_path)
        sweep(tmp_path)
        assert names(tmp_path) == [name]
        process.communicate()
        assert process.returncode == 0
        assert names(tmp_path) == []

    def test_killed(self, kind: str, tmp_path: Path) -> None:
        process, name = start(kind, tmp_path)
        process.kill()
        process.communicate()
        assert names(tmp_path) == [name]
        with Temporary(tmp_path / "other", 0o600) as made:
            assert names(tmp_path) == [made.path.name]


class TestSwept:
    def test_what_is_left(self, tmp_path: Path) -> None:
        for name in (NAME, NAME + "-journal", ".gone.0123456789ab.tmp-journal"):
            (tmp_path / name).touch()
        sweep(tmp_path)
        assert names(tmp_path) == []

    @pytest.mark.parametrize(
        "name",
        ["it.0123456789ab.tmp", ".it.tmp", ".it.0123456789AB.tmp", ".it.0123456789ab.tmp.bak", ".0123456789ab.tmp"],
    )
    def test_others_names_stay(self, name: str, tmp_path: Path) -> None:
        (tmp_path / name).touch()
        sweep(tmp_path)
        assert names(tmp_path) == [name]

    @POSIX
    @pytest.mark.parametrize("kind", ["link", "pipe"])
    def test_what_is_neither_file_nor_folder_stays(self, kind: str, tmp_path: Path) -> None:
        (tmp_path / "precious").touch()
        if kind == "link":
            (tmp_path / NAME).symlink_to(tmp_path / "precious")
        else:
            os.mkfifo(tmp_path / NAME)
        sweep(tmp_path)
        assert names(tmp_path) == sorted([NAME, "precious"])

    @POSIX
    def test_a_second_name_of_a_file(self, tmp_path: Path) -> None:
        """A run that was killed between giving the name and taking the temporary one away."""
        (tmp_path / "chip").write_bytes(b"whole")
        (tmp_path / NAME).hardlink_to(tmp_path / "chip")
        sweep(tmp_path)
        assert names(tmp_path) == ["chip"]
        assert (tmp_path / "chip").read_bytes() == b"whole"

    @POSIX
    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give files away")
    def test_of_another_user(self, tmp_path: Path) -> None:
        (tmp_path / NAME).touch()
        os.chown(tmp_path / NAME, 12345, -1)
        sweep(tmp_path)
        assert names(tmp_path) == [NAME]

    def test_a_folder_that_is_none(self, tmp_path: Path) -> None:
        sweep(tmp_path / "nowhere")


@pytest.mark.parametrize("name", [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)])
class TestInterruptions:
    @pytest.fixture(autouse=True)
    def default(self, name: str) -> Iterator[None]:
        """What a process has that was started at a terminal; these tests may run under nohup."""
        number = getattr(signal, name)
        usual = signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL
        before = signal.signal(number, usual)
        yield
        signal.signal(number, before)

    def test_raised(self, name: str) -> None:
        number = getattr(signal, name)
        with INTERRUPTIONS, pytest.raises(EndRequested) as raised:
            signal.raise_signal(number)
        assert raised.value.number == number
        assert isinstance(raised.value, KeyboardInterrupt)

    def test_it_waits(self, name: str) -> None:
        done = []

        def work() -> None:
            with Uninterrupted():
                with Uninterrupted():
                    signal.raise_signal(getattr(signal, name))
                done.append("inner")
            done.append("outer")

        with INTERRUPTIONS, pytest.raises(EndRequested):
            work()
        assert done == ["inner"]

    def test_handlers_come_back(self, name: str) -> None:
        before = signal.getsignal(getattr(signal, name))
        with INTERRUPTIONS:
            assert signal.getsignal(getattr(signal, name)) != before
        assert signal.getsignal(getattr(signal, name)) == before

    def test_what_is_ignored_stays_ignored(self, name: str) -> None:
        """As SIGHUP under nohup."""
        number = getattr(signal, name)
        before = signal.signal(number, signal.SIG_IGN)
        try:
            with INTERRUPTIONS:
                signal.raise_signal(number)
        finally:
            signal.signal(number, before)

    def test_one_more_does_not_cut_off_what_the_first_one_ends(self, name: str) -> None:
        said = []

        def work() -> None:
            try:
                signal.raise_signal(getattr(signal, name))
            finally:
                for one in ("SIGINT", "SIGTERM", name):
                    signal.raise_signal(getattr(signal, one))
                said.append("what has become of the key")

        terminate = signal.signal(signal.SIGTERM, signal.SIG_DFL)
        try:
            with INTERRUPTIONS, pytest.raises(EndRequested) as raised:
                work()
        finally:
            signal.signal(signal.SIGTERM, terminate)
        assert said == ["what has become of the key"]
        assert raised.value.number == INTERRUPTIONS.number == getattr(signal, name)

    def test_but_one_that_comes_much_later_does(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("optiga.files.interruptions._UNWINDING_S", 0.0)

        def raise_twice() -> None:
            try:
                signal.raise_signal(getattr(signal, name))
            finally:
                signal.raise_signal(getattr(signal, name))
                pytest.fail("the second one was ignored")

        with INTERRUPTIONS, pytest.raises(EndRequested):
            raise_twice()

    def test_it_waits_for_the_end_of_an_import(
        self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In the body of a class, where Python 3.11 makes a RuntimeError of it."""
        module = f"interrupted_by_{name.lower()}"
        (tmp_path / f"{module}.py").write_text(
            "import signal\n"
            "class Named:\n"
            "    def __set_name__(self, owner, name):\n"
            f"        signal.raise_signal(signal.{name})\n"
            "class Owner:\n"
            "    named = Named()\n"
            "IS_WHOLE = True\n"
        )
        monkeypatch.syspath_prepend(tmp_path)

        def work() -> None:
            import_module(module)
            for _ in range(6000):
                threading.Event().wait(0.01)  # Windows ends no longer wait

        with INTERRUPTIONS, pytest.raises(EndRequested):
            work()
        assert sys.modules.pop(module).IS_WHOLE
