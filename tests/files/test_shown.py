"""Text of others is shown so that no terminal obeys it and nobody is misled by it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optiga.errors import ConfigurationError, OptigaError
from optiga.files.shown import shown, shown_json, shown_lines, whole_path

ANY = st.text(st.characters())
"""Lone surrogates, as names of files in no encoding have them, included."""


@given(ANY)
def test_nothing_unprintable_is_left(text: str) -> None:
    assert shown(text).isprintable()
    assert all(line.isprintable() for line in shown_lines(text).split("\n"))
    assert shown_lines(text).count("\n") == text.count("\n")


@given(st.text())
def test_what_is_printable_stays(text: str) -> None:
    if text.isprintable():
        assert shown(text) == shown_lines(text) == text


@given(st.recursive(ANY | st.none() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(ANY, inner)))
def test_json_means_the_same(value: object) -> None:
    for ascii_only in (False, True):
        text = shown_json(json.dumps(value, indent=4, ensure_ascii=ascii_only))
        assert json.loads(text) == json.loads(json.dumps(value))
        assert all(line.isprintable() for line in text.split("\n"))


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("\x1b[31m", "\\x1b[31m"),
        ("\x9b31m", "\\x9b31m"),
        ("a\r\nError: b", "a\\r\\nError: b"),
        ("\u202eevil", "\\u202eevil"),
        ("\u2028", "\\u2028"),
        ("\U000e0041", "\\U000e0041"),
        ("\udcff", "\\udcff"),
        ("Käse \u65e5", "Käse \u65e5"),
    ],
)
def test_examples(text: str, escaped: str) -> None:
    assert shown(text) == escaped


@given(ANY, ANY)
def test_an_error_is_one_printable_line(message: str, hint: str) -> None:
    """Whoever calls the library prints it as it is."""
    error = ConfigurationError(message, hint=hint, problems=(message,))
    assert str(error).isprintable()
    assert error.problems[0].isprintable()
    assert str(OptigaError("caf\u00e9", hint="Name\nanother\x1b[2J")) == "caf\u00e9. Name another\\x1b[2J"


def test_a_whole_path_has_no_dots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies above a link is not what lies above its name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there" / "below").mkdir(parents=True)
    assert whole_path(Path("there/../x")) == str(tmp_path.resolve() / "x")
    assert whole_path(Path("there/x")) == str(tmp_path / "there" / "x")
    if os.name == "posix":
        (tmp_path / "link").symlink_to(tmp_path / "there" / "below")
        assert whole_path(Path("link/../x")) == str(tmp_path.resolve() / "there" / "x")
        assert whole_path(Path("link/x")) == str(tmp_path / "link" / "x")
