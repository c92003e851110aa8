"""Help on a narrow terminal: every command's options and explanations can be read; a wide one has it as click does."""

from __future__ import annotations

import re

import click
import pytest

from optiga.cli import main
from optiga.cli.app import app
from optiga.cli.support.guesses import OurContext
from optiga.cli.support.printing import HELP_COLUMNS
from tests.support.cli.runner import Cli

_SOME = ("", "ca revoke", "journal show", "object metadata", "emulator control", "key generate", "boards")


def contexts(command: click.Command, parent: click.Context | None, name: str, columns: int) -> list[click.Context]:
    """The context of a command, as it is made for its help, and those of all below it."""
    settings = {**command.context_settings, "terminal_width": columns}
    ctx = command.context_class(command, parent=parent, info_name=name, **settings)
    found = [ctx]
    if isinstance(command, click.Group):
        for word in command.list_commands(ctx):
            below = command.get_command(ctx, word)
            assert below
            found += contexts(below, ctx, word, columns)
    return found


@pytest.mark.long
@pytest.mark.parametrize("columns", [40, 48, 59])
def test_each_command_fits(columns: int) -> None:
    every = contexts(app, None, "optiga.py", columns - 2)
    assert len(every) > 60
    for ctx in every:
        lines = ctx.get_help().splitlines()
        assert [line for line in lines if len(line) > columns] == [], ctx.command_path
        if (longest := max(len(term) for term, _ in _rows(ctx))) > columns - 30:
            beside = [line for line in lines if re.match(r"  -\S.*\S {2,}\S", line)]
            assert beside == [], (ctx.command_path, longest)


def _rows(ctx: click.Context) -> list[tuple[str, str]]:
    return [record for one in ctx.command.get_params(ctx) if (record := one.get_help_record(ctx)) is not None]


def test_nothing_is_left_out() -> None:
    """The characters are those of the wide help, in their order; only spaces and line breaks differ."""
    for narrow, wide in zip(contexts(app, None, "optiga.py", 38), contexts(app, None, "optiga.py", 98), strict=True):
        assert "".join(narrow.get_help().split()) == "".join(wide.get_help().split()), narrow.command_path


@pytest.mark.long
@pytest.mark.parametrize("columns", [60, 80, 120])
def test_a_wide_terminal_has_what_click_writes(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    width = min(columns, HELP_COLUMNS) - 2
    ours = [ctx.get_help() for ctx in contexts(app, None, "optiga.py", width)]
    monkeypatch.setattr(OurContext, "formatter_class", click.HelpFormatter)
    monkeypatch.setattr(OurContext, "make_formatter", click.Context.make_formatter)
    clicks = [ctx.get_help() for ctx in contexts(app, None, "optiga.py", width)]
    unlike = [(our, other) for our, other in zip(ours, clicks, strict=True) if our != other]
    assert all(re.search(r"\w-$", other, re.MULTILINE) for _, other in unlike)  # which breaks names at hyphens
    assert ["".join(our.split()) for our, _ in unlike] == ["".join(other.split()) for _, other in unlike]
    assert len(unlike) < len(ours) / 2


@pytest.mark.long
@pytest.mark.parametrize("columns", [60, 80, 120])
def test_no_name_is_broken(columns: int) -> None:
    for ctx in contexts(app, None, "optiga.py", min(columns, HELP_COLUMNS) - 2):
        assert not re.search(r"\w-$", ctx.get_help(), re.MULTILINE), ctx.command_path


@pytest.mark.parametrize("words", _SOME)
@pytest.mark.parametrize("form", ["--help", "help"])
def test_the_terminal_says_how_wide_it_is(cli: Cli, monkeypatch: pytest.MonkeyPatch, words: str, form: str) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    shown = cli(*words.split(), "--help") if form == "--help" else cli("help", *words.split())
    assert shown.code == 0
    assert "\n  -q, --quiet\n      Print only results" in shown.out
    assert max(len(line.rstrip()) for line in shown.out.splitlines()) <= 40


@pytest.mark.parametrize("program", ["optiga", "python -m optiga", "optiga.py"])
def test_examples_call_the_program_as_the_usage_line_does(program: str) -> None:
    """Who has installed the command has no script, and the other way round."""
    every = contexts(app, None, program, 78)
    examples = [line for ctx in every for line in ctx.get_help().splitlines() if re.match("  (python|optiga)", line)]
    assert len(examples) > 20
    for line in examples:
        assert line.startswith(f"  {program} ")
        assert len(line) <= 80


def test_a_list_that_fits_stays_a_list(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "44")
    assert "\n  apply  Apply an update to a chip.\n" in cli("update", "--help").out


def test_what_goes_on_stands_below_what_it_explains(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    lines = cli("object", "metadata", "--help").out.splitlines()
    place = lines.index("  version")
    assert lines[place + 1] == "      a number"
    assert any(line.startswith("      conf 0xE140") for line in lines)


def test_the_stand_in_for_aws(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert main(["--help"], "optiga.testing.aws.command:command") == 0
    assert "\n  --port PORT\n      TCP port" in capsys.readouterr().out
