"""``journal show`` and ``deprovision``: the beginning of a UID, as of a serial number."""

from __future__ import annotations

from pathlib import Path

import pytest

from optiga.provision.entry import Step
from optiga.provision.journal import FILE_NAME, open_journal
from tests.support.cli.mistakes import fails
from tests.support.cli.runner import Cli
from tests.support.cli.sitting import sit_down
from tests.support.journals import make_entry, make_version_1

FIRST, SECOND = (f"cd16338201001c0005{number:02x}".ljust(54, "7") for number in (1, 2))
BOTH = FIRST[:18]


@pytest.fixture(params=["facts", "version 1"])
def _two_chips(cli: Cli, request: pytest.FixtureRequest) -> None:
    """A journal in the current folder with two chips."""
    entries = [make_entry(uid, "second", "ca:0123456789abcdef", "f00d") for uid in (FIRST, SECOND)]
    with open_journal(FILE_NAME, make=True) as journal:
        for entry in entries:
            journal.save(entry)
    if request.param == "version 1":
        make_version_1(Path(FILE_NAME))


@pytest.mark.usefixtures("_two_chips")
class TestTwoChips:
    @pytest.mark.parametrize(
        "digits", [FIRST[:20], FIRST[:53].upper(), "0x" + FIRST[:20], "cd:16:33:82:01:00:1c:00:05:01"]
    )
    def test_one_that_fits(self, cli: Cli, digits: str) -> None:
        shown = cli("journal", "show", "--uid", digits)
        assert shown.code == 0
        assert FIRST in shown.out
        assert SECOND not in shown.out
        history = cli("journal", "show", "--history", "--uid", digits)
        assert FIRST in history.err
        assert SECOND not in history.err + history.out

    @pytest.mark.parametrize("digits", [FIRST[16:26], FIRST[16:]])
    def test_a_part_that_fits_one(self, cli: Cli, digits: str) -> None:
        """All UIDs of a model begin with the same digits."""
        shown = cli("journal", "show", "--uid", digits)
        assert shown.code == 0
        assert FIRST in shown.out
        assert SECOND not in shown.out
        assert "whole UID" in fails(cli, 2, "deprovision", "--yes", "--uid", digits)

    @pytest.mark.parametrize("command", [("journal", "show"), ("deprovision", "--yes")])
    @pytest.mark.parametrize("digits", [BOTH[-6:], FIRST[-6:]])
    def test_two_that_have_a_part_are_listed(self, cli: Cli, command: tuple[str, ...], digits: str) -> None:
        said = fails(cli, 2, *command, "--uid", digits)
        assert FIRST in said
        assert SECOND in said

    @pytest.mark.parametrize("command", [("journal", "show"), ("deprovision", "--yes")])
    def test_two_that_fit_are_listed(self, cli: Cli, command: tuple[str, ...]) -> None:
        said = fails(cli, 2, *command, "--uid", BOTH)
        assert FIRST in said
        assert SECOND in said

    @pytest.mark.parametrize("command", [("journal", "show"), ("deprovision", "--yes")])
    @pytest.mark.parametrize(
        ("digits", "what"), [("cd1633820f", "cd1633820f"), ("cd163", "at least 6"), ("cd16x3", "cd16x3")]
    )
    def test_none_that_fits(self, cli: Cli, command: tuple[str, ...], digits: str, what: str) -> None:
        assert what in fails(cli, 2, *command, "--uid", digits)

    def test_the_question_shows_the_whole_uid(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        sit_down(monkeypatch, "n\n")
        assert f"chip {FIRST}" in cli("deprovision", "--uid", FIRST[:20]).err
        with open_journal(FILE_NAME) as journal:
            assert [entry.step for entry in journal.all()] == [Step.BEGUN] * 2
        refused = fails(cli, 2, "deprovision", "--yes", "--uid", FIRST[:20])
        assert FIRST in refused
        assert "whole UID" in refused
        assert cli("deprovision", "--yes", "--uid", FIRST, "--query", "uid").out.strip() == FIRST
