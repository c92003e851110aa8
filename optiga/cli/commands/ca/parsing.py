"""The commands of ``ca`` as they are read, and what may be meant where a folder or a file stands in a wrong place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

_CERTIFICATE = "ca.pem"
"""What each folder of a CA has."""


class CaCommand(click.Command):
    """A command that takes the folder of a CA, as an argument or with ``--ca``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if error.option_name == "--ca" and (meant := self._as_argument(ctx, given)):
                raise click.UsageError(f"No such option '--ca'. Did you mean '{meant}'?", ctx) from None
            raise
        except click.MissingParameter as error:
            meant = ""
            if error.param is not None and "--ca" in error.param.opts:
                meant = self._as_option(ctx, given)
                said = "Missing option '--ca'."
            elif error.param is not None and error.param.name == "ca_path":
                meant = self._as_argument(ctx, given)
                said = "Missing argument 'CA'."
            if not meant:
                raise
            raise click.UsageError(f"{said} Did you mean '{meant}'?", ctx) from None

    def _as_option(self, ctx: click.Context, given: Sequence[str]) -> str:
        """The command line with ``--ca`` before the folder of a CA; empty if there is none."""
        for place, word in enumerate(given):
            if _is_ca(word) and (not place or not _is_option(given[place - 1])):
                rest = [one for number, one in enumerate(given) if number != place]
                return _line(ctx, *rest, "--ca", word)
        return ""

    def _as_argument(self, ctx: click.Context, given: Sequence[str]) -> str:
        """The command line with the folder of a CA in place of ``--ca`` and the folder; empty if there is none."""
        for place, word in enumerate(given[:-1]):
            if word == "--ca" and _is_ca(given[place + 1]):
                return _line(ctx, given[place + 1], *given[:place], *given[place + 2 :])
        return ""


class ImportCommand(click.Command):
    """``ca import``, for which a shell may have written out the names of many files behind an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            option = next((name for name in ("--issued", "--chain") if name in given), None)
            if option is None or not error.message.startswith("Got unexpected extra argument"):
                raise
            first = Path(given[given.index(option) + 1])
            folder, pattern = first.parent, first.parent / f"*{first.suffix}"
            ways = f"join the files ('cat {pattern} > all.txt') and give {option} all.txt"
            if option == "--issued":
                ways = f"give the folder ({option} {folder}), or {ways}"
            raise click.UsageError(f"{option} takes one name: {ways}.", ctx) from None


def _is_ca(word: str) -> bool:
    """Whether a word is the name of a CA's folder."""
    return not _is_option(word) and Path(word, _CERTIFICATE).is_file()


def _is_option(word: str) -> bool:
    return word.startswith("-")


def _line(ctx: click.Context, *words: str) -> str:
    return " ".join([ctx.command_path, *(f'"{word}"' if " " in word else word for word in words)])
