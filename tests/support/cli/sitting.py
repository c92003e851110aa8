"""Somebody sits at the terminal, and answers what is asked hidden."""

from __future__ import annotations

import io
import sys

import click
import pytest


def sit_down(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Be at the terminal; returns what is asked."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    asked: list[str] = []
    given = iter(answers)

    def prompt(text: str) -> str:
        asked.append(text)
        return next(given)

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(click.termui, "hidden_prompt_func", prompt)
    return asked
