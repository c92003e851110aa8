"""Texts of a run name parameters; the command line names the options that stand for them, each of which there is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import click

from optiga.cli.commands.identity.deprovision import command as deprovision
from optiga.cli.commands.identity.provision import command as provision
from optiga.cli.commands.identity.register import command as register
from optiga.cli.support.options import option_of
from tests.support.places import ROOT

FOR_PROGRAMS = {"aws", "make=True", "thing"}
"""Parameters of jobs that no option can have set wrongly, and what a command does without one."""


def named_in(path: Path) -> set[str]:
    """The parameters that a module's texts name: those of ``naming`` that have no value there."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    found: set[str] = set()
    for call in calls:
        if isinstance(call.func, ast.Name) and call.func.id == "naming" and isinstance(call.args[0], ast.Constant):
            found |= set(re.findall(r"\{(\w+(?:=\w+)?)\}", str(call.args[0].value)))
            found -= {str(keyword.arg) for keyword in call.keywords}
    return found


def options_of(command: click.Command) -> set[str]:
    return {name for parameter in command.params for name in parameter.opts}


def test_every_parameter_has_its_option() -> None:
    named = {name for path in (ROOT / "optiga" / "provision").rglob("*.py") for name in named_in(path)}
    assert {"renew", "trust", "join", "thing=None", "profile=NAME"} <= named
    there = options_of(provision) | options_of(register) | options_of(deprovision)
    options = {option_of(name, value) for name, _, value in (one.partition("=") for one in named - FOR_PROGRAMS)}
    assert {option.split()[0] for option in options} <= there


def test_nothing_stands_for_no_cloud() -> None:
    assert option_of("thing", "None") == "--no-cloud"
    assert option_of("thing", "NAME") == "--thing NAME"
