"""Files appear whole or not at all, and every failure says why."""

from __future__ import annotations

import errno
import os
import stat
import sys
import threading
from pathlib import Path

import pytest

from optiga.errors import ConfigurationError
from optiga.files import files
from tests.support.patience import LIMIT_S

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="permissions and pipes of POSIX")


def failing(code: int):
    def fail(*args: object, **options: object) -> None:
        raise OSError(code, os.strerror(code))

    return fail


def test_is_there(tmp_path):
    (tmp_path / "file").touch()
    assert files.is_there(tmp_path)
    assert files.is_there(tmp_path / "file")
    for path in (tmp_path / "none", tmp_path / "file" / "in it", tmp_path / "a\0b"):
        assert not files.is_there(path)


def test_write_makes_and_replaces(tmp_path):
    path = tmp_path / "a.csr"
    files.write_whole(path, b"one")
    files.write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


@POSIX
def test_permissions_are_those_asked_for_less_the_umask(tmp_path):
    before = os.umask(0o022)
    try:
        files.write_whole(tmp_path / "usual", b"")
        files.write_whole(tmp_path / "secret", b"", 0o600)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "usual").stat().st_mode) == 0o644
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


@POSIX
def test_a_symbolic_link_stays_one(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "real")
    files.write_whole(tmp_path / "link", b"x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"x"


@POSIX
def test_a_pipe_is_written_to(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    files.write_whole(pipe, b"through")
    reader.join(LIMIT_S)
    assert read == [b"through"]


@pytest.mark.parametrize(
    ("function", "code", "cause"),
    [
        ("fsync", errno.ENOSPC, "the disk is full"),
        ("open", errno.EACCES, "permission denied"),
        ("open", errno.EROFS, "the file system is read-only"),
        ("fsync", errno.EIO, os.strerror(errno.EIO).lower()),
    ],
)
def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, function, code, cause):
    path = tmp_path / "a.pem"
    path.write_bytes(b"old")
    with monkeypatch.context() as patch:
        patch.setattr(os, function, failing(code))
        with pytest.raises(ConfigurationError) as caught:
            files.write_whole(path, b"new")
    assert caught.value.message == f"cannot write {path}: {cause}"
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupt_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(descriptor: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            files.write_whole(tmp_path / "a.pem", b"new")
    assert list(tmp_path.iterdir()) == []


def test_write_into_a_folder_that_is_missing_or_over_one(tmp_path):
    with pytest.raises(ConfigurationError, match="no such file or folder"):
        files.write_whole(tmp_path / "no" / "a", b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigurationError, match="cannot write"):
        files.write_whole(tmp_path / "folder", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_folder_that_can_be_written(tmp_path):
    files.check_folder_writable(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_folders_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigurationError, match="it is not a folder"):
        files.check_folder_writable(tmp_path / "file")
    with pytest.raises(ConfigurationError, match="the folder does not exist"):
        files.check_folder_writable(tmp_path / "missing")
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", failing(errno.EACCES))
        with pytest.raises(ConfigurationError, match=f"cannot write to {tmp_path}: permission denied"):
            files.check_folder_writable(tmp_path)


def test_files_that_can_be_written_out(tmp_path):
    (tmp_path / "there").write_bytes(b"as it was")
    files.check_output_file(tmp_path / "there")
    files.check_output_file(tmp_path / "new")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("there", b"as it was")]


@POSIX
def test_a_device_is_written_to_without_a_file_beside_it(monkeypatch):
    monkeypatch.setattr(files, "check_folder_writable", failing(errno.EACCES))
    files.check_output_file(Path(os.devnull))


@pytest.mark.parametrize("name", ["", ".", "-", "a\0b"])
def test_names_that_are_no_file(name):
    with pytest.raises(ConfigurationError, match="names no file"):
        files.check_output_file(Path(name))


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(ConfigurationError, match="it is a folder"):
        files.check_output_file(tmp_path)
    with pytest.raises(ConfigurationError, match="the folder does not exist"):
        files.check_output_file(tmp_path / "missing" / "x")


@pytest.mark.parametrize("code", [errno.EACCES, errno.ENAMETOOLONG])
def test_what_cannot_even_be_looked_at(tmp_path, monkeypatch, code):
    monkeypatch.setattr(Path, "stat", failing(code))
    assert files.is_there(tmp_path / "a")
    for check in (files.check_folder_writable, files.check_output_file):
        with pytest.raises(ConfigurationError, match=f"cannot write .*a: {files.cause_of(OSError(code, ''))}"):
            check(tmp_path / "a")
    with pytest.raises(ConfigurationError, match=r"cannot write .*a: "):
        files.write_whole(tmp_path / "a", b"x")


@POSIX
def test_standard_output_may_be_a_pipe():
    """Its name leads to one that is nowhere in the file system."""
    reading, writing = os.pipe()
    path = Path(f"/dev/fd/{writing}")
    files.check_output_file(path)
    files.write_whole(path, b"through the pipe")
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert pipe.read() == b"through the pipe"


@POSIX
@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="the superuser may write everywhere")
def test_read_only_folder(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(ConfigurationError, match="permission denied"):
            files.check_folder_writable(tmp_path)
    finally:
        tmp_path.chmod(0o700)


def test_read_input(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(10))
    assert files.read_input(path, "file", 10) == bytes(10)
    with pytest.raises(ConfigurationError, match="is larger than 9 bytes"):
        files.read_input(path, "file", 9)
    with pytest.raises(ConfigurationError, match=f"cannot read the file {tmp_path / 'b'}: no such file"):
        files.read_input(tmp_path / "b", "file", 9)
    with pytest.raises(ConfigurationError, match="cannot read the file"):
        files.read_input(tmp_path, "file", 9)


@POSIX
def test_an_endless_input_is_not_read_to_its_end():
    with pytest.raises(ConfigurationError, match="is larger than"):
        files.read_input(Path("/dev/zero"), "file", 1 << 20)


@pytest.mark.skipif(sys.platform != "linux", reason="a file system that takes no files: that of processes")
def test_a_folder_that_takes_no_files() -> None:
    with pytest.raises(ConfigurationError, match="no file can be created there"):
        files.check_folder_writable(Path("/proc"))
