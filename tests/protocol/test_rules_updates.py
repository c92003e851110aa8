"""What protected updates leave, by the manual's table "Metadata Update Identifier", and which an object takes."""

from __future__ import annotations

import pytest

from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import Flush, KeyUsage
from optiga.protocol.manifest import (
    ContentReset,
    DataUpdate,
    Encryption,
    KeyUpdate,
    Manifest,
    MetadataUpdate,
    UpdateKind,
)
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.models import TRUST_M_V1, TRUST_M_V3
from optiga.protocol.objects import OBJECTS, ObjectKind
from optiga.protocol.rules.updates import (
    access_of,
    apply,
    can_hold,
    check_brought,
    flush_of,
    has_updates,
    is_next_version,
    takes_updates,
)
from optiga.protocol.rules.values import Problem, fixed_size, key_kind, room_of

DATA, KEY, COUNTER, SECRET, MONITOR = (OBJECTS[oid] for oid in (0xF1D0, 0xE0F1, 0xE120, 0xE140, 0xE0C9))
EC_KEY = KeyUpdate(KeyAlgorithm.SECP384R1, KeyUsage.SIGNATURE)


def manifest(kind: UpdateKind, version: int = 5, **more: object) -> Manifest:
    return Manifest(target_oid=0xF1D0, kind=kind, size=1, payload_version=version, digest=bytes(32), **more)  # type: ignore[arg-type]


def left(before: str, kind: UpdateKind, new: dict[int, bytes] | None = None, info: object = DATA) -> str:
    """What an update leaves of metadata, both as the hex of their tags."""
    metadata = Metadata.parse(bytes([0x20, len(before) // 2]) + bytes.fromhex(before))
    return apply(info, metadata, manifest(kind), Metadata(new or {})).encode()[2:].hex()  # type: ignore[arg-type]


def test_data_bring_their_version_and_the_object_is_invalid_until_the_end() -> None:
    assert left("c00107" + "c4018c", DataUpdate()) == "c00107" + "c1020005" + "c4018c"
    begun = apply(DATA, Metadata({Tag.VERSION: b"\x00\x04"}), manifest(DataUpdate()), is_last=False)
    assert (begun.version, begun.is_invalid) == (5, True)
    assert is_next_version(begun, 5)
    assert not is_next_version(begun, 6)


def test_a_key_brings_its_algorithm_and_usage() -> None:
    assert left("c00101" + "e00103" + "e10121", EC_KEY, info=KEY) == "c00101" + "c1020005" + "e00104" + "e10110"


RESETS = [
    # reset type, content reset of the update, what is left of LcsO and used size
    ("f00100", ContentReset.AS_METADATA, "c00107", "c50164"),
    ("f00101", ContentReset.AS_METADATA, "c00101", "c50164"),
    ("f00107", ContentReset.AS_METADATA, "c00107", "c50164"),
    ("f0010f", ContentReset.ZEROS, "c0010f", "c50100"),
    ("f00110", ContentReset.AS_METADATA, "c00107", "c50100"),
    ("f00120", ContentReset.AS_METADATA, "c00107", "c50100"),
    ("f00121", ContentReset.ZEROS, "c00101", "c50100"),
    ("f00103", ContentReset.RANDOM, "c00103", "c50100"),
]


@pytest.mark.parametrize(("reset", "content", "state", "used"), RESETS)
def test_the_reset_type_of_the_metadata_before(reset: str, content: ContentReset, state: str, used: str) -> None:
    after = left("c00107" + "c4018c" + "c50164" + reset, MetadataUpdate(content))
    assert after == state + "c1020005" + "c4018c" + used + reset


def test_what_is_new_counts_more_than_the_reset() -> None:
    new = {Tag.LCSO: b"\x07", Tag.RESET_TYPE: b"\x20", Tag.READ: b"\xff"}
    after = left("c0010f" + "c50164" + "f00101", MetadataUpdate(), new)
    assert after == "c00107" + "c1020005" + "c50164" + "d101ff" + "f00120"


def test_content_that_is_overwritten() -> None:
    flushing = "f00110"
    assert left("c00101e00103e10121" + flushing, MetadataUpdate(), info=KEY) == "c00101c1020005e10121" + flushing
    assert left("c00101c40108c50108" + flushing, MetadataUpdate(), info=COUNTER)[14:26] == "c40108c50108"
    assert left("c00101c40140c50110" + flushing, MetadataUpdate(), info=SECRET)[14:26] == "c40140c50140"
    assert left("c00101c4018cc50110e80101" + flushing, MetadataUpdate())[14:26] == "c4018cc50108"
    assert "c5" not in left("c00107c40108" + flushing, MetadataUpdate(), info=MONITOR)


@pytest.mark.parametrize(
    ("reset", "content", "flush"),
    [
        (b"\x01", ContentReset.AS_METADATA, 0),
        (b"\x11", ContentReset.RANDOM, Flush.ZEROS),
        (b"\x20", ContentReset.ZEROS, Flush.RANDOM),
        (b"\x01", ContentReset.RANDOM, Flush.RANDOM),
        (None, ContentReset.ZEROS, Flush.ZEROS),
    ],
)
def test_how_content_is_overwritten(reset: bytes | None, content: ContentReset, flush: int) -> None:
    before = Metadata({} if reset is None else {Tag.RESET_TYPE: reset})
    assert flush_of(before, MetadataUpdate(content)) == flush


def test_which_versions_are_new() -> None:
    assert [is_next_version(Metadata({Tag.VERSION: b"\x00\x05"}), version) for version in (4, 5, 6)] == [
        False,
        False,
        True,
    ]
    assert is_next_version(Metadata({}), 1)
    assert not is_next_version(Metadata({}), 0)


def test_which_objects_take_what() -> None:
    system = {oid for oid, info in OBJECTS.items() if info.kind is ObjectKind.SYSTEM}
    refusing = {oid for oid, info in OBJECTS.items() if not takes_updates(info)}
    assert refusing == system - {0xE0C9} | {0xE100, 0xE101, 0xE102, 0xE103}
    for info in OBJECTS.values():
        assert can_hold(info, MetadataUpdate())
        assert can_hold(info, DataUpdate()) is not info.kind.is_key
        assert can_hold(info, EC_KEY) is (0xE0F0 <= info.oid <= 0xE0F3)
    assert key_kind(KeyAlgorithm.RSA2048) is ObjectKind.RSA_KEY
    assert key_kind(KeyAlgorithm.AES192) is ObjectKind.SYMMETRIC_KEY
    assert (access_of(EC_KEY), access_of(MetadataUpdate())) == (Tag.CHANGE, Tag.METADATA_UPDATE)


def test_which_updates_a_model_has() -> None:
    secret = Encryption(0xF1D4, b"", bytes(16))
    others = [
        manifest(EC_KEY),
        manifest(MetadataUpdate()),
        manifest(DataUpdate(), uid=bytes(25)),
        manifest(DataUpdate(), encryption=secret),
    ]
    assert has_updates(TRUST_M_V1, manifest(DataUpdate(3)))
    assert not any(has_updates(TRUST_M_V1, one) for one in others)
    assert all(has_updates(TRUST_M_V3, one) for one in others)


@pytest.mark.parametrize(
    ("tag", "value", "problem"),
    [
        (Tag.LCSO, "01", None),
        (Tag.LCSO, "05", Problem.NO_VALUE),
        (Tag.READ, "21e0e8", None),
        (Tag.READ, "01", Problem.NO_CONDITION),
        (Tag.VERSION, "0001", Problem.OWN),
        (Tag.USED_SIZE, "00", Problem.OWN),
        (Tag.KEY_USAGE, "01", Problem.OTHER_KIND),
        (0xEE, "00", Problem.NO_TAG),
    ],
)
def test_what_an_update_of_metadata_brings(tag: int, value: str, problem: Problem | None) -> None:
    assert check_brought(TRUST_M_V3, DATA, tag, bytes.fromhex(value)) is problem
    if problem in (Problem.OWN, Problem.NO_TAG):
        assert check_brought(None, None, tag, bytes.fromhex(value)) is problem


def test_objects_that_always_have_all_of_their_bytes() -> None:
    counting, hidden = Metadata({Tag.MAX_SIZE: b"\x8c", Tag.TYPE: b"\x01"}), Metadata({Tag.MAX_SIZE: b"\x8c"})
    assert (fixed_size(DATA, counting), room_of(DATA, counting)) == (8, 8)
    assert (fixed_size(DATA, hidden), room_of(DATA, hidden)) == (None, 140)
    assert fixed_size(SECRET, Metadata({Tag.MAX_SIZE: b"\x40"})) == 64
    assert room_of(DATA, Metadata({Tag.MAX_SIZE: b"\x8c", Tag.TYPE: b"\x23"})) == 64
