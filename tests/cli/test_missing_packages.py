"""A package that is not installed: one line that says what to install, and not the name of another project."""

from __future__ import annotations

import builtins
import os
import shlex
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from optiga import cli
from optiga.cli.support import missing
from optiga.cli.support.missing import say_what_to_install
from tests.support.places import ROOT


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The tool does not run from a folder of the project."""
    monkeypatch.setattr(missing, "files", lambda _: tmp_path / "optiga")


def test_in_a_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(missing, "_own_python", lambda _: None)
    said = say_what_to_install("boto3")
    assert "'boto3' is missing" in said
    assert shlex.join([sys.executable, "-m", "pip", "install", str(ROOT)]) in said


@pytest.fixture
def checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder of the project with a virtual environment, as the README makes it; another Python runs the tool."""
    folder = tmp_path / "the tool"
    python = folder.joinpath(".venv", *(("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")))
    python.parent.mkdir(parents=True)
    python.touch()
    (folder / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    monkeypatch.setattr(missing, "files", lambda _: folder / "optiga")
    return python


def test_in_a_checkout_with_a_virtual_environment(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = say_what_to_install("boto3")
    assert str(checkout) in said
    assert "pip install" not in said
    monkeypatch.chdir(checkout.parents[2])
    said = say_what_to_install("boto3")
    assert f"use {checkout.relative_to(checkout.parents[2])} in place of python" in said


def test_the_interpreter_is_named_whole_where_the_current_folder_is_gone(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> Path:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "cwd", gone)
    assert str(checkout) in say_what_to_install("boto3")


def test_in_that_virtual_environment(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", str(checkout.parents[1]))
    assert "pip install" in say_what_to_install("boto3")


@pytest.mark.usefixtures("installed")
class TestInstalled:
    def test_what_it_requires_and_is_not_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        required = ["click>=8", "no-such-package-1 (>=2)", "no.such-2; extra == 'test'"]
        monkeypatch.setattr(metadata, "requires", lambda _: required)
        said = say_what_to_install("gone")
        assert "pip install no-such-package-1 " in said
        assert "click" not in said
        assert "no.such-2" not in said

    def test_all_of_it_is_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(metadata, "requires", lambda _: ["click>=8"])
        assert "Install this tool again" in say_what_to_install("gone")

    def test_no_metadata(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def requires(name: str) -> list[str]:
            raise metadata.PackageNotFoundError(name)

        monkeypatch.setattr(metadata, "requires", requires)
        assert "Install this tool again" in say_what_to_install("gone")

    def test_a_project_of_another_name(self, tmp_path: Path) -> None:
        (tmp_path / "pyproject.toml").write_text('name = "another"\n')
        assert str(tmp_path) not in say_what_to_install("gone")


def fail_to_import(name: str | None) -> Callable[..., Any]:
    real = builtins.__import__

    def find(wanted: str, *values: Any, **named: Any) -> Any:
        if wanted == "optiga.cli.app":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(wanted, *values, **named)

    return find


def test_the_command_line_says_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(builtins, "__import__", fail_to_import("click.core"))
    assert cli.main(["--version"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "'click' is missing" in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("name", ["optiga.gone", None])
def test_a_module_of_its_own_is_a_mistake_of_its_own(name: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builtins, "__import__", fail_to_import(name))
    with pytest.raises(ModuleNotFoundError):
        cli.main(["--version"])
