"""What releases have left on disks: a folder for each release, and in it a folder for each case.

``<release>/<group>/<case>/`` is a folder of a user's as the release left it. ``<release>/<group>/<case>.json`` beside
it, where there is one, says what the release made of it, and what goes on with it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from optiga.cli import main
from tests.support.places import ROOT

HERE = ROOT / "tests" / "released"
RELEASES = sorted(path.parent for path in HERE.glob("*/SHA256SUMS"))
_NOT_LEFT = ("made_with", "__pycache__")


def cases(*patterns: str) -> Any:
    """The folders and files of all releases that match one of some patterns, as a parameter for tests.

    :param patterns: as for :meth:`pathlib.Path.glob`; one that ends with a slash matches folders alone.

    :raises AssertionError: if there is none: a test would run without anything to go on with.
    """
    found = sorted(
        {
            path
            for release in RELEASES
            for pattern in patterns
            for path in release.glob(pattern.rstrip("/"))
            if path.is_dir() or not pattern.endswith("/")
        }
    )
    assert found, patterns
    return [pytest.param(path, id=path.relative_to(HERE).as_posix()) for path in found]


def copy_of(left: Path, target: Path) -> Path:
    """A copy of what was left, for its owner alone as it was; Git keeps no such modes.

    :param left: a folder, or a file.
    :returns: the copy's path.
    """
    if left.is_file():
        shutil.copyfile(left, target)
    else:
        shutil.copytree(left, target, copy_function=shutil.copyfile, dirs_exist_ok=True)
    for path in (target, *target.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return target


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def said_of(left: Path) -> Any:
    """What the release said of a case."""
    return read_json(left.with_name(f"{left.name}.json"))


def is_the_same(state: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two documents of ``emulator dump`` say the same of a chip, each in the form of its version."""
    names = ("format", "model", "objects", "saved_context")
    return [state.get(name) for name in names] == [other.get(name) for name in names]


class Optiga:
    """Today's command line, in this process, in the current folder, with nobody at the terminal.

    :ivar err: what the last command has written to standard error.
    """

    def __init__(self, capsys: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys, self._folder, self._monkeypatch = capsys, folder, monkeypatch
        self.err = ""

    def go_on_with(self, left: Path) -> Path:
        """Copy what was left, and work in it."""
        copy = copy_of(left, self._folder / left.name)
        self._monkeypatch.chdir(copy)
        return copy

    def __call__(self, *arguments: object, code: int = 0) -> str:
        """Run a command, which must end with an exit code; what it has printed."""
        self._capsys.readouterr()
        ended = main([str(argument) for argument in arguments])
        out, self.err = self._capsys.readouterr()
        assert ended == code, (arguments, ended, self.err)
        assert "Traceback" not in self.err
        return out

    def on_chip(self, *arguments: object, code: int = 0) -> str:
        """Run a command on the chip in the file ``chip``."""
        return self("--port", "emulator:chip", "-q", *arguments, code=code)

    def json(self, *arguments: object) -> Any:
        return json.loads(self(*arguments, "--output", "json"))

    def chip_json(self, *arguments: object) -> Any:
        return json.loads(self.on_chip(*arguments, "--output", "json"))


def sums_of(release: Path) -> dict[str, str]:
    """The SHA-256 in hex of every file that a release has left, by its path in the release's folder."""
    found = {}
    for folder, folders, names in os.walk(release):
        here = Path(folder)
        if here == release:
            folders[:] = [name for name in folders if name not in _NOT_LEFT]
        for path in (here / name for name in names if here != release):
            found[path.relative_to(release).as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def read_sums(release: Path) -> dict[str, str]:
    """The same as they were written down when the files were made."""
    lines = (release / "SHA256SUMS").read_text(encoding="ascii").splitlines()
    return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
