"""The real shells, as a person types: each has taken our script."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.places import ROOT
from tests.support.terminal import Terminal, terminal

SHELLS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
PROMPT = "READY> *$"
PROMPTS = {
    "bash": "PS1='READY> '",
    "zsh": "PS1='READY> '; unsetopt PROMPT_SP",
    "fish": "function fish_prompt; echo -n 'READY> '; end",
}
TAKE = {"bash": 'eval "$({0})"', "zsh": 'eval "$({0})"', "fish": "{0} | source"}


@contextmanager
def shell_at_terminal(
    shell: str, folder: Path, *options: str, columns: int = 80, before: str = ""
) -> Iterator[Terminal]:
    """A shell that has taken our script, in a folder with a file and a folder.

    :param before: a command that the shell is given first.
    """
    programs = folder / "bin"
    programs.mkdir()
    for name, words in (("optiga", f"'{ROOT / 'optiga.py'}'"), ("python", ""), ("python3", "")):
        (programs / name).write_text(f"#!/bin/sh\nexec '{sys.executable}' {words} \"$@\"\n")
        (programs / name).chmod(0o755)
    (folder / "some folder").mkdir()
    (folder / "conf.jsn").write_text("{}")
    environment = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(folder), "LC_ALL": "C.UTF-8", "PS1": "> "}
    with terminal(SHELLS[shell], folder, environment, columns=columns) as shown:
        for line in (PROMPTS[shell], before, TAKE[shell].format(" ".join(["optiga", "completion", shell, *options]))):
            if line:
                shown.type(f"{line}\r")
                shown.wait_for(PROMPT)
        shown.type("echo rea''dy\r")
        shown.wait_for("\nready(.|\n)*READY> *$")
        yield shown


def take_back(shown: Terminal) -> None:
    """Have an empty line again. An interruption would be lost while the shell asks us."""
    shown.type("\x15true\r")
    shown.wait_for("true *\n(.|\n)*READY> *$")


def echo_words(shown: Terminal, folder: Path) -> None:
    """Have the program print the words that it gets, unless a shell asks it: ``GOT <word> <word> end``."""
    program = folder / "bin" / "optiga"
    asked = program.read_text().replace("#!/bin/sh\n", "")
    echo = """printf GOT; printf ' <%s>' "$@"; echo ' end'"""
    program.write_text(f'#!/bin/sh\nif [ -z "$_OPTIGA_COMPLETE" ]; then {echo}; exit; fi\n{asked}')
    shown.type("\r")
    shown.wait_for(PROMPT)
