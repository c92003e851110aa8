"""Where an output file's name leads: no link out of its folder is followed, no secret goes into a pipe or a device."""

from __future__ import annotations

import errno
import os
import socket
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from optiga.errors import ConfigurationError, Reason
from optiga.files import files
from optiga.files.reserved import ReservedFile

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links and pipes of POSIX")
SECRET = 0o600
DATA = b"the content"


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    (tmp_path / "elsewhere").mkdir()
    victim = tmp_path / "elsewhere" / "victim"
    victim.write_bytes(b"kept")
    return victim


@pytest.fixture
def out(tmp_path: Path, victim: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work" / "out"


def keep_reserved(path: Path) -> None:
    with ReservedFile(path.parent, 100) as file:
        file.keep(path.name, DATA)


WRITERS: dict[str, Callable[[Path], None]] = {
    "named": lambda path: files.write_whole(path, DATA),
    "named, secret": lambda path: files.write_whole(path, DATA, SECRET),
    "ours": lambda path: files.write_whole(path, DATA, ours=True),
    "ours, secret": lambda path: files.write_whole(path, DATA, SECRET, ours=True),
    "reserved": keep_reserved,
    "checked": files.check_output_file,
    "checked, ours": files.check_own_output,
}
NO_STREAMS = [name for name in WRITERS if name not in ("named", "checked")]


@pytest.mark.parametrize("way", WRITERS)
@pytest.mark.parametrize("target", ["../elsewhere/victim", "../elsewhere/new", "../new", "middle"])
def test_a_link_out_of_the_folder(out: Path, victim: Path, way: str, target: str) -> None:
    out.with_name("middle").symlink_to(victim)
    out.symlink_to(target)
    with pytest.raises(ConfigurationError, match=r"it is a symbolic link to .*, outside its folder"):
        WRITERS[way](out)
    assert victim.read_bytes() == b"kept"
    assert list(victim.parent.iterdir()) == [victim]
    assert not (out.parent.parent / "new").exists()
    assert sorted(one.name for one in out.parent.iterdir()) == ["middle", "out"]


@pytest.mark.parametrize("way", ["named", "named, secret", "ours", "reserved"])
def test_a_link_within_the_folder(out: Path, way: str) -> None:
    out.symlink_to("real")
    WRITERS[way](out)
    assert out.is_symlink()
    assert out.with_name("real").read_bytes() == DATA


@pytest.mark.parametrize("way", ["named", "named, secret", "ours", "reserved"])
def test_a_folder_that_is_a_link(out: Path, way: str) -> None:
    """The user named it; what lies in it is looked at all the same."""
    link = out.parent.with_name("linked")
    link.symlink_to(out.parent)
    WRITERS[way](link / "out")
    assert out.read_bytes() == DATA


@pytest.mark.parametrize("way", NO_STREAMS)
@pytest.mark.parametrize("linked", [False, True])
def test_a_pipe(out: Path, way: str, linked: bool) -> None:
    """Nobody waits for a reader, and one who waits gets nothing."""
    pipe = out.with_name("pipe") if linked else out
    os.mkfifo(pipe)
    if linked:
        out.symlink_to(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(ConfigurationError, match="not a regular file"):
            WRITERS[way](out)
        assert os.read(reader, 10) == b""
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("way", NO_STREAMS)
def test_a_socket_and_a_device(out: Path, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(out.parent)  # a socket's name is short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("out")
        for path in (Path("out"), Path("/dev/null")):
            if way != "reserved" or path.name == "out":
                with pytest.raises(ConfigurationError, match="not a regular file"):
                    WRITERS[way](path)


def test_a_pipe_that_nobody_reads(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_WAITS", 2)
    os.mkfifo(out)
    with pytest.raises(ConfigurationError, match="no process reads the pipe"):
        files.write_whole(out, DATA)


@pytest.mark.long
def test_a_pipe_whose_reader_comes_late(out: Path) -> None:
    os.mkfifo(out)
    read: list[bytes] = []
    reader = threading.Timer(0.3, lambda: read.append(out.read_bytes()))
    reader.start()
    files.write_whole(out, DATA * 100_000)
    reader.join()
    assert read == [DATA * 100_000]


def test_a_secret_through_the_names_of_the_system(out: Path) -> None:
    reading, writing = os.pipe()
    try:
        with pytest.raises(ConfigurationError, match="a secret must not be written to it"):
            files.write_whole(Path(f"/dev/fd/{writing}"), DATA, SECRET)
    finally:
        os.close(reading)
        os.close(writing)
    out.touch()
    with out.open("wb") as file, pytest.raises(ConfigurationError):
        files.check_output_file(Path(f"/dev/fd/{file.fileno()}"), secret=True)
    assert out.read_bytes() == b""


def test_a_file_that_a_shell_has_opened_keeps_what_it_holds(out: Path) -> None:
    out.write_bytes(b"before")
    with out.open("ab") as file:
        files.write_whole(Path(f"/dev/fd/{file.fileno()}"), DATA)
    assert out.read_bytes() == b"before" + DATA


def test_a_secret_file_that_is_there_becomes_its_owners(out: Path) -> None:
    out.touch(0o644)
    files.write_whole(out, DATA, SECRET)
    assert stat.S_IMODE(out.stat().st_mode) == SECRET


def test_a_folder_that_cannot_be_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be there: creating it is no advice."""
    folder = tmp_path / "closed" / "out"

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(ConfigurationError) as caught:
        files.check_folder(folder)
    assert (caught.value.reason, "permission denied" in caught.value.message) == (Reason.NOT_WRITABLE, True)
    assert "ermissions" in caught.value.hint
    assert "Create" not in caught.value.hint
