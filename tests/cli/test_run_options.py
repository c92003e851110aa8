"""Texts of the library name parameters; the command line names the options that stand for them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from optiga.cli.support.options import in_options, naming_options
from optiga.cli.support.runs import RUN_OPTIONS
from optiga.errors import CloudError
from tests.support.places import ROOT

_PARAMETER = r"`([A-Za-z_]+(?:=[A-Za-z]+)?)`"
FOR_PROGRAMS = {"aws", "thing"}
"""Parameters of jobs that no option can have set wrongly."""


def texts(path: Path) -> list[str]:
    """The texts of a module, without its docstrings."""
    tree = ast.parse(path.read_text())
    docs = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in docs]
    return [node.value for node in found if isinstance(node.value, str)]


def test_every_parameter_has_its_option() -> None:
    named = {
        name
        for path in (ROOT / "optiga" / "provision").rglob("*.py")
        for text in texts(path)
        for name in re.findall(_PARAMETER, text)
    }
    assert {"renew", "trust", "join", "thing=None"} <= named
    assert named - FOR_PROGRAMS <= RUN_OPTIONS.keys()


def test_every_option_is_one_of_the_command() -> None:
    from optiga.cli.commands.identity.provision import command as provision
    from optiga.cli.commands.identity.register import command as register

    there = {name for command in (provision, register) for param in command.params for name in param.opts}
    assert {text.split()[0] for text in RUN_OPTIONS.values()} <= there


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("`renew` makes a new key", "--renew makes a new key"),
        ("do `thing=None`, or `renew`", "do --no-cloud, or --renew"),
        ("'deprovision `slot=first`' does", "'deprovision --slot first' does"),
        ("`unknown` and `unknown=one` stay", "`unknown` and `unknown=one` stay"),
        ("`not a name` stays", "`not a name` stays"),
        ("`", "`"),
        ("", ""),
    ],
)
def test_names(text: str, expected: str) -> None:
    assert in_options(text, RUN_OPTIONS) == expected


def test_errors() -> None:
    with pytest.raises(CloudError) as error, naming_options(RUN_OPTIONS):
        raise CloudError("`join` is missing", hint="`renew` helps")
    assert str(error.value) == "--join is missing. --renew helps"
