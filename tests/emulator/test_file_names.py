"""Names of chips' files that no port can name, or Windows has for itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from optiga.emulator.file_names import name_problem
from optiga.emulator.store import SqliteStore
from optiga.errors import BoardError


@pytest.mark.parametrize(
    "name", ["NUL", "nul", "con.chip", "Com1", "LPT9.a.b", "COM¹", "AUX .x", "a:b", "a*b", "a|b", "a.", "a ", "<a"]
)
def test_on_windows(name: str) -> None:
    assert "on Windows" in name_problem(Path(name), is_windows=True)
    assert name_problem(Path(name), is_windows=False) == ""


@pytest.mark.parametrize("name", ["chip", "com10", "null", "a.b", "conn", "日本"])
def test_good_ones(name: str) -> None:
    assert name_problem(Path("folder") / name, is_windows=True) == name_problem(Path(name), is_windows=False) == ""


@pytest.mark.parametrize("name", ["a?b", "?", "n" * 300])
def test_they_are_refused_and_nothing_is_made(tmp_path: Path, name: str) -> None:
    with pytest.raises(BoardError):
        SqliteStore(tmp_path / name)
    assert list(tmp_path.iterdir()) == []
