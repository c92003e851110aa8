"""What people get wrong with ``export`` and ``import``: the one line shown, the exit code; and nothing is changed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import optiga
from optiga.protocol.metadata_words import parse_metadata_words
from tests.support.cli.mistakes import USAGE, Mistake, assert_mistake, fails
from tests.support.cli.runner import Cli
from tests.support.sampling import sampled

LOCKED, FULL = 0xF1D8, 0xF1D9
OPERATIONAL = {"pretty_metadata": {"lcso": "operational"}}

MISTAKES = [
    Mistake("export .", "names no file. Name another file, or - for standard output"),
    Mistake("export none/chip.json", "cannot write to .*none: the folder does not exist. Create it first"),
    Mistake("export chip.json --object beef", "'beef' is not an OID"),
    Mistake("export chip.json --object e100", "not an object with data"),
    Mistake("export chip.json --object f1c2", "the last error code, is never exported"),
    Mistake("export chip.json --query colour", "finds nothing"),
    Mistake("export chip.json --output xml", "'xml' is not one of"),
    Mistake("export", "name the file to write, or - for standard output"),
    Mistake("import none.json", "cannot read the file none.json: no such file"),
    Mistake("import f.json --object e0f1", "f.json has nothing of 0xE0F1"),
    Mistake("import f.json --query colour", "finds nothing"),
]
FILES: dict[str, tuple[dict[str, Any], str]] = {
    "data of a key": ({"e0f1": {"data": "00"}}, "0xE0F1 cannot be written: it is a private key"),
    "a key's metadata in full": ({"e0f1": {"pretty_metadata": {"key_usage": []}}}, "key_usage cannot be set to 0x00"),
    "too many bytes": ({"f1d0": {"data": "00" * 141}}, "141 bytes.* 0xF1D0, which has room for 140"),
    "a counter of 4 bytes": ({"e120": {"data": "00000000"}}, "0xE120 is a counter"),
    "a counter past its end": ({"e120": {"data": "0000000200000001"}}, "its value is more than its threshold"),
    "a delay out of range": ({"e0c3": {"data": "00"}}, "0 ms is out of its range, 20 to 255"),
    "no life cycle state": ({"f1c0": {"data": "0f"}}, "0xF1C0: 0x0f is not a life cycle state"),
    "a state that goes back": ({"f1d8": {"pretty_metadata": {"lcso": "creation"}}}, "never goes back to creation"),
    "the chip's state back": ({"e0c0": {"data": "03"}}, "0xE0C0: a life cycle state never goes back"),
    "unknown state": ({"f1d0": {"metadata": "2003c00105"}}, "lcso: 0x05 is not a life cycle state"),
    "unknown type": ({"f1d0": {"pretty_metadata": {"type": "0x77"}}}, "type cannot be set to 0x77"),
    "unknown reset": ({"f1d0": {"pretty_metadata": {"reset_type": ["0x42"]}}}, "reset_type cannot be set to 0x42"),
    "unknown tag": ({"f1d0": {"metadata": "2003ee0101"}}, "tag 0xee cannot be set to 0x01"),
    "locked data": ({"f1d8": {"data": "aa"}}, r"0xF1D8 is locked: its change condition \(lcso < operational\) never"),
    "locked metadata": (
        {"f1d8": {"pretty_metadata": {"read": "never"}}},
        "operational: read can never be changed again",
    ),
    "too many metadata": (
        {"f1d9": {"pretty_metadata": {"execute": [*["conf", "0xe1", "0x40", "&&"] * 6, "lcso", "<", "operational"]}}},
        "would take 53 bytes, but there is room for 44",
    ),
    "security monitor": ({"e0c9": {"data": "0000000000000000"}}, "0xE0C9 is locked"),
    "metadata of a setting": (
        {"e0c3": {"pretty_metadata": {"lcso": "creation"}}},
        "only the chip can change the metadata",
    ),
}


@pytest.fixture
def prepared(port: str) -> str:
    """A chip with an object that is locked, and one with many metadata."""
    with optiga.open_chip(port) as chip:
        chip.write_metadata(LOCKED, parse_metadata_words(["lcso: operational"]))
        chip.write_metadata(FULL, parse_metadata_words(["read: conf 0xE140", "type: byte_string"]))
    return port


def state(cli: Cli, port: str) -> str:
    return cli("--port", port, "export", "-").out


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.typed)
def test_mistakes(cli: Cli, port: str, mistake: Mistake) -> None:
    Path("f.json").write_text(json.dumps({"f1d0": {"data": "aa"}}))
    before, files = state(cli, port), set(Path().iterdir())
    assert_mistake(cli, mistake, "--port", port)
    assert (state(cli, port), set(Path().iterdir())) == (before, files)


@pytest.mark.parametrize("what", sampled(FILES, keep=6))
def test_files(cli: Cli, prepared: str, what: str) -> None:
    """Refused before anything is written; with --keep-going, the other object is."""
    dump, line = FILES[what]
    Path("f.json").write_text(json.dumps({"f1d0": {"data": "aa"}, "f1e1": {"data": "bb"}, **dump}))
    before = state(cli, prepared)
    words = ("--port", prepared, "import", "f.json", "--yes", "--life-cycle")
    error = fails(cli, USAGE, *words)
    assert re.search(line, error), error
    assert error.endswith("Nothing has been written. To import the others, use --keep-going")
    assert state(cli, prepared) == before
    going = cli(*words, "--keep-going", "--query", "failed")
    assert (going.code, going.out, len(going.errors)) == (2, "1\n", 1)
    with optiga.open_chip(prepared) as chip:
        assert chip.read(0xF1E1) == b"\xbb"


def test_all_that_cannot_be_is_said(cli: Cli, prepared: str) -> None:
    dump = {"e0f1": {"data": "00"}, "f1d0": {"data": "00" * 200}, "f1d8": {"data": "aa"}}
    Path("f.json").write_text(json.dumps(dump))
    assert len(cli("--port", prepared, "import", "f.json").errors) == 3


def test_a_chip_without_the_object(cli: Cli, tmp_path: Path) -> None:
    Path("f.json").write_text(json.dumps({"e200": {"pretty_metadata": {"execute": "never"}}, "f1d0": {"data": "aa"}}))
    result = cli("--port", f"emulator:{tmp_path / 'x'}?model=trust-x", "import", "f.json")
    assert result.code == 2
    assert "the chip has no object 0xE200, device symmetric key" in result.errors[0]
