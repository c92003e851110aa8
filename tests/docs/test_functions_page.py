"""``docs/functions.md`` lists each public method and property of what a program opens, with its parameters."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from enum import Enum

import pytest

from optiga.chip import Chip, Key
from optiga.chip.sessions.crypto import Crypto
from optiga.chip.sessions.objects import Objects
from optiga.chip.sessions.running_hash import RunningHash
from optiga.chip.sessions.updates import Updates
from optiga.emulator.control import Control
from optiga.protocol.codes import SignatureScheme
from optiga.protocol.commands.derive_key import KeyDerivation
from optiga.protocol.symmetric import SymmetricMode
from tests.support.places import ROOT

PAGE = (ROOT / "docs" / "functions.md").read_text(encoding="utf-8")
CLASSES = {
    "Chip": Chip,
    "Objects": Objects,
    "Crypto": Crypto,
    "Updates": Updates,
    "Key": Key,
    "Hash": RunningHash,
    "Control": Control,
}


def in_short(name: str, member: object) -> str:
    """A method or property as the page writes it."""
    if not inspect.isfunction(member):
        return name
    _, *parameters = inspect.signature(member).parameters.values()
    assert all(one.kind is not one.KEYWORD_ONLY or one.default is not one.empty for one in parameters)
    words = [
        f"*{one.name}" if one.kind is one.VAR_POSITIONAL else one.name + "=…" * (one.default is not one.empty)
        for one in parameters
    ]
    return f"{name}({', '.join(words)})"


def members(kind: type) -> Iterator[tuple[str, object]]:
    for name, member in vars(kind).items():
        if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, property)):
            yield name, member


def rows(title: str) -> list[list[str]]:
    """The cells of the table below a title, without its head."""
    text = PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


@pytest.mark.parametrize("title", CLASSES)
def test_each_function_is_listed_once_as_it_is(title: str) -> None:
    listed = [cells[0].strip("`") for cells in rows(title)]
    assert sorted(listed) == sorted(in_short(name, member) for name, member in members(CLASSES[title]))


@pytest.mark.parametrize("title", CLASSES)
def test_what_returns_nothing_says_so(title: str) -> None:
    told = {re.split(r"\W", cells[0].strip("`"))[0]: cells[2] for cells in rows(title)}
    for name, member in members(CLASSES[title]):
        if inspect.isfunction(member):
            assert (told[name] == "None") == (inspect.signature(member).return_annotation == "None"), name


@pytest.mark.parametrize("kind", [SignatureScheme, SymmetricMode, KeyDerivation], ids=lambda kind: kind.__name__)
def test_each_name_of_an_enumeration_is_listed(kind: type[Enum]) -> None:
    (line,) = re.findall(rf"^- `{kind.__name__}`: (.+)$", PAGE, re.MULTILINE)
    assert re.findall(r"`(\w+)`", line) == [one.name for one in kind]


def test_every_title_is_a_class() -> None:
    assert re.findall(r"^## (.+)$", PAGE, re.MULTILINE) == list(CLASSES)
