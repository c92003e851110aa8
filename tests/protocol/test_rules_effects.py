"""What of a change can never be undone, as values; the sentences are tried where they are said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import Flush, KeyUsage
from optiga.protocol.conditions import NEVER, AccessCondition
from optiga.protocol.manifest import ContentReset, DataUpdate, KeyUpdate, Manifest, MetadataUpdate, UpdateKind
from optiga.protocol.metadata import MAX_VERSION, Metadata, Tag
from optiga.protocol.objects import OBJECTS
from optiga.protocol.rules.effects import (
    AccessFixed,
    Lasting,
    OnlyUpdates,
    StateAdvances,
    TagsFixed,
    of_change,
    of_data,
    stays_empty,
)
from optiga.protocol.rules.known import can_be_updated
from optiga.protocol.rules.updates import DataLost, KeyLost, LastingUpdate, effects_of
from optiga.protocol.rules.values import Problem, check_change

DATA, KEY = OBJECTS[0xF1D0], OBJECTS[0xE0F1]
ANCHOR = bytes.fromhex("21e0e8")
LOCK = Metadata({Tag.LCSO: b"\x07"})
OPEN = {Tag.LCSO: b"\x01", Tag.CHANGE: bytes.fromhex("e1fc07"), Tag.READ: b"\x00"}


def test_a_lock_fixes_what_there_is() -> None:
    assert of_change(Metadata({**OPEN, Tag.TYPE: b"\x11"}), LOCK) == [
        StateAdvances(1, 7),
        AccessFixed(Tag.CHANGE, bytes.fromhex("e1fc07"), NEVER),
        AccessFixed(Tag.READ, b"\x00", AccessCondition.parse(b"\x00")),
        AccessFixed(Tag.EXECUTE, None, NEVER),
        TagsFixed(Metadata({Tag.TYPE: b"\x11"})),
        Lasting.NOTHING_CHANGES,
    ]


def test_updates_stay_possible_where_condition_and_reset_type_are_there() -> None:
    before = Metadata({**OPEN, Tag.METADATA_UPDATE: ANCHOR, Tag.RESET_TYPE: b"\x01"})
    assert of_change(before, LOCK)[-1] == OnlyUpdates(AccessCondition.parse(ANCHOR))
    assert not can_be_updated(Metadata({Tag.METADATA_UPDATE: ANCHOR}))
    passing = bytes.fromhex("21e0e8fde1fc07")
    passed = Metadata({**OPEN, Tag.METADATA_UPDATE: passing, Tag.RESET_TYPE: b"\x01"})
    assert can_be_updated(passed)
    assert of_change(passed, LOCK)[-1] is Lasting.NOTHING_CHANGES


def test_what_an_interrupted_update_and_a_closed_condition_mean() -> None:
    assert Lasting.INTERRUPTION_STAYS in of_change(Metadata({**OPEN, Tag.VERSION: b"\x80\x01"}), LOCK)
    assert of_change(Metadata(OPEN), Metadata({Tag.CHANGE: b"\xff"})) == [Lasting.DATA_CLOSED]
    assert of_change(Metadata(OPEN), Metadata({Tag.READ: b"\xff"})) == []


@given(
    st.sampled_from([1, 3, 7, 15]),
    st.sampled_from([1, 3, 7, 15]),
    st.sampled_from([None, ANCHOR, b"\xff", bytes.fromhex("e1fc07fd21e0e8")]),
    st.sampled_from([None, b"\x01"]),
)
def test_what_is_said_to_change_no_more_is_locked(
    old: int, new: int, update: bytes | None, reset: bytes | None
) -> None:
    tags = {Tag.LCSO: bytes([old]), Tag.METADATA_UPDATE: update, Tag.RESET_TYPE: reset}
    before = Metadata({tag: value for tag, value in tags.items() if value is not None})
    after = before.with_tags({Tag.LCSO: bytes([new])})
    found = of_change(before, Metadata({Tag.LCSO: bytes([new])}))
    assert (StateAdvances(old, new) in found) is (new > old)
    is_locked = check_change(None, DATA, after, Tag.READ, b"\x00") is Problem.LOCKED
    became_locked = is_locked and check_change(None, DATA, before, Tag.READ, b"\x00") is None
    assert (Lasting.NOTHING_CHANGES in found) is (became_locked and not can_be_updated(after))


@pytest.mark.parametrize(
    ("oid", "data", "before", "effects"),
    [
        (0xE0C0, b"\x0f", b"\x07", [StateAdvances(7, 15, 0xE0C0)]),
        (0xF1C0, b"\x03", b"\x01", [StateAdvances(1, 3, 0xF1C0)]),
        (0xF1C0, b"\x03", b"\x03", []),
        (0xF1C0, b"\x02", b"\x03", []),
        (0xF1C0, b"\x03", b"", []),
        (0xF1D0, b"\x0f", b"\x07", []),
    ],
)
def test_data_that_go_forward_only(oid: int, data: bytes, before: bytes, effects: list[object]) -> None:
    assert of_data(oid, data, before) == effects


def test_a_key_object_that_stays_empty() -> None:
    before = Metadata(OPEN)
    locked = before.with_tags({Tag.LCSO: b"\x07"})
    assert stays_empty(KEY, before, locked)
    assert not stays_empty(KEY, before, before)
    assert not stays_empty(KEY, locked, locked)
    assert not stays_empty(DATA, before, locked)
    assert not stays_empty(KEY, before, locked.with_tags({Tag.ALGORITHM: b"\x03"}))
    assert not stays_empty(KEY, before, locked.with_tags({Tag.CHANGE: ANCHOR}))


def of_update(
    before: dict[int, bytes], kind: UpdateKind, new: Metadata | None = None, version: int = 5
) -> list[object]:
    manifest = Manifest(target_oid=0xF1D0, kind=kind, size=1, payload_version=version, digest=bytes(32))
    return list(effects_of(DATA, Metadata(before), manifest, new))


def test_what_updates_do_for_good() -> None:
    key = KeyUpdate(KeyAlgorithm.SECP256R1, KeyUsage.SIGNATURE)
    held = {**OPEN, Tag.ALGORITHM: b"\x04"}
    assert of_update(held, key) == [KeyLost(b"\x04")]
    assert of_update(OPEN, key) == of_update(OPEN, DataUpdate()) == []
    filled = {**OPEN, Tag.USED_SIZE: b"\x09"}
    assert of_update(filled, MetadataUpdate(ContentReset.RANDOM), Metadata({})) == [DataLost(9, Flush.RANDOM)]
    assert of_update(OPEN, MetadataUpdate(), None) == [LastingUpdate.HIDDEN]
    locked = {**OPEN, Tag.LCSO: b"\x07", Tag.METADATA_UPDATE: ANCHOR, Tag.RESET_TYPE: b"\x07"}
    assert of_update(locked, MetadataUpdate(), Metadata({Tag.READ: b"\xff"})) == []
    assert of_update(locked, MetadataUpdate(), Metadata({Tag.METADATA_UPDATE: b"\xff"})) == [Lasting.NOTHING_CHANGES]
    assert of_update(locked, DataUpdate(), version=MAX_VERSION) == [LastingUpdate.LAST_VERSION]
    assert of_update(OPEN, DataUpdate(), version=MAX_VERSION) == []
