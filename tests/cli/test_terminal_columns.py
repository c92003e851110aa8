"""How many columns a terminal has: our own look at it, which is quicker than the library's, finds the same."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from optiga.cli.support.printing import terminal_columns


@pytest.mark.parametrize("columns", ["60", "120", "1", "0", "-3", "", "wide", " 70 ", None])
@pytest.mark.parametrize("output", ["file", "closed", "none"])
def test_the_library_finds_the_same(
    columns: str | None, output: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns is not None:
        monkeypatch.setenv("COLUMNS", columns)
    stream = (tmp_path / "output").open("w")
    monkeypatch.setattr(sys, "__stdout__", None if output == "none" else stream)
    if output == "closed":
        stream.close()
    assert terminal_columns() == shutil.get_terminal_size().columns
    stream.close()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pty")
@pytest.mark.parametrize("columns", [60, 120, 0])
def test_of_a_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl
    import pty
    import struct
    import termios

    monkeypatch.delenv("COLUMNS", raising=False)
    ours, its = pty.openpty()
    try:
        fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        with os.fdopen(its, "w") as terminal:
            monkeypatch.setattr(sys, "__stdout__", terminal)
            assert terminal_columns() == (columns or 80)  # 0 in Python 3.10's shutil
    finally:
        os.close(ours)
