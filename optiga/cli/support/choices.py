"""Choices that have other names beside those that help lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from optiga.files.problems import suggest


class NamedChoice(click.Choice[str]):
    """A choice in any letter case, by one of its names.

    :param choices: what help lists.
    :param find: the choice that another name means; None, or something else than a choice, for none.
    """

    def __init__(self, choices: Sequence[str], find: Callable[[str], str | None] = lambda _text: None) -> None:
        super().__init__(choices, case_sensitive=False)
        self._find = find

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return super().convert(self._find(str(value)) or value, param, ctx)

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:  # noqa: ARG002
        """What a mistake is answered with: the choices as they are written, and the one that may be meant."""
        return f"{value!r} is not one of {', '.join(self.choices)}{suggest(str(value), self.choices, {})}"
