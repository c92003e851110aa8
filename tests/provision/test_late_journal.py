"""A journal whose file is made with its first entry: it is one like any other, and what others do meanwhile counts."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from optiga.errors import ConfigurationError, Reason
from optiga.provision.facts import Begun
from optiga.provision.journal import FILE_NAME, Journal, open_journal
from optiga.provision.seal_file import SUFFIX, read_seal, seal_path

ONE, OTHER = "00" * 27, "11" * 27


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "journal").mkdir()
    return tmp_path / "journal" / FILE_NAME


def run(path: Path, uid: str) -> None:
    """One that writes something down and seals it."""
    with open_journal(path, make=True) as journal, journal.sealed():
        journal.append(uid, "second", Begun("aws", ""))


@pytest.fixture
def older(path: Path, tmp_path: Path) -> Callable[[], None]:
    """Puts an older copy of a journal where the late one is to be, with the newest seal beside it."""
    elsewhere = tmp_path / FILE_NAME
    run(elsewhere, ONE)
    copy = tmp_path / "older"
    shutil.copy(elsewhere, copy)
    run(elsewhere, OTHER)

    def put() -> None:
        shutil.copy(copy, path)
        shutil.copy(seal_path(elsewhere), path.parent / f"{FILE_NAME}{SUFFIX}")

    return put


USES: dict[str, Callable[[Journal], object]] = {
    "append": lambda journal: journal.append(ONE, "second", Begun("aws", "")),
    "all": Journal.all,
    "check_writable": Journal.check_writable,
}


@pytest.mark.parametrize("use", USES)
def test_an_older_copy_that_appears_meanwhile_is_refused(path: Path, older: Callable[[], None], use: str) -> None:
    with open_journal(path, make=True) as journal:
        older()
        before = path.read_bytes()
        for _ in range(2):
            with pytest.raises(ConfigurationError, match="older copy") as caught:
                USES[use](journal)
            assert caught.value.reason is Reason.DAMAGED
    assert path.read_bytes() == before


def test_a_seal_without_its_journal_that_appears_meanwhile_is_refused(path: Path, older: Callable[[], None]) -> None:
    with open_journal(path, make=True) as journal:
        older()
        path.unlink()
        with pytest.raises(ConfigurationError, match="is missing, but its seal file exists") as caught:
            journal.append(ONE, "second", Begun("aws", ""))
        assert caught.value.reason is Reason.NOT_FOUND
    assert not path.exists()


def test_a_sealed_one_that_another_run_makes_meanwhile_is_gone_on_with(path: Path) -> None:
    with open_journal(path, make=True) as journal, journal.sealed():
        assert journal.all() == []
        run(path, ONE)
        journal.append(OTHER, "second", Begun("aws", ""))
        assert [one.uid for one in journal.all()] == [ONE, OTHER]
    found = read_seal(path)
    assert found is not None
    assert found[0] == 2


def test_a_missing_seal_file_is_said_once(path: Path) -> None:
    said: list[str] = []
    with open_journal(path, make=True, warn=said.append) as journal:
        run(path, ONE)
        seal_path(path).unlink()
        journal.all()
        journal.append(OTHER, "second", Begun("aws", ""))
    assert len(said) == 1
    assert str(seal_path(path)) in said[0]
