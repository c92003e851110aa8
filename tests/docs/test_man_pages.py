"""The man pages are those of the commands, and what formats man pages has nothing to say against them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from command_help import CommandHelp, read_commands
from man_pages import man_pages, write_pages

from tests.support.places import ROOT

MAN = ROOT / "man"


@pytest.fixture(scope="module")
def commands() -> list[CommandHelp]:
    return read_commands()


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return man_pages()


def unescape(text: str) -> str:
    """What a reader sees of a page's words, line ends apart."""
    text = re.sub(r"\\\[u([0-9A-F]{4})\]", lambda match: chr(int(match[1], 16)), text.replace(r"\&", ""))
    for escape, char in ((r"\-", "-"), (r"\(aq", "'"), (r"\(ga", "`"), (r"\(ha", "^"), (r"\(ti", "~"), (r"\e", "\\")):
        text = text.replace(escape, char)
    return " ".join(text.split())


def test_they_are_current(pages: dict[str, str]) -> None:
    committed = {path.name: path.read_text(encoding="ascii") for path in MAN.iterdir()}
    assert committed == pages, "run: python docs/_site/man_pages.py"


def test_every_option_of_every_command(commands: list[CommandHelp], pages: dict[str, str]) -> None:
    assert len(commands) > 50
    for command in commands:
        page = pages["-".join(("optiga", *command.words[:1])) + ".1"].replace(r"\-", "-")
        head = f'\n.SH "{" ".join(command.words).upper()}"\n' if len(command.words) > 1 else "\n.SH DESCRIPTION\n"
        assert page.count(head) == 1, command.name
        seen = page.partition("\n.SH OPTIONS\n")[2] + page.partition(head)[2].partition("\n.SH ")[0]
        seen = unescape(seen)
        for option in command.options:
            text = " ".join(option.text.replace("optiga.py", "optiga").replace("…", "...").split())
            assert f'.B "{option.term}" {text}' in seen, (command.name, option.term)


def test_every_command_is_found_from_the_first_page(commands: list[CommandHelp], pages: dict[str, str]) -> None:
    first = unescape(pages["optiga.1"])
    for command in commands:
        if len(command.words) == 1:
            assert f"optiga-{command.words[0]} (1)" in first


def test_the_command_that_is_installed_is_named(pages: dict[str, str]) -> None:
    for name, page in pages.items():
        assert "optiga.py" not in page, name


def test_characters_that_every_troff_knows(pages: dict[str, str]) -> None:
    """groff's name for a character by its number is none to others, which leave it out with a warning."""
    for name, page in pages.items():
        assert page.isascii(), name
        assert r"\[u" not in page, name


def test_pages_of_commands_that_are_no_more_go(tmp_path: Path, pages: dict[str, str]) -> None:
    (tmp_path / "optiga-gone.1").write_text("")
    write_pages(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(pages)


@pytest.mark.long
@pytest.mark.skipif(shutil.which("groff") is None, reason="there is no groff")
def test_groff_warns_of_nothing() -> None:
    command = ["groff", "-man", "-ww", "-Tutf8", *map(str, sorted(MAN.iterdir()))]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    assert done.stderr == ""
    assert "--trust-clock" in re.sub(r"\x1b\[\d*m|.\x08", "", done.stdout)


@pytest.mark.long
@pytest.mark.skipif(shutil.which("mandoc") is None, reason="there is no mandoc")
def test_mandoc_warns_of_the_missing_date_alone() -> None:
    """A page has no date: it would be another one with each build, or a wrong one."""
    command = ["mandoc", "-Tlint", "-Wwarning", *map(str, sorted(MAN.iterdir()))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert [line for line in done.stdout.splitlines() if "missing date" not in line] == []
