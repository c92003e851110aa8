"""``import`` of secrets that are not in the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import optiga
from optiga.protocol.metadata_words import parse_metadata_words
from tests.support.cli.runner import Cli


@pytest.mark.parametrize("change", ["always", "never"])
def test_import_of_a_secret_that_is_not_in_the_file(cli: Cli, tmp_path: Path, change: str) -> None:
    old, new = (f"emulator:{tmp_path / name}" for name in ("old", "new"))
    with optiga.open_chip(old) as chip:
        chip.write(0xF1D1, b"secret" * 10)
        words = ["type: authorization_reference", "read: never", f"change: {change}"]
        chip.write_metadata(0xF1D1, parse_metadata_words(words))
    assert cli("--port", old, "export", "all.json").code == 0
    assert "f1d1" in json.loads(Path("all.json").read_text())
    result = cli("--port", new, "import", "all.json", "--yes")
    assert result.code == 0
    assert "Warning: 0xF1D1 becomes a secret of 100 zeros" in result.err
    assert ("can never be another" in result.err) is (change == "never")
    again = cli("--port", old, "import", "all.json", "--yes")
    assert "zeros" not in again.err
