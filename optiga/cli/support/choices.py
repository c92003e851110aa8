"""Choices that people may write in more than one way, and numbers whose range is said in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from optiga.cli.support.lazy import load


class NamedChoice(click.Choice[str]):
    """A choice in any letter case, with other punctuation, or by one of its names: ``SHA-256`` is ``sha256``.

    :param choices: what help lists.
    :param find: the choice that another name means; None, or something else than a choice, for none.
    :param other_names: choices by what else they are called, to find out what a misspelling means.
    """

    def __init__(
        self,
        choices: Sequence[str],
        find: Callable[[str], str | None] = lambda _text: None,
        other_names: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(choices, case_sensitive=False)
        self._find = find
        self._other_names = other_names or {}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value in self.choices:
            return str(value)
        return super().convert(self._find(str(value)) or self._same(str(value)) or value, param, ctx)

    def _same(self, value: str) -> str | None:
        same_word: Callable[[str], str] = load("optiga.suggestions:same_word", "optiga")
        return next((choice for choice in self.choices if same_word(choice) == same_word(value)), None)

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:  # noqa: ARG002
        """What a mistake is answered with: the choices as they are written, and the one that may be meant."""
        meant = load("optiga.suggestions:suggest", "optiga")(str(value), self.choices, self._other_names)
        return f"{value!r} is not one of {', '.join(self.choices)}{meant}"


class WholeNumber(click.IntRange):
    """A whole number in a range, which help and refusals say in words."""

    def __init__(self, least: int, most: int) -> None:
        super().__init__(least, most)

    def _describe_range(self) -> str:
        return f"{self.min} to {self.max}"
