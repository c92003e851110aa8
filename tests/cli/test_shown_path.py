"""A folder that is named by dots alone: a full stop behind it must not make another folder of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from optiga.ca.folder import check_made_elsewhere
from optiga.emulator.store import SqliteStore
from optiga.errors import OptigaError
from optiga.files.files import check_folder_writable
from optiga.files.shown import shown_path
from tests.support.cli.runner import Cli
from tests.support.permissions import permissions_count


@pytest.mark.parametrize("name", [".", "..", "../..", "./.."])
def test_dots_are_shown_in_full(name: str) -> None:
    assert shown_path(Path(name)) == str(Path(name).resolve())


@pytest.mark.parametrize("name", ["a", "../a", "./.a", "a/..", "/a"])
def test_other_names_are_shown_as_they_are(name: str) -> None:
    assert shown_path(Path(name)) == str(Path(name))


@pytest.fixture
def locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, in which nobody may write."""
    folder = tmp_path / "locked"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.chmod(0o500)
    return folder


def test_the_current_folder_of_a_chip(locked: Path) -> None:
    with permissions_count(), pytest.raises(OptigaError) as caught:
        SqliteStore(Path("chip"))
    assert f"in the folder {locked}. " in str(caught.value)


def test_the_current_folder_of_an_output(locked: Path) -> None:
    with permissions_count(), pytest.raises(OptigaError, match=f"cannot write to {locked}: "):
        check_folder_writable(Path())


def test_the_current_folder_of_a_ca(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "root"
    assert cli("ca", "init", folder, "--no-passphrase").code == 0
    monkeypatch.chdir(folder)
    assert f"Name its folder, {folder}" in cli("ca", "list", "--ca", "ca.pem").errors[0]
    with pytest.raises(OptigaError, match=f"belongs to the CA in {folder}, "):
        check_made_elsewhere(Path("ca.pem"))
