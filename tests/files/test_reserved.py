"""Room for a file: on the disk before anything is lost that only the file will hold."""

from __future__ import annotations

import errno
import os
from contextlib import closing
from pathlib import Path

import pytest

from optiga.cli import main
from optiga.emulator.models import DEFAULT_MODEL
from optiga.emulator.store import create_chip, open_chip_file
from optiga.errors import ConfigurationError, Reason
from optiga.files import files
from optiga.files.reserved import ReservedFile
from tests.support.places import CONFIG


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A disk that turns out to be full at the first synchronization, and says so that once; the calls."""
    calls: list[int] = []
    genuine = os.fsync

    def fsync(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        genuine(descriptor)

    monkeypatch.setattr("os.fsync", fsync)
    return calls


def test_a_full_disk_is_said_each_time(tmp_path: Path, full_disk: list[int]) -> None:
    with ReservedFile(tmp_path, 1000) as file:
        for _ in range(2):
            with pytest.raises(ConfigurationError, match="cannot write to") as caught:
                file.secure()
            assert caught.value.reason is Reason.OUT_OF_SPACE
    assert len(full_disk) == 1
    assert list(tmp_path.iterdir()) == []


def test_room_is_had_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    monkeypatch.setattr("os.fsync", calls.append)
    with ReservedFile(tmp_path, 1000) as file:
        file.secure()
        file.secure()
        assert len(calls) == 1


def test_a_full_disk_costs_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chip, folder = tmp_path / "chip", tmp_path / "out"
    folder.mkdir()
    create_chip(chip, DEFAULT_MODEL)

    def refuse(_: object) -> None:
        raise ConfigurationError("no room", reason=Reason.OUT_OF_SPACE)

    monkeypatch.setattr(ReservedFile, "secure", refuse)
    assert main(["-q", "--port", f"emulator:{chip}", "--csr", str(CONFIG), "--out-dir", str(folder)]) == 2
    with closing(open_chip_file(chip)) as store:
        assert store.load()[0xE0F1].data == b""
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(("number", "is_full"), [(errno.ENOSPC, True), (errno.EACCES, False)])
def test_the_hint_is_for_the_cause(tmp_path: Path, number: int, is_full: bool) -> None:
    hint = files.not_writable(tmp_path, OSError(number, "refused"), "Use another folder").hint
    assert ("Delete files" in hint) == is_full
    assert hint.count("nother") == 1
