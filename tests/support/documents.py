"""What a document tells its reader to run, and a place to run it in."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.support.cli.runner import NOT_AWS
from tests.support.makers import make_certificate_for
from tests.support.places import ROOT
from tests.support.processes import Served, run_process

LANGUAGES = ("sh", "console", "python", "json", "text")
"""What a fenced block may be; in the first three there are commands, but for Python that has the name of a file."""

_FENCE = re.compile(r"^```(\S*) *(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`((?:\.venv/bin/)?python\s[^`]+)`")
_SHELL = frozenset("|<>;&")
_NEEDED = ("benchmarks", "configs", "docs", "optiga", "optiga.py", "templates", "tests")
_CERTIFICATE = "cert.pem"
_REQUEST = "….csr"
"""In a command: the name that the ``--csr`` before it has printed."""
_AWS = "optiga.testing.aws"
"""Alone, it serves until it is ended; the commands behind it run in a terminal that is led there."""


class Block(NamedTuple):
    """A fenced block.

    :param title: what stands behind the language: the name of a file.
    """

    language: str
    title: str
    text: str


class Command(NamedTuple):
    """One command.

    :param text: as it is printed; the program itself for a block of Python.
    :param shown: the output that is printed below it, line by line.
    """

    text: str
    shown: tuple[str, ...] = ()
    is_program: bool = False


def read_blocks(text: str) -> list[Block]:
    return [Block(*match.groups()) for match in _FENCE.finditer(text)]


def read_steps(text: str) -> Iterator[Command | Block]:
    """The commands of a document in their order, and between them the blocks that are files."""
    position = 0
    for match in _FENCE.finditer(text):
        yield from _inline_commands(text[position : match.start()])
        position = match.end()
        block = Block(*match.groups())
        if block.language == "sh":
            for line in block.text.replace("\\\n", " ").splitlines():
                yield from (Command(part.strip()) for part in line.partition(" #")[0].split(" && ") if part.strip())
        elif block.language == "console":
            yield from _console_commands(block.text)
        elif block.language == "python" and not block.title:
            yield Command(block.text, is_program=True)
        else:
            yield block
    yield from _inline_commands(text[position:])


def _inline_commands(prose: str) -> Iterator[Command]:
    yield from (Command(" ".join(found.split())) for found in _INLINE.findall(prose))


def _console_commands(text: str) -> Iterator[Command]:
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, *shown = part.rstrip("\n").splitlines()
        yield Command(command, tuple(shown))


def fits(shown: str, line: str) -> bool:
    """Whether a line is the one that a document shows, in which ``…`` stands for anything."""
    return re.fullmatch(".*".join(map(re.escape, shown.split("…"))), line) is not None


def holds(shown: tuple[str, ...], out: list[str], err: list[str]) -> bool:
    """Whether a document shows what a command prints: all of standard output, and of standard error what it likes.

    A line ``…`` stands for any lines of standard output.
    """
    if not shown:
        return not out
    head, rest = shown[0], shown[1:]
    if head == "…":
        return any(holds(rest, out[count:], err) for count in range(len(out) + 1))
    if out and fits(head, out[0]) and holds(rest, out[1:], err):
        return True
    return any(fits(head, line) and holds(rest, out, err[place + 1 :]) for place, line in enumerate(err))


class Workshop:
    """A reader's folder: what a clone has, and what the commands before have left.

    :param folder: an empty one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._servers: list[Served] = []
        self._pasted: dict[str, str] = {}
        self._requests: set[Path] = set()
        self._certified: Path | None = None
        self._newest: Path | None = None
        for name in _NEEDED:
            _give(ROOT / name, folder / name)

    def save(self, block: Block) -> None:
        """Save a block that is a file."""
        if block.title:
            (self._folder / block.title).write_text(block.text, encoding="utf-8")

    def run(self, command: Command) -> None:
        """Run a command and compare what it prints with what is shown.

        :raises AssertionError: if it fails, warns, or prints something else.
        """
        environment, words = self._words(command)
        if _CERTIFICATE in words:
            self._certify()
        if "serve" in words or words[-1] == _AWS:
            self._serve(words, command)
            return
        done = run_process(words, self._folder, {"PYTHONPATH": str(ROOT), **self._pasted, **environment})
        said = f"{command.text}\n{done.stdout}{done.stderr}"
        fails = any(line.startswith(("Error: ", '{"error": ')) for line in command.shown)
        assert (done.returncode != 0) is fails, said
        warns = any("Warning: " in line and not line.startswith(NOT_AWS) for line in done.stderr.splitlines())
        assert not warns or any("Warning: " in line for line in command.shown), said
        if command.shown:
            assert holds(command.shown, done.stdout.splitlines(), done.stderr.splitlines()), said
        fresh = set(self._folder.glob("*.csr")) - self._requests
        self._requests |= fresh
        self._newest = next(iter(fresh), self._newest)

    def left(self) -> list[str]:
        """Names of the files and folders that the commands have made."""
        return sorted({path.name for path in self._folder.iterdir()} - {Path(name).parts[0] for name in _NEEDED})

    @property
    def was_certified(self) -> bool:
        """Whether a command needed a certificate of a CA that is not in the document."""
        return self._certified is not None

    def close(self) -> None:
        """End the servers."""
        for server in self._servers:
            server.close()

    def _words(self, command: Command) -> tuple[dict[str, str], list[str]]:
        """The environment and the words of a command, with this interpreter."""
        if command.is_program:
            return {}, [sys.executable, "-c", command.text]
        words = shlex.split(command.text)
        environment = {}
        while "=" in words[0]:
            name, _, value = words.pop(0).partition("=")
            environment[name] = value
        if words[-1] == "&":
            words.pop()
        assert not any(_SHELL & set(word) for word in words), f"not a plain command: {command.text}"
        words = [self._newest.name if word == _REQUEST and self._newest else word for word in words]
        # Also the one that a command runs in turn (``emulator run -- python …``): the path may have another.
        words = [sys.executable if word in ("python", ".venv/bin/python") else word for word in words]
        if words[0] == "optiga":
            words[:1] = [sys.executable, "optiga.py"]
        return environment, words

    def _serve(self, words: list[str], command: Command) -> None:
        server = Served(words, self._folder)
        self._servers.append(server)
        assert len(command.shown) <= 1, command.text
        assert all(fits(line, server.port) for line in command.shown), (command.text, server.port)
        if words[-1] == _AWS:
            self._pasted = {"AWS_ENDPOINT_URL": server.port, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
            self._pasted["AWS_DEFAULT_REGION"] = "eu-central-1"

    def _certify(self) -> None:
        """Be the CA: a certificate for the key of the last CSR."""
        if self._newest and self._newest != self._certified:
            (self._folder / _CERTIFICATE).write_bytes(make_certificate_for(self._newest))
            self._certified = self._newest


def _give(source: Path, target: Path) -> None:
    """Put a file or folder into a reader's folder: a link, or a copy where there are no links."""
    if os.name == "posix":
        target.symlink_to(source)
    elif source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)
