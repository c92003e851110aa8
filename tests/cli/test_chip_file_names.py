"""Files of emulated chips by their names: which are announced, and which cannot be chips."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from optiga.emulator import store
from tests.support.cli.runner import Cli
from tests.support.permissions import permissions_count

BOARD = 3


@pytest.mark.parametrize("words", ["emulator reset", "emulator dump", "info"])
def test_a_port_without_a_path_is_not_ones_own_chip(cli: Cli, words: str) -> None:
    """As of a variable that is not set: a reset would erase the keys of another chip than the one meant."""
    result = cli("--port", "emulator:", *words.split())
    assert (result.code, result.out, len(result.errors)) == (2, "", 1)
    assert "port emulator: names no file behind the colon. Give a file, or use emulator" in result.errors[0]


class TestNames:
    @pytest.mark.parametrize("name", ["x?y", "n" * 300])
    def test_what_no_port_can_name(self, cli: Cli, name: str) -> None:
        for words in (("emulator", "new", name), ("--port", f"emulator:{name}", "info")):
            result = cli(*words)
            assert (result.code != 0, result.out, len(result.err.splitlines())) == (True, "", 1)
            assert result.err.startswith("Error: ")
        assert list(Path().iterdir()) == []

    def test_a_new_chip_is_said_to_be_new(self, cli: Cli) -> None:
        first, second = (cli("--port", "emulator:chip", "--read", "0xE0C2").err for _ in range(2))
        assert "A new chip was created" in first
        assert "new chip" not in second
        assert "A new chip was created" in cli("-q", "--port", "emulator:another", "info").err
        assert "new chip" not in cli("--port", "emulator:none/chip", "info").err
        assert "A new chip was created" in cli("--port", "emulator:third", "pair", "--out", "secret").err

    @pytest.mark.parametrize("words", ["info", "pair --out secret", "emulator serve --chip chip --i2c taken"])
    def test_one_that_another_has_made_at_once_is_not(
        self, cli: Cli, monkeypatch: pytest.MonkeyPatch, words: str
    ) -> None:
        """Of several that start at once, only the one that has made it may say so, or take it away again."""
        create = store._create

        def be_late(*arguments: Any) -> bool:
            assert create(*arguments)
            return create(*arguments)

        monkeypatch.setattr(store, "_create", be_late)
        Path("taken").write_text("no socket")
        result = cli("--port", "emulator:chip", *words.split())
        assert result.code == (3 if "taken" in words else 0)
        assert "A new chip was created" not in result.err
        assert Path("chip").exists()

    @pytest.mark.parametrize("name", ["none/chip", "folder", "short", "a?b", "shelf/chip", "locked/chip", "locked"])
    def test_what_cannot_be_a_chip_is_not_announced(self, cli: Cli, name: str) -> None:
        Path("folder").mkdir()
        Path("short").write_text("hello")
        Path("shelf").mkdir(mode=0o500)
        Path("locked").mkdir(mode=0o000)
        with permissions_count():
            result = cli("--port", f"emulator:{name}", "info")
        assert result.code != 0
        assert "Emulated chip" not in result.err
        assert "new chip" not in result.err

    def test_the_users_own_chip_is_announced_as_new(self, cli: Cli) -> None:
        first, second = (cli("--port", "emulator", "info").err for _ in range(2))
        assert "Emulated chip" in first
        assert "A new chip was created" in first
        assert "Emulated chip" in second
        assert "A new chip" not in second

    @pytest.mark.parametrize("words", ["info --query model", "--read 0xE0C2", "key list", "object list"])
    def test_a_chip_that_may_only_be_read_is_announced(self, cli: Cli, words: str) -> None:
        assert cli("emulator", "new", "one.chip").code == 0
        Path("one.chip").chmod(0o400)
        with permissions_count():
            result = cli("-q", "--port", "emulator:one.chip", *words.split())
        assert (result.code, result.out != "") == (0, True)
        assert result.err.count("Emulated chip: one.chip") == 1

    @pytest.mark.parametrize(("folder", "missing"), [("", "state"), ("state", "state/optiga"), ("state/optiga", "")])
    def test_the_users_own_chip_in_a_folder_that_cannot_be_written(
        self, cli: Cli, monkeypatch: pytest.MonkeyPatch, folder: str, missing: str
    ) -> None:
        """As of a user of a container, whose home is the root folder."""
        home = Path("home").resolve()
        sealed = home / folder
        sealed.mkdir(parents=True)
        monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
        sealed.chmod(0o500)
        with permissions_count():
            result = cli("--port", "emulator", "info")
        sealed.chmod(0o700)
        assert (result.code, result.out, len(result.err.splitlines())) == (BOARD, "", 1)
        assert "emulator:FILE" in result.errors[0]
        assert "permission" in result.errors[0]
        assert str(home / missing if missing else sealed) in result.errors[0].partition(": ")[2].partition(": ")[2]
        if sys.platform == "linux":
            assert "XDG_STATE_HOME" in result.errors[0]

    @pytest.mark.parametrize(
        ("name", "is_near"),
        [
            *(("bnech.chip", True), ("bench2.chip", False), ("lamp", False), ("bench", False), ("benhc", True)),
            *(("bench-b.chip", False), ("b.chip", False), ("tube.chip", False)),
        ],
    )
    def test_a_new_chip_beside_one_with_a_name_like_it(self, cli: Cli, name: str, *, is_near: bool) -> None:
        """As of a name that is mistyped. Names that differ in a number are those of a series."""
        for chip in ("bench.chip", "a.chip", "tub.chip"):
            assert cli("emulator", "new", chip).code == 0
        Path("bench.chop").write_text("no chip")
        assert ("Did you mean" in (said := cli("--port", f"emulator:{name}", "info").err)) is is_near
        assert ("Did you mean bench.chip?" in said) is is_near

    def test_a_file_that_is_not_a_chip(self, cli: Cli) -> None:
        """Nothing is said of it that holds for chips alone."""
        Path("notes.txt").write_text("hello")
        assert cli("emulator", "new", "one.chip").code == 0
        assert "emulator reset one.chip'" in cli("emulator", "new", "one.chip").errors[0]
        for words in (("emulator", "new", "notes.txt"), ("emulator", "dump", "notes.txt")):
            (error,) = cli(*words).errors
            assert "Name another file" in error
            assert "reset" not in error
            assert "is made" not in error

    def test_one_that_is_not_made_is_not_said_to_be_new(self, cli: Cli, config: Path) -> None:
        for words in (
            ("--csr", config, "--dry-run"),
            ("provision", config, "--ca", "none", "--no-cloud"),
            ("register",),
        ):
            assert "A new chip was created" not in cli("--port", "emulator:chip", *words).err
            assert not Path("chip").exists()
