"""A name that ends with a slash is a folder's: no file is made of it, and none is read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.cli.runner import Cli
from tests.support.places import CONFIG


@pytest.mark.parametrize(
    "words",
    [
        "emulator new x/",
        "emulator serve --chip x/ --tcp 0",
        "emulator run --chip x/ -- true",
        "emulator dump {chip} --out x/",
        "emulator reset {chip}/ --yes",
        "--port emulator:{chip} random 8 --out x/",
        "--port emulator:{chip} --read first --out x/",
        "--port emulator:{chip} key public first --out x/",
        "--port emulator:{chip} export x/",
        "--port emulator:{chip} provision {config} --journal x/ --dry-run",
        "--port emulator:x/ info",
        "--port emulator:x/?model=x info",
        "--port emulator:{chip}/ info",
        "config new x/ --yes",
    ],
)
def test_is_refused(cli: Cli, words: str) -> None:
    assert cli("emulator", "new", "a.chip").code == 0
    before = sorted(Path().iterdir())
    result = cli(*words.format(chip="a.chip", config=CONFIG).split())
    assert (result.code, len(result.errors)) == (2, 1)
    assert "/ names a folder, not a" in result.errors[0].replace("'", "")
    assert sorted(Path().iterdir()) == before


@pytest.mark.parametrize("text", ['port = "emulator:x/"', 'journal = "x/"'])
def test_in_a_file_of_defaults(cli: Cli, text: str) -> None:
    path = Path("optiga.toml").absolute()
    path.write_text(text)
    for words in (
        ("config", "show"),
        ("--port=emulator:y",) * ("journal" in text) + ("provision", CONFIG, "--dry-run"),
    ):
        result = cli(*words)
        assert result.code == 2
        assert f"{path}:1" in result.errors[0]
        assert "names a folder" in result.errors[0]
    assert not Path("x").exists()


def test_a_folder_may_end_so(cli: Cli) -> None:
    assert cli("ca", "init", "ca/", "--no-passphrase").code == 0
    assert cli("ca", "list", "--ca", "ca/").code == 0
    Path("out").mkdir()
    assert cli("--port", "emulator:a.chip", "--csr", CONFIG, "--out-dir", f"out{os.sep}").code == 0
    Path("optiga.toml").write_text('ca = "ca/"\nout-dir = "out/"\n')
    assert cli("config", "show").code == 0
    assert cli("ca", "list").code == 0
