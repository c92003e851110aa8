"""Notes that lead from a port to the control of its chip."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

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
