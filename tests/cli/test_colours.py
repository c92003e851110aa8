"""Colours on a terminal: of warnings and errors alone."""

from __future__ import annotations

import pytest

from optiga.cli.support.settings import Settings

ESCAPE = "\x1b["


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: ARG001 - before it
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)


def test_a_note_is_plain(capsys: pytest.CaptureFixture[str]) -> None:
    Settings().note("a note")
    assert capsys.readouterr().err == "a note\n"


def test_warnings_and_errors_are_not(capsys: pytest.CaptureFixture[str]) -> None:
    Settings().warn("it is late")
    Settings().error("it is over")
    warning, error = capsys.readouterr().err.splitlines()
    assert warning.startswith(ESCAPE)
    assert error.startswith(ESCAPE)


def test_nobody_wants_them(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    Settings().error("it is over")
    assert capsys.readouterr().err == "Error: it is over\n"
