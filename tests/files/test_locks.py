"""One process at a time, and who it is."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest

from optiga import BoardError
from optiga.emulator import default_chip_path
from optiga.files import locks
from optiga.files.locks import Owner, PortLock, command_line, lock_path_for_port
from optiga.files.user_folders import state_folder

HOLD = """
import sys
from pathlib import Path
from optiga.files.locks import PortLock
lock = PortLock(Path(sys.argv[1]), port="board")
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""
ASK = HOLD.replace("lock.acquire()", "print('asks', flush=True); lock.acquire()")
"""The same by one who says so before he asks for it."""


def hold(path: Path) -> subprocess.Popen[str]:
    """Another process that has the lock until its standard input ends."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def test_the_second_is_told_who_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "lock"
    with hold(path) as holder:
        with pytest.raises(BoardError) as caught:
            PortLock(path, port="board", wait_s=0).acquire()
        holder.kill()
        holder.wait()
        assert f"board: in use by process {holder.pid} (" in str(caught.value)
        assert "Wait for it" in caught.value.hint
        PortLock(path, port="board", wait_s=0).acquire()


@pytest.mark.long
def test_the_same_process_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    first = PortLock(path, port="board")
    for done in (True, False):
        first.acquire()
        with pytest.raises(BoardError, match="in use by this process") as caught:
            PortLock(path, port="board", wait_s=3600).acquire()
        assert "Close it" in caught.value.hint
        first.release(done=done)
        with hold(path) as holder:
            assert "this process" not in Owner(path).in_use("board").message
            holder.kill()


@pytest.mark.long
def test_what_this_process_has_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    PortLock(path, port="board").acquire()
    gc.collect()
    with pytest.raises(BoardError, match="in use by this process") as caught:
        PortLock(path, port="board", wait_s=0).acquire()
    assert "not closed" in caught.value.hint
    assert "'with'" in caught.value.hint


def test_the_second_waits_for_the_first(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with hold(path) as holder:
        waiting = subprocess.Popen(
            [sys.executable, "-c", ASK, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert waiting.stdout is not None
        assert waiting.stdout.readline() == "asks\n"
        assert holder.stdin is not None
        holder.stdin.close()
        assert waiting.stdout.readline() == "held\n"
        waiting.communicate()


def test_it_is_given_back(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    first = PortLock(path, port="board", wait_s=0)
    first.acquire()
    first.release()
    first.release()
    second = PortLock(path, port="board", wait_s=0)
    second.acquire()
    second.release()
    assert not (tmp_path / "lock.owner").exists()


def test_a_lock_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BoardError, match="cannot be locked"):
        PortLock(tmp_path / "file" / "lock", port="board").acquire()


def test_each_port_has_a_lock_of_its_own() -> None:
    names = {lock_path_for_port(port) for port in ("/dev/ttyACM0", "/dev/ttyACM1", "socket://h:1")}
    assert len(names) == 3
    assert all(path.parent.name == "locks" for path in names)
    assert str(os.getpid()) not in str(names)


def test_whoever_did_not_finish_is_known_to_the_next(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with hold(path) as holder:
        holder.kill()
    lock = PortLock(path, port="board", wait_s=0)
    lock.acquire()
    assert lock.was_left
    lock.release(done=False)
    lock.acquire()
    assert lock.was_left
    lock.release()
    lock.acquire()
    assert not lock.was_left
    lock.release()


@pytest.mark.parametrize("words", [[], [""], ["x" * 200], ["optiga", *["--option"] * 50], ["a", *["b"] * 100]])
def test_who_it_is_is_never_long(words: list[str]) -> None:
    assert 1 <= len(command_line(words)) <= 102


@pytest.mark.parametrize(
    ("words", "shown"), [(["-"], "python -"), (["-c"], "python -c"), ([""], "python"), ([], "python")]
)
def test_a_program_without_a_file(words: list[str], shown: str) -> None:
    assert command_line(words) == shown


def test_words_in_no_encoding_are_written_down_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["optiga", "export", "\udcff.json"])
    lock = PortLock(tmp_path / "lock", port="board", wait_s=0)
    lock.acquire()
    assert "\\udcff" in (tmp_path / "lock.owner").read_text()
    lock.release()
    assert lock_path_for_port("/dev/tty\udcff") != lock_path_for_port("/dev/tty")


@pytest.mark.skipif(sys.platform == "win32", reason="modes and links are POSIX's")
def test_who_holds_it_is_for_this_user_alone_and_written_over_nobodys_file(tmp_path: Path) -> None:
    owner = tmp_path / "lock.owner"
    lock = PortLock(tmp_path / "lock", port="board", wait_s=0)
    lock.acquire()
    assert owner.stat().st_mode & 0o777 == 0o600
    lock.release()
    victim = tmp_path / "victim"
    victim.write_text("kept")
    owner.symlink_to(victim)
    lock.acquire()
    lock.release()
    assert victim.read_text() == "kept"


def test_a_home_that_cannot_be_written_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    for name in ("XDG_STATE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "file"))
    lock = PortLock(lock_path_for_port("/dev/ttyACM0"), port="board", wait_s=0)
    lock.acquire()
    lock.release()


posix = pytest.mark.skipif(sys.platform == "win32", reason="owners, links and pipes are POSIX's")


@pytest.fixture
def homeless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No state folder that can be written; the shared temporary folder."""
    (tmp_path / "file").touch()
    shared = tmp_path / "shared"
    shared.mkdir()
    for name in ("XDG_STATE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.tempdir", str(shared))
    return shared


@posix
class TestWithoutAHome:
    def test_a_folder_of_the_users_own(self, homeless: Path) -> None:
        path = lock_path_for_port("/dev/ttyACM0")
        assert path.parent.parent == homeless
        assert path.parent.stat().st_mode & 0o777 == 0o700
        path.parent.chmod(0o777)
        assert lock_path_for_port("/dev/ttyACM0") == path
        assert path.parent.stat().st_mode & 0o777 == 0o700

    def test_somebody_elses(self, homeless: Path) -> None:
        folder = lock_path_for_port("x").parent
        folder.rmdir()
        folder.symlink_to(homeless.parent)
        with pytest.raises(BoardError, match="is not your own folder"):
            lock_path_for_port("x")
        folder.unlink()
        folder.mkdir()
        if os.geteuid() == 0:
            os.chown(folder, 12345, -1)
            with pytest.raises(BoardError, match="is not your own folder"):
                lock_path_for_port("x")

    def test_old_ones_are_taken_away(self, homeless: Path) -> None:
        old = [lock_path_for_port(f"socket://h:{number}") for number in range(5)]
        for path in old:
            lock = PortLock(path, port="board", wait_s=0)
            lock.acquire()
            lock.release(done=False)
            os.utime(path, (0, 0))
        held = PortLock(old[0], port="board", wait_s=0)
        held.acquire()
        os.utime(old[0], (0, 0))
        new = lock_path_for_port("socket://h:9")
        assert {one.name for one in new.parent.glob("*.lock")} == {old[0].name}
        assert {one.name for one in new.parent.glob("*.owner")} == {f"{old[0].name}.owner"}
        held.release()

    @pytest.mark.parametrize("says", ["a path", "an error"])
    def test_no_home_at_all(self, says: str, homeless: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def ask(*_: object, **__: object) -> Path:
            if says == "an error":
                raise RuntimeError("could not determine the home directory")
            return Path("~/.local/state/optiga")

        monkeypatch.setattr("platformdirs.user_state_path", ask)
        monkeypatch.delenv("XDG_STATE_HOME", raising=False)
        monkeypatch.delenv("HOME", raising=False)
        assert state_folder() is None
        with pytest.raises(BoardError, match="emulator:FILE"):
            default_chip_path()
        assert lock_path_for_port("x").parent.parent == homeless
        assert not Path("~").exists()

    @pytest.mark.skipif(sys.platform != "linux", reason="elsewhere platformdirs alone knows the folders")
    def test_a_home_that_is_not_there_is_not_made(self, homeless: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """As of an account without a home, /nonexistent, which root could make."""
        home = homeless.parent / "none" / "at-all"
        monkeypatch.delenv("XDG_STATE_HOME", raising=False)
        monkeypatch.setenv("HOME", str(home))
        assert state_folder() is None
        with pytest.raises(BoardError, match=f"{home} does not exist.*emulator:FILE"):
            default_chip_path()
        assert lock_path_for_port("x").parent.parent == homeless
        assert not home.parent.exists()

    @pytest.mark.skipif(sys.platform != "linux", reason="elsewhere platformdirs alone knows the folders")
    @pytest.mark.parametrize("name", ["XDG_STATE_HOME", "HOME"])
    def test_a_path_that_is_not_absolute_does_not_count(
        self, name: str, homeless: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """XDG Base Directory Specification: such a path is invalid, and ignored."""
        monkeypatch.setenv("HOME", str(homeless))
        monkeypatch.delenv("XDG_STATE_HOME", raising=False)
        monkeypatch.setenv(name, "relative")
        monkeypatch.setattr("platformdirs.user_state_path", lambda *_, **__: homeless / ".local/state/optiga")
        assert state_folder() == homeless / ".local/state/optiga"


@posix
@pytest.mark.parametrize("kind", ["pipe", "folder", "link", "loop"])
@pytest.mark.parametrize("suffix", ["", ".owner"])
def test_what_is_no_file_in_a_locks_place(tmp_path: Path, suffix: str, kind: str) -> None:
    """It ends at once, one way or the other, and follows nothing."""
    path = tmp_path / "lock"
    planted = tmp_path / f"lock{suffix}"
    make = {
        "pipe": lambda: os.mkfifo(planted),
        "folder": planted.mkdir,
        "link": lambda: planted.symlink_to(tmp_path / "victim"),
        "loop": lambda: planted.symlink_to(planted),
    }
    (tmp_path / "victim").write_text("kept")
    make[kind]()
    lock = PortLock(path, port="board", wait_s=0)
    if suffix:
        lock.acquire()
        assert not lock.was_left
        assert Owner(path).name == "another process"
        lock.release()
    else:
        with pytest.raises(BoardError, match=r"cannot be locked.*Remove it"):
            lock.acquire()
    assert (tmp_path / "victim").read_text() == "kept"


@pytest.mark.skipif(sys.platform == "win32", reason="no open file is removed there")
def test_a_lock_file_that_is_taken_away_meanwhile_is_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sweeps removes it between another's opening and locking it: two would hold two files of one name."""
    path, real, swept = tmp_path / "lock", locks.flock, []

    def flock(descriptor: int, how: int) -> None:
        if not swept:
            swept.append(path.unlink())
        real(descriptor, how)

    monkeypatch.setattr(locks, "flock", flock)
    PortLock(path, port="board").acquire()
    with pytest.raises(BoardError, match="in use"):
        PortLock(path, port="board", wait_s=0).acquire()


@pytest.mark.skipif(sys.platform == "win32", reason="filelock's there")
@pytest.mark.parametrize("error", [OSError(37, "No locks available"), KeyboardInterrupt()])
def test_nothing_stays_open_where_it_cannot_be_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    opened: list[int] = []

    def flock(descriptor: int, _how: int) -> None:
        opened.append(descriptor)
        raise error

    monkeypatch.setattr(locks, "flock", flock)
    with pytest.raises((BoardError, KeyboardInterrupt)):
        PortLock(tmp_path / "lock", port="board").acquire()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(opened[0])
