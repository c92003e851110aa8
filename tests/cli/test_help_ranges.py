"""Ranges of numbers stand in help and in refusals as words, not as click writes them."""

from __future__ import annotations

import re

import click
import pytest

from optiga.cli.app import app
from optiga.testing.aws.command import command as aws
from tests.support.cli.runner import Cli
from tests.support.places import ROOT

_RAW = re.compile(r"[<>]=?x|x[<>]=?|\b(?:INTEGER|FLOAT|BOOLEAN|UUID|RANGE)\b")


def helps(command: click.Command, parent: click.Context | None, name: str) -> dict[str, str]:
    """The help texts of a command and of all below it, by their names."""
    ctx = command.context_class(command, parent=parent, info_name=name, **command.context_settings)
    found = {ctx.command_path: ctx.get_help()}
    for word in command.list_commands(ctx) if isinstance(command, click.Group) else []:
        below = command.get_command(ctx, word)
        assert below
        found |= helps(below, ctx, word)
    return found


@pytest.mark.parametrize("command", [app, aws], ids=["optiga", "stand-in"])
def test_no_help_has_what_click_writes(command: click.Command) -> None:
    for name, text in helps(command, None, "optiga").items():
        assert not _RAW.search(text), name


def test_no_man_page_has_it() -> None:
    pages = list((ROOT / "man").glob("*.1"))
    assert len(pages) > 10
    for page in pages:
        assert not re.search(r"[<>]=x|x[<>]=", page.read_text(encoding="utf-8")), page.name


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("ca sign x --ca y --days 0", "0 is not in the range 1 to 36500"),
        ("provision x --ca y --days 40000", "40000 is not in the range 1 to 36500"),
        ("deprovision --timeout 0.5", "0.5 is not in the range 1 to 3600"),
        ("counter set 0xE120 --value 4294967296", "4294967296 is not in the range 0 to 4294967295"),
    ],
)
def test_a_refusal(cli: Cli, words: str, said: str) -> None:
    result = cli(*words.split())
    assert result.code == 2
    assert said in result.errors[0]
