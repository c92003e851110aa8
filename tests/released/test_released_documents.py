"""State documents and exports: files of JSON that a chip is made of again, or that go into another chip."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.released_files import Optiga, cases, is_the_same, read_json

OWN = ("e0c2", "e0c5", "e0e0", "e0f0")
"""What is the chip's own: an import leaves it."""
COUNTER = "e0c5"
"""The security event counter, which falls with the time."""
KEY_TAGS = ("algorithm", "key_usage")
"""What a key object has from its key, which no export holds."""


@pytest.mark.parametrize("left", cases("states/*.json", "updates/state-after.json"))
def test_a_state_loads_and_is_dumped_again(optiga: Optiga, left: Path) -> None:
    optiga("emulator", "load", left, "chip")
    assert is_the_same(optiga.json("emulator", "dump", "chip"), read_json(left))
    assert optiga.chip_json("info")["uid"] == read_json(left)["objects"]["0xE0C2"]["data"]


def chip_of(export: Path) -> tuple[Path, tuple[str, ...]]:
    """The folder of the chip that an export was made of, and the options that it was made with."""
    name = export.stem.removesuffix("-authorized")
    options = ("--authorize", "0xF1D6=door.secret") if name != export.stem else ()
    return export.parents[1] / "chips" / name, options


@pytest.mark.parametrize("left", cases("exports/*.json"))
class TestExports:
    def test_the_chip_says_the_same_today(self, optiga: Optiga, left: Path) -> None:
        folder, options = chip_of(left)
        optiga.go_on_with(folder)
        today, then = json.loads(optiga.on_chip("export", "-", *options)), read_json(left)
        assert {name: entry for name, entry in today.items() if name != COUNTER} == {
            name: entry for name, entry in then.items() if name != COUNTER
        }

    def test_into_its_own_chip_nothing_is_left_to_do(self, optiga: Optiga, left: Path) -> None:
        folder, options = chip_of(left)
        optiga.go_on_with(folder)
        result = optiga.chip_json("import", left, "--life-cycle", "--yes", *options)
        assert (result["written"], result["metadata"], result["failed"]) == (0, 0, 0)

    def test_into_a_new_chip(self, optiga: Optiga, left: Path) -> None:
        """All but what is the chip's own, and the keys."""
        model = next(name for name in ("trust-m-v1", "trust-m-v3", "trust-x") if name in left.stem)
        optiga("emulator", "new", "chip", "--model", model)
        result = optiga.chip_json("import", left, "--yes")
        assert result["failed"] == 0
        after = json.loads(optiga.on_chip("export", "-"))
        wanted = read_json(left)
        assert after.keys() == wanted.keys()
        different = {name for name in wanted if without_key(after[name]) != without_key(wanted[name])}
        unreadable = {name for name in different if "data" not in after[name]}
        assert different - unreadable <= set(OWN)
        for name in unreadable:
            assert pretty(after[name]) == pretty(wanted[name])


def without_key(entry: dict[str, Any]) -> dict[str, Any]:
    """An object without what comes of a key in it."""
    if not any(tag in entry["pretty_metadata"] for tag in KEY_TAGS):
        return entry
    return {"pretty_metadata": pretty(entry)}


def pretty(entry: dict[str, Any]) -> dict[str, Any]:
    """The metadata of an object in words, without what comes of its content."""
    unset = (*KEY_TAGS, "used_size")
    return {tag: value for tag, value in entry["pretty_metadata"].items() if tag not in unset}
