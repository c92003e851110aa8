"""What a new chip holds: content, used sizes and metadata, as in the dumps of real chips that Infineon publishes.

Sources: ``Infineon/optiga-trust-m-overview`` at a45b86b, ``data/object_dumps/trust_m1_json.txt`` (V1, 1.30.809) and
``trust_m3_json.txt`` (V3, 3.00.2440); for 0xE200, which these leave out, ``trust_m_mtr_json.txt``. The certificate
objects have 1700 bytes there, for the script that read them stops there: their used size is 1728 (``06c0``).
"""

from __future__ import annotations

from pathlib import Path

import pytest

import optiga
from optiga.emulator.identity import factory_chip, reset_chip
from optiga.emulator.models import TRUST_M_V1, TRUST_M_V3, TRUST_X, ChipModel
from optiga.emulator.objects import StoredObject
from optiga.emulator.store import SqliteStore, create_chip
from optiga.protocol.metadata import Metadata
from tests.support.emulator.emulated import Probe

KEY = "200bc00101d003e1fc07d30100"
"""Of a key object before its first key: without a read condition, which means never."""
SETTING = "2009c40101d00100d10100"
COUNTER = "2017c00101c40108c50108d003e1fc07d10100d30100e80101"
CERTIFICATE = "2019c00101c40206c0c50206c0d003e1fc07d10100d30100e80112"
ANCHOR = "2019c00101c40204b0c50204b0d003e1fc07d10100d30100e80111"
SMALL = "2011c00101c4018cc50164d003e1fc07d10100"
LARGE = "2013c00101c40205dcc50205dcd003e1fc07d10100"

DATA = {
    0xE0C0: (SETTING, "07"),
    0xE0C3: (SETTING, "14"),
    0xE0C4: (SETTING, "06"),
    0xE0C5: ("2009c40101d001ffd10100", "00"),
    0xE0C6: ("2006c40102d10100", "0615"),
    **dict.fromkeys((57569, 57570, 57571), (CERTIFICATE, "00" * 1728)),
    **dict.fromkeys((57576, 57577, 57583), (ANCHOR, "00" * 1200)),
    **dict.fromkeys(range(57632, 57636), (COUNTER, "00" * 8)),
    0xE140: ("201dc00101c40140c50140d007e1fc07fe20e140d103e1fc07d30100e80122", bytes(range(1, 65)).hex()),
    0xF1C0: (SETTING, "01"),
    **dict.fromkeys(range(61904, 61916), (SMALL, "00" * 100)),
    **dict.fromkeys((61920, 61921), (LARGE, "00" * 1500)),
}
"""Metadata and content by identifier, the same on V1 and V3."""
OWN_DATA = {
    TRUST_M_V1: {0xE0C1: (SETTING, "00"), 0xF1C1: (SETTING, "00")},
    TRUST_M_V3: {
        0xE0C1: (SETTING, "20"),
        0xE0C9: ("2011c00107c40108d003e1fc07d10100d301ff", "3200050100000000"),
        0xF1C1: (SETTING, "20"),
    },
}
KEYS = {
    0xE0F0: "200fc00101d001ffd30100e00103e10101",
    **dict.fromkeys((57585, 57586, 57587, 57596, 57597), KEY),
}
OWN_KEYS = {TRUST_M_V1: {}, TRUST_M_V3: {0xE200: "2009c00101d001ffd30100"}}
IN_NO_TABLE = {0xE0C2, 0xE0E0, 0xF1C2}
"""The UID and Infineon's certificate, which are each chip's own, and the last error code, which is not dumped."""

EACH = pytest.mark.parametrize("model", [TRUST_M_V1, TRUST_M_V3], ids=["v1", "v3"])


def held(probe: Probe, oid: int) -> str:
    """All data of an object in hex, more than one answer holds, too."""
    size = probe.metadata(oid).used_size
    if size is None or size <= 1500:
        return probe.read(oid).hex()
    return (probe.read(oid, 0, 1500) + probe.read(oid, 1500, 1500)).hex()


@EACH
def test_data(model: ChipModel) -> None:
    probe = Probe(model=model)
    table = {**DATA, **OWN_DATA[model]}
    for oid, (metadata, content) in table.items():
        assert (f"{oid:04X}", probe.metadata(oid).encode().hex()) == (f"{oid:04X}", metadata)
        assert (f"{oid:04X}", held(probe, oid)) == (f"{oid:04X}", content)
    assert model.persistent_oids == {*table, *KEYS, *OWN_KEYS[model], *IN_NO_TABLE}


@EACH
def test_keys(model: ChipModel) -> None:
    probe = Probe(model=model)
    for oid, metadata in {**KEYS, **OWN_KEYS[model]}.items():
        assert (f"{oid:04X}", probe.metadata(oid).encode().hex()) == (f"{oid:04X}", metadata)


@EACH
def test_what_is_each_chips_own(model: ChipModel) -> None:
    probe = Probe(model=model)
    assert probe.metadata(0xE0C2).encode().hex() == "2009c4011bd001ffd10100"
    size = len(held(probe, 0xE0E0)) // 2
    expected = f"2017c00101c40206c0c502{size:04x}d001ffd10100d30100e80112"
    assert probe.metadata(0xE0E0).encode().hex() == expected


def test_a_trust_x_is_taken_for_a_trust_m_where_nothing_is_known() -> None:
    probe = Probe(model=TRUST_X)
    assert held(probe, 0xE0E1) == "00" * 1728
    assert held(probe, 0xF1D0) == "00" * 100
    assert probe.metadata(0xE0F1).encode().hex() == KEY


def as_before(model: ChipModel) -> dict[int, StoredObject]:
    """A chip as versions of this program up to 0.1.0 made it: one byte 0x00 in what was never written."""
    table = factory_chip(model)
    for oid in (0xE0E1, 0xE0E8, 0xF1D0, 0xF1E0):
        table[oid] = table[oid].with_data(b"\x00")
    key = Metadata.parse(bytes.fromhex("200ec00101d003e1fc07d101ffd30100"))
    return {**table, 0xE0F1: StoredObject(b"", key)}


@pytest.mark.parametrize("model", [TRUST_M_V3, TRUST_M_V1, TRUST_X], ids=["v3", "v1", "x"])
def test_chip_files_of_before_stay_as_they_are(model: ChipModel, tmp_path: Path) -> None:
    before = as_before(model)
    create_chip(tmp_path / "chip", model, before)
    with optiga.open_chip(f"emulator:{tmp_path / 'chip'}") as chip:
        assert [chip.read(oid) for oid in (0xE0E1, 0xE0E8, 0xF1D0, 0xF1E0)] == [b"\x00"] * 4
        chip.write(0xF1D1, b"new")
    store = SqliteStore(tmp_path / "chip")
    after = store.load()
    store.close()
    assert {oid for oid in after if after[oid] != before[oid]} == {0xF1D1}


def test_a_reset_makes_a_chip_of_before_a_new_one() -> None:
    before = as_before(TRUST_M_V3)
    after = reset_chip(TRUST_M_V3, before)
    assert (after[0xE0E1].data, after[0xF1D0].data) == (bytes(1728), bytes(100))
    assert after[0xE0F1].metadata.encode().hex() == KEY
    assert after[0xE0C2] == before[0xE0C2]
