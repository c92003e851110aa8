"""Which metadata can be written when (SRM, "Metadata expression", tables 49 and 50)."""

from __future__ import annotations

import pytest

from optiga.protocol.codes import ErrorCode
from optiga.protocol.metadata import Metadata, Tag
from tests.support.emulator.emulated import ALWAYS, BELOW_OPERATIONAL, METADATA, NEVER, UNWRITTEN, Probe

DENIED = ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED


def test_only_the_tags_given_change(probe: Probe) -> None:
    probe.set_tags(0xF1D0, {Tag.EXECUTE: ALWAYS, Tag.CHANGE: NEVER})
    assert probe.metadata(0xF1D0).encode().hex() == "2012c00101c4018cc50164d001ffd10100d30100"


def test_tags_stand_in_the_order_of_their_numbers(probe: Probe) -> None:
    """As real chips return them in the examples of ``linux-optiga-trust-m``, which set them in another order."""
    probe.write(0xF1D6, bytes(64))
    probe.write(0xF1D6, bytes.fromhex("2010c1020000f00111d80721e0e8fd20f1d4"), how=METADATA)
    expected = "2021c00101c1020000c4018cc50140d003e1fc07d10100d80721e0e8fd20f1d4f00111"
    assert probe.metadata(0xF1D6).encode().hex() == expected
    probe.write(0xE140, bytes.fromhex("200cc1020000f00101d80321e0e8"), how=METADATA)
    expected = "2029c00101c1020000c40140c50140d007e1fc07fe20e140d103e1fc07d30100d80321e0e8e80122f00101"
    assert probe.metadata(0xE140).encode().hex() == expected


def test_metadata_survive_a_write_of_data(probe: Probe) -> None:
    probe.set_tags(0xF1D0, {Tag.TYPE: b"\x21"})
    probe.write(0xF1D0, b"secret")
    assert probe.metadata(0xF1D0).get(Tag.TYPE) == b"\x21"


@pytest.mark.parametrize("states", [(1, 3, 7, 15), (3, 3, 7, 7, 15, 15), (15,)])
def test_the_life_cycle_goes_forward(probe: Probe, states: tuple[int, ...]) -> None:
    for state in states:
        probe.set_tags(0xF1D0, {Tag.LCSO: bytes([state])})
        assert probe.metadata(0xF1D0).get(Tag.LCSO) == bytes([state])


@pytest.mark.parametrize(("now", "wanted"), [(3, 1), (7, 1), (7, 3), (15, 7)])
def test_the_life_cycle_never_goes_back(probe: Probe, now: int, wanted: int) -> None:
    probe.set_tags(0xF1D0, {Tag.LCSO: bytes([now])})
    assert probe.tags_refused(0xF1D0, {Tag.LCSO: bytes([wanted])}) is DENIED
    assert probe.metadata(0xF1D0).get(Tag.LCSO) == bytes([now])


@pytest.mark.parametrize("value", [b"", b"\x00", b"\x02", b"\x05", b"\x08", b"\x1f", b"\xff", b"\x03\x03"])
def test_states_that_are_none(probe: Probe, value: bytes) -> None:
    assert probe.tags_refused(0xF1D0, {Tag.LCSO: value}) is ErrorCode.INVALID_DATA


@pytest.mark.parametrize(
    "tags",
    [{Tag.CHANGE: ALWAYS}, {Tag.READ: NEVER}, {Tag.EXECUTE: ALWAYS}, {Tag.TYPE: b"\x00"}, {Tag.VERSION: b"\0\1"}],
)
def test_an_operational_object_keeps_its_conditions(probe: Probe, tags: dict[int, bytes]) -> None:
    probe.set_tags(0xF1D0, {Tag.LCSO: b"\x07"})
    before = probe.metadata(0xF1D0)
    assert probe.tags_refused(0xF1D0, tags) is DENIED
    assert probe.tags_refused(0xF1D0, {Tag.LCSO: b"\x0f", **tags}) is DENIED
    assert probe.metadata(0xF1D0) == before


def test_conditions_and_the_lock_go_in_one_command(probe: Probe) -> None:
    probe.set_tags(0xF1D0, {Tag.LCSO: b"\x07", Tag.CHANGE: BELOW_OPERATIONAL, Tag.READ: NEVER})
    assert probe.write_refused(0xF1D0, b"x") is DENIED
    assert probe.read_refused(0xF1D0) is DENIED


@pytest.mark.parametrize("tag", [Tag.MAX_SIZE, Tag.USED_SIZE, Tag.ALGORITHM])
def test_tags_that_nobody_writes(probe: Probe, tag: int) -> None:
    oid = 0xE0F1 if tag == Tag.ALGORITHM else 0xF1D0
    before = probe.metadata(oid)
    assert probe.tags_refused(oid, {tag: b"\x03"}) is DENIED
    assert probe.metadata(oid) == before


@pytest.mark.parametrize(
    ("oid", "tags"),
    [
        (0xF1D0, {Tag.CHANGE: b""}),
        (0xF1D0, {Tag.CHANGE: b"\x01"}),
        (0xF1D0, {Tag.READ: bytes.fromhex("e1fc")}),
        (0xF1D0, {Tag.READ: bytes.fromhex("e1fc07fe")}),
        (0xF1D0, {Tag.EXECUTE: bytes.fromhex("00fe00")}),
        (0xF1D0, {Tag.VERSION: b"\x01"}),
        (0xF1D0, {Tag.TYPE: b"\x02"}),
        (0xF1D0, {Tag.TYPE: b"\x00\x00"}),
        (0xF1D0, {Tag.KEY_USAGE: b"\x01"}),
        (0xE0F1, {Tag.TYPE: b"\x00"}),
        (0xE0F1, {Tag.KEY_USAGE: b"\x04"}),
        (0xE0F1, {Tag.KEY_USAGE: b"\x00"}),
        (0xF1D0, {Tag.RESET_TYPE: b"\x31"}),
        (0xF1D0, {Tag.RESET_TYPE: b"\x02"}),
        (0xF1D0, {0xC2: b"\x00"}),
        (0xF1D0, {0x20: b"\x00"}),
    ],
)
def test_values_that_a_tag_cannot_have(probe: Probe, oid: int, tags: dict[int, bytes]) -> None:
    before = probe.metadata(oid)
    assert probe.tags_refused(oid, tags) is ErrorCode.INVALID_DATA
    assert probe.metadata(oid) == before


@pytest.mark.parametrize(
    ("oid", "tags"),
    [
        (0xF1D0, {Tag.CHANGE: bytes.fromhex("e1fc07fe20e140")}),
        (0xF1D0, {Tag.READ: bytes.fromhex("70fa07fde0fb01")}),
        (0xF1D0, {Tag.METADATA_UPDATE: bytes.fromhex("21e0e8"), Tag.RESET_TYPE: b"\x11"}),
        (0xF1D0, {Tag.VERSION: b"\x00\x05"}),
        (0xF1D0, {Tag.TYPE: b"\x31"}),
        (0xE0F1, {Tag.KEY_USAGE: b"\x33"}),
    ],
)
def test_values_that_it_can(probe: Probe, oid: int, tags: dict[int, bytes]) -> None:
    probe.set_tags(oid, tags)
    metadata = probe.metadata(oid)
    assert {tag: metadata.get(tag) for tag in tags} == tags


@pytest.mark.parametrize(
    "data", ["", "20", "2001", "2002c001", "2103c00103", "2003c0010300", "2006c00103c00107", "c00103"]
)
def test_bytes_that_are_no_metadata(probe: Probe, data: str) -> None:
    code = probe.write_refused(0xF1D0, bytes.fromhex(data), how=METADATA)
    assert code is (ErrorCode.INVALID_DATA if data else ErrorCode.INVALID_LENGTH)


def test_metadata_start_at_offset_zero(probe: Probe) -> None:
    tags = Metadata({Tag.LCSO: b"\x03"}).encode()
    assert probe.write_refused(0xF1D0, tags, how=METADATA, offset=1) is ErrorCode.INVALID_DATA


def test_metadata_have_44_bytes_at_the_most(probe: Probe) -> None:
    room = 44 - len(probe.metadata(0xF1D0).encode()) - 2
    conditions = [bytes.fromhex("9020")] * 7  # seven conditions of 2 bytes in one token
    long = b"\xfd".join(conditions)
    assert len(long) == 20 <= room
    probe.set_tags(0xF1D0, {Tag.EXECUTE: long})
    assert probe.tags_refused(0xF1D0, {Tag.READ: long}) is ErrorCode.METADATA_TRUNCATION
    assert probe.metadata(0xF1D0).get(Tag.READ) == ALWAYS


def test_exactly_44_bytes_fit(probe: Probe) -> None:
    probe.set_tags(0xF1D0, {Tag.EXECUTE: b"\xfd".join([bytes.fromhex("9020")] * 7)})  # 41 bytes
    probe.set_tags(0xF1D0, {Tag.TYPE: b"\x21"})
    assert len(probe.metadata(0xF1D0).encode()) == 44
    assert probe.tags_refused(0xF1D0, {Tag.RESET_TYPE: b"\x11"}) is ErrorCode.METADATA_TRUNCATION


def test_a_key_pair_whose_tags_do_not_fit_is_not_made(probe: Probe) -> None:
    probe.set_tags(0xE0F1, {Tag.EXECUTE: b"\xfd".join([bytes.fromhex("e1fc07")] * 7)})
    before = probe.metadata(0xE0F1)
    assert len(before.encode()) == 39
    target = bytes.fromhex("010002e0f102000110")
    assert probe.refused(0x38, 0x03, target) is ErrorCode.METADATA_TRUNCATION
    assert probe.metadata(0xE0F1) == before


@pytest.mark.parametrize("oid", [0xE0C0, 0xE0C2, 0xE0C3, 0xF1C0, 0xF1C2])
def test_objects_without_a_life_cycle_state_are_operational_for_ever(probe: Probe, oid: int) -> None:
    for tags in ({Tag.LCSO: b"\x07"}, {Tag.CHANGE: ALWAYS}):
        assert probe.tags_refused(oid, tags) is DENIED


def test_the_security_monitors_type_and_conditions_stay(probe: Probe) -> None:
    for tags in ({Tag.TYPE: b"\x00"}, {Tag.CHANGE: ALWAYS}):
        assert probe.tags_refused(0xE0C9, tags) is not None


def test_one_bad_tag_drops_the_good_ones(probe: Probe) -> None:
    before = probe.metadata(0xF1D0)
    assert probe.tags_refused(0xF1D0, {Tag.READ: NEVER, Tag.TYPE: b"\x99"}) is ErrorCode.INVALID_DATA
    assert probe.metadata(0xF1D0) == before
    assert probe.read(0xF1D0) == UNWRITTEN


def test_metadata_without_a_tag_change_nothing(probe: Probe) -> None:
    """What Infineon's host sends where it was asked to change only tags that cannot be."""
    assert probe.tags_refused(0xF1D0, {}) is ErrorCode.INVALID_DATA
