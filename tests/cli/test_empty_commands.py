"""What is said where a command, a program or a beginning of an option is all that a script gives."""

from __future__ import annotations

import errno
import sys
from importlib.util import find_spec

import click
import pytest

from optiga.cli import main
from optiga.cli.app import app
from optiga.errors import ConfigurationError
from optiga.testing.aws.server import check_installed
from tests.support.cli.mistakes import error_of, fails
from tests.support.cli.runner import Cli

_DO_SOMETHING_ALONE = {"boards", "pair"}


def _groups() -> list[str]:
    """Every group of commands below the main one."""
    found, todo = [], [("", app, click.Context(app))]
    while todo:
        path, group, context = todo.pop()
        for name in group.list_commands(context):
            below = group.get_command(context, name)
            if isinstance(below, click.Group):
                found.append(f"{path} {name}".strip())
                todo.append((found[-1], below, click.Context(below, parent=context)))
    return sorted({*found} - _DO_SOMETHING_ALONE)


@pytest.mark.parametrize("group", ["", *_groups()])
def test_no_command(cli: Cli, group: str) -> None:
    """Who asks for nothing gets help; who asks for a result, gets none: ``optiga ca $CMD --output json``."""
    shown = cli(*group.split())
    assert (shown.code, shown.err, "Usage: " in shown.out) == (0, "", True)
    error = error_of(cli, *group.split(), "--output", "json")
    assert (error["exit_code"], error["reason"]) == (2, "usage")
    assert error_of(cli, "--output", "json", *group.split()) == error
    fails(cli, 2, *group.split(), "-q")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("--outp", "--output"),
        ("--quer", "--query"),
        ("--outpt", "--output"),
        ("--verb", "--verbose"),
    ],
)
def test_the_beginning_of_an_option(cli: Cli, typed: str, meant: str) -> None:
    assert f"Did you mean '{meant}'?" in fails(cli, 2, typed, "x")


def test_a_full_disk(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("optiga.cli.commands.boards.boards.list_ports", full)
    assert "the disk is full" in fails(cli, 2, "boards")


@pytest.mark.parametrize("words", [["--"], ["-q", "--"], ["--port", "0", "--"]])
def test_the_stand_in_without_a_program(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert main(words, command="optiga.testing.aws.command:command") == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "name the program to run" in captured.err


def test_the_stand_in_without_its_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command can be pasted: it installs for the Python that runs."""
    monkeypatch.setattr("optiga.testing.aws.server.find_spec", lambda name: None if name == "moto" else find_spec(name))
    with pytest.raises(ConfigurationError) as caught:
        check_installed()
    assert f"{sys.executable} -m pip install moto" in caught.value.hint
