"""A file of one kind where another is needed, all pairs: the message says what the file is, and what to do."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.support.cli import file_kinds
from tests.support.cli.file_kinds import KINDS, TAKERS
from tests.support.cli.runner import Cli
from tests.support.sampling import sampled

PAIRS = [
    pytest.param(taker, name, id=f"{taker}-{name}")
    for taker, (_, right) in TAKERS.items()
    for name in KINDS
    if name not in right
]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of each kind; the defaults are read from where the commands run, and stand in a folder of their own."""
    folder = tmp_path_factory.mktemp("kinds")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        file_kinds.make_files()
    return folder


@pytest.mark.parametrize(("taker", "name"), sampled(PAIRS, keep=40))
def test_what_it_is_and_what_to_do(cli: Cli, files: Path, taker: str, name: str) -> None:
    shutil.copytree(files, ".", dirs_exist_ok=True)
    Path("elsewhere").mkdir()
    shutil.move("optiga.toml", "elsewhere")
    given = "elsewhere/optiga.toml" if name == "optiga.toml" else name
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    words, _ = TAKERS[taker]
    result = cli(*(word.format(given) for word in words))
    assert (result.code != 0, result.out, len(result.errors)) == (True, "", 1)
    assert given in result.errors[0]
    assert re.search(KINDS[name], result.errors[0]), result.errors
    assert before == {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}


def test_a_file_that_is_only_wrong_is_not_called_another(cli: Cli) -> None:
    Path("device.jsn").write_text("{,}")
    Path("notes.md").write_text("# Notes")
    for words in (("--csr", "device.jsn"), ("--csr", "notes.md"), ("journal", "show", "--journal", "notes.md")):
        assert " is a " not in cli("--port", "emulator:chip", *words).errors[0]
