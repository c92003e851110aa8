"""Expressions of ``--query`` that cannot be parsed, applied or printed: one line says so."""

from __future__ import annotations

import pytest

from optiga.cli.support.query import search
from optiga.errors import ConfigurationError

RESULT = {"a": 1, "b": [3, "x"], "uid": "cd16", "none": None, "deep": {"c": {"d": 1}}}


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("length(a) < a", "length"),
        ("to_number(&a) < a", "another type"),
        ("&a", "another type"),
        ("{x: &a}", "another type"),
        ("b[::0]", "step"),
        ("sort(b)", "sort"),
        ("`1e999`", "JSON"),
        ("(" * 900 + "a", "nested"),
        ("!" * 3000 + "a", "nested"),
        ("[" * 9000, "nested"),
        ("a" * 20_000, "characters"),
        ("\x7f", "\\x7f"),
        ("\ud800", "ud800"),
        ('`"\\ud800', "cannot be understood"),
    ],
)
def test_what_cannot_be(query: str, word: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        search(query, RESULT)
    assert word in str(raised.value)
    assert str(raised.value).isprintable()
    assert "_Expression" not in str(raised.value)


@pytest.mark.parametrize(
    ("query", "found"),
    [("uid", "cd16"), ("none", None), ("deep.c.d", 1), ("b[0]", 3), ("length(uid)", 4), ("a < `2`", True)],
)
def test_what_can(query: str, found: object) -> None:
    assert search(query, RESULT) == found
