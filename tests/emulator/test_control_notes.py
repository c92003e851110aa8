"""Notes that lead from a port to the control of its chip."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from optiga.emulator import control_notes
from optiga.emulator.control_notes import find_control, noting

CONTROL = "/run/chip.control"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the notes, which the first one makes."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "optiga" / "controls"


@pytest.mark.parametrize(
    ("asked", "is_found"),
    [
        ("socket://127.0.0.1:4000", True),
        ("socket://localhost:4000", True),
        ("rfc2217://[::1]:4000", True),
        ("socket://127.0.0.1:4001", False),
        ("socket://bench-7:4000", False),
        ("socket://192.168.1.5:4000", False),
        ("emulator:a.chip", True),
        ("emulator:b.chip", False),
    ],
)
def test_a_port_of_another_computer_is_another(asked: str, is_found: bool) -> None:
    with noting(CONTROL, "socket://0.0.0.0:4000", "emulator:a.chip"):
        assert find_control(asked) == (CONTROL if is_found else None)
    assert find_control(asked) is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are POSIX's")
def test_what_others_could_have_left_is_no_note(folder: Path) -> None:
    """Nor is it waited for."""
    with noting(CONTROL, "socket://127.0.0.1:4000"):
        os.mkfifo(folder / "pipe.json")
        (folder / "damaged.json").write_text("{")
        forged = folder / "forged.json"
        forged.write_text(json.dumps({"control": "/tmp/other", "ports": ["tcp::4001"]}))
        forged.chmod(0o666)
        (folder / "link.json").symlink_to(forged)
        assert find_control("socket://127.0.0.1:4001") is None
        assert find_control("socket://127.0.0.1:4000") == CONTROL


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of notes on Linux; elsewhere the tests below only go by what is found."""
    monkeypatch.setattr(control_notes, "state_folder", lambda: tmp_path / "state")
    return tmp_path / "state" / "controls"


class TestNotes:
    def test_as_long_as_the_chip_is_served(self, notes: Path, tmp_path: Path) -> None:
        a, b = (str(tmp_path / name) for name in ("a", "b"))
        for control in (a, b):
            Path(control).touch()
        with noting(a, "socket://127.0.0.1:5000", "a.chip"), noting(b, "socket://[::1]:5001", "b.chip"):
            assert find_control("socket://localhost:5000") == find_control("emulator:a.chip?timing=real") == a
            assert find_control(str(Path("b.chip").absolute())) == b
            assert find_control("socket://127.0.0.1:5002") is None
        assert find_control("a.chip") is None
        assert list(notes.iterdir()) == []

    def test_only_the_user_reads_them(self, notes: Path) -> None:
        with noting("/run/a", "a.chip"):
            (note,) = notes.iterdir()
            assert note.stat().st_mode & 0o077 == 0 or os.name == "nt"

    @pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"ports": 5, "control": "x"}', b"\xff", b"[" * 50_000])
    def test_damaged_ones_are_none(self, notes: Path, content: bytes) -> None:
        notes.mkdir(parents=True)
        (notes / "x.json").write_bytes(content)
        assert find_control("a.chip") is None

    def test_the_newest_counts(self, notes: Path, tmp_path: Path) -> None:
        """One is left by a server that was killed."""
        for name in ("old", "new"):
            (tmp_path / name).touch()
        with noting(str(tmp_path / "old"), "a.chip"), noting(str(tmp_path / "new"), "a.chip"):
            for note in notes.iterdir():
                is_old = b"old" in note.read_bytes()
                os.utime(note, (1, 1) if is_old else (2, 2))
            assert find_control("a.chip") == str(tmp_path / "new")

    def test_one_whose_socket_is_gone_is_removed(self, notes: Path, tmp_path: Path) -> None:
        (tmp_path / "there").touch()
        dead = notes / "dead.json"
        notes.mkdir(parents=True)
        for control in (tmp_path / "gone", tmp_path / "there"):
            dead.write_text(json.dumps({"control": str(control), "ports": [os.path.realpath(tmp_path / "a.chip")]}))
            with noting(str(tmp_path / "new"), "b.chip"):
                assert find_control(str(tmp_path / "a.chip")) == (str(control) if control.exists() else None)
                assert dead.exists() is control.exists()

    def test_no_folder_for_them(self, notes: Path) -> None:
        notes.parent.write_text("a file")
        with noting("/run/a", "a.chip"):
            assert find_control("a.chip") is None
