"""Files of whole chips: Infineon's library loads ours, we load Infineon's, and both have the same words."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import optiga
from optiga.protocol.codes import KeyUsage, LifeCycleState, ObjectType
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.metadata_words import OWN_TAGS, parse_metadata_words
from optiga.transfer.execute import execute_import
from optiga.transfer.export import read_chip
from optiga.transfer.form import encode_entries, format_entries, parse_entries
from optiga.transfer.plan import plan_import
from optiga.transfer.words import from_pretty, to_pretty
from tests.support.interop.infineon_host import run_library
from tests.support.places import ROOT

if sys.platform != "linux":
    pytest.skip("Infineon's library for serial ports is built for Linux and Windows", allow_module_level=True)

optigatrust = pytest.importorskip("optigatrust")
DRIVER = ROOT / "tests" / "support" / "interop" / "optigatrust_files_driver.py"
LIBRARY_READS = 1700
"""Most bytes that the library reads of an object; one that was never written can hold 1728."""
OWN = {"e0c2", "e0c5", "e0e0"}
"""Objects that are the chip's own and differ from chip to chip."""
LOADED = {
    "f1d0": ("read: auto 0xF1D1 && conf 0xE140", "execute: sec_sta_a 0x20"),
    "f1d1": ("type: authorization_reference", "reset_type: creation, random"),
    "f1e0": (
        "metadata_update: int 0xE0E8",
        "read: lcso < operational || auto 0xF1D1",
        "execute: luc 0xE120 || lcsg == operational",
    ),
    "e0e1": ("change: lcso < operational || int 0xE0E8", "type: byte_string"),
    "e0f1": ("execute: conf 0xE140", "key_usage: signature, key_agreement", "version: 3"),
    "e0f2": ("change: always", "key_usage: encryption", "lcso: initialization"),
}
"""What is set on the chip whose file the library loads. The version stays behind: the library cannot set one."""


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Our file of a chip on which much is set."""
    with optiga.open_chip(f"emulator:{tmp_path_factory.mktemp('ours') / 'chip'}") as chip:
        chip.write(0xF1D0, b"data of 0xF1D0")
        chip.write(0xF1E0, bytes(range(250)) * 6)
        chip.write(0xE120, bytes.fromhex("0000000500000064"))
        chip.write(0xE0E1, b"\xc0 no certificate")
        for oid, words in LOADED.items():
            chip.write_metadata(int(oid, 16), parse_metadata_words(words))
        return encode_entries(read_chip(chip).entries)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, ours: bytes) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("library")
    (folder / "ours.json").write_bytes(ours)
    return run_library(folder, DRIVER, str(folder / "ours.json"), is_sound=lambda got: not differences(ours, got))


def differences(ours: bytes, results: dict[str, Any]) -> dict[str, Any]:
    """Objects that are not what our file says, with what they are and what they should be."""
    loaded, wanted = results["loaded"], json.loads(ours)
    assert loaded.keys() == wanted.keys()
    return {
        oid: (what_is_set(loaded[oid]), what_is_set(wanted[oid]))
        for oid in wanted.keys() - OWN
        if what_is_set(loaded[oid]) != what_is_set(wanted[oid])
    }


def what_is_set(entry: dict[str, Any]) -> tuple[str, dict[int, bytes]]:
    """Data and metadata of an object, less what the library does not set.

    It puts the change condition of an object with data back as it was before, whatever the file says. Of long data it
    reads a part.
    """
    metadata = Metadata.parse(bytes.fromhex(entry["metadata"]))
    left_out = (*OWN_TAGS, Tag.VERSION, *([] if metadata.max_size is None else [Tag.CHANGE]))
    return entry.get("data", "")[: 2 * LIBRARY_READS], {
        tag: value for tag, value in metadata.items() if tag not in left_out
    }


def test_the_library_loads_our_file(ours: bytes, results: dict[str, Any]) -> None:
    assert differences(ours, results) == {}
    assert results["loaded"]["f1d0"]["pretty_metadata"]["read"] == [
        "auto",
        "0xf1",
        "0xd1",
        "&&",
        "conf",
        "0xe1",
        "0x40",
    ]
    assert results["loaded"]["e120"]["data"] == "0000000500000064"
    assert results["loaded"]["e0f2"]["pretty_metadata"]["lcso"] == "initialization"


@pytest.fixture
def copy(results: dict[str, Any], tmp_path: Path) -> Iterator[tuple[optiga.Chip, dict[str, Any]]]:
    """A fresh chip that has loaded the library's file, and the file."""
    made = results["made"]
    entries = parse_entries(json.dumps(made, indent=4).encode(), "made.json")
    with optiga.open_chip(f"emulator:{tmp_path / 'chip'}") as chip:
        plan = plan_import(chip, entries)
        plan.check()
        assert execute_import(chip, plan) == []
        yield chip, made


def test_we_load_the_librarys_file(copy: tuple[optiga.Chip, dict[str, Any]]) -> None:
    chip, made = copy
    got = format_entries(read_chip(chip).entries)
    assert got.keys() == made.keys()
    assert chip.read(0xF1D5) == bytes(range(50))
    for oid in made.keys() - OWN - {"e0f0"}:
        assert got[oid]["pretty_metadata"] == made[oid]["pretty_metadata"], oid
        assert got[oid].get("data", "")[: 2 * LIBRARY_READS] == made[oid].get("data", ""), oid


@pytest.mark.long
def test_both_make_the_same_file_of_a_chip(results: dict[str, Any]) -> None:
    """But for data that cannot be read, which the library has as an empty text."""
    made = results["made"]
    assert {oid for oid, entry in made.items() if entry.get("data") == ""} >= {"f1d6"}
    entries = parse_entries(json.dumps(made).encode(), "made.json")
    formatted = format_entries(entries)
    assert formatted == {
        oid: {name: value for name, value in entry.items() if value != ""} for oid, entry in made.items()
    }


states = st.sampled_from([bytes([state]) for state in LifeCycleState])
operands = st.binary(min_size=2, max_size=2)
simple = (
    st.tuples(st.sampled_from([b"\xe1", b"\xe0", b"\x70"]), st.sampled_from([b"\xfa", b"\xfb", b"\xfc"]), states)
    | st.tuples(st.sampled_from([b"\x20", b"\x21", b"\x23", b"\x40"]), operands)
    | st.tuples(st.sampled_from([b"\x10", b"\x90"]), st.binary(min_size=1, max_size=1))
).map(b"".join)
conditions = st.sampled_from([b"\x00", b"\xff"]) | st.lists(simple, min_size=1, max_size=3).flatmap(
    lambda found: st.sampled_from([b"\xfd", b"\xfe"]).map(lambda joint: joint.join(found))
)
a_byte = st.integers(0, 0x3F).filter(lambda number: not number & ~sum(KeyUsage)).map(lambda number: bytes([number]))
all_metadata = st.fixed_dictionaries(
    {},
    optional={
        Tag.LCSO: states,
        Tag.MAX_SIZE: st.binary(min_size=1, max_size=2),
        Tag.USED_SIZE: st.binary(min_size=1, max_size=2),
        Tag.CHANGE: conditions,
        Tag.EXECUTE: conditions,
        Tag.METADATA_UPDATE: conditions,
        Tag.KEY_USAGE: a_byte,
        Tag.TYPE: st.sampled_from([bytes([kind]) for kind in ObjectType]),
        Tag.RESET_TYPE: st.sampled_from(
            [bytes([state | way]) for state in (0, *LifeCycleState) for way in (0, 16, 32)]
        ),
    },
).map(Metadata)


@given(all_metadata.filter(lambda metadata: 2 < len(metadata.encode()) <= 64))
def test_the_same_words(metadata: Metadata) -> None:
    """What the library says of metadata is what we say, and both give the same bytes again."""
    pretty = to_pretty(metadata)
    assert pretty == optigatrust._parse_raw_meta(metadata.encode())
    settable = {tag: value for tag, value in metadata.items() if tag not in OWN_TAGS}
    assert bytes(optigatrust._prepare_raw_meta(pretty)) == Metadata(settable).encode()
    again = {
        Tag(tag): from_pretty(Tag(tag), pretty[name]) for name, tag in zip(pretty, dict(metadata.items()), strict=True)
    }
    assert {tag: value for tag, value in again.items() if tag not in OWN_TAGS} == settable
