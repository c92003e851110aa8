"""Counters, and access conditions that link an object to one (SRM, "Access Conditions", Luc; footnotes 11 to 13)."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from optiga.emulator import MemoryStore
from optiga.emulator.identity import root_certificate_pem
from optiga.emulator.machine import CommandError
from optiga.emulator.objects import StoredObject
from optiga.protocol import tlv
from optiga.protocol.codes import CommandCode, ErrorCode
from optiga.protocol.metadata import Tag
from tests.support.emulator.emulated import ALWAYS, COUNT, NEVER, Probe, key_target, to_sign, two

OID, COUNTER, OTHER, KEY = 0xF1D0, 0xE120, 0xE121, 0xE0F1
LUC, LUC_OTHER = bytes.fromhex("40e120"), bytes.fromhex("40e121")
DIGEST = bytes(range(32))


def set_counter(probe: Probe, value: int, threshold: int, oid: int = COUNTER) -> None:
    probe.write(oid, value.to_bytes(4, "big") + threshold.to_bytes(4, "big"))


def value(probe: Probe, oid: int = COUNTER) -> int:
    return int.from_bytes(probe.read(oid)[:4], "big")


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def probe(store: MemoryStore) -> Probe:
    return Probe(store)


@pytest.fixture
def key(probe: Probe) -> Probe:
    """A chip whose second key may be used three times."""
    set_counter(probe, 0, 3)
    probe.generate(0x03, KEY)
    probe.set_tags(KEY, {Tag.EXECUTE: LUC})
    return probe


def test_each_use_counts_and_the_threshold_ends_them(key: Probe) -> None:
    for used in (1, 2, 3):
        key.sign(KEY, DIGEST)
        assert value(key) == used
    refused = key.refused(CommandCode.CALC_SIGN, 0x11, to_sign(KEY, DIGEST))
    assert refused is ErrorCode.COUNTER_THRESHOLD_EXCEEDED
    assert value(key) == 3


def test_a_counter_that_is_raised_allows_more(key: Probe) -> None:
    set_counter(key, 3, 3)
    assert key.refused(CommandCode.CALC_SIGN, 0x11, to_sign(KEY, DIGEST)) is ErrorCode.COUNTER_THRESHOLD_EXCEEDED
    set_counter(key, 3, 4)
    key.sign(KEY, DIGEST)
    assert value(key) == 4


def test_the_count_is_in_the_store(store: MemoryStore, key: Probe) -> None:
    key.sign(KEY, DIGEST)
    assert value(Probe(store)) == 1


@pytest.mark.parametrize(
    ("param", "data", "error"),
    [
        (0x01, to_sign(KEY, DIGEST), ErrorCode.INVALID_PARAM),
        (0x11, to_sign(KEY, bytes(33)), ErrorCode.INVALID_DATA),
        (0x11, to_sign(KEY, bytes(9)), ErrorCode.INVALID_DATA),
    ],
)
def test_a_command_that_comes_to_no_use_does_not_count(key: Probe, param: int, data: bytes, error: ErrorCode) -> None:
    assert key.refused(CommandCode.CALC_SIGN, param, data) is error
    assert value(key) == 0
    assert key.read(0xE0C5) == b"\x00"


def test_a_use_that_fails_counts(probe: Probe) -> None:
    """Otherwise signatures, paddings and authorization values could be tried without end."""
    certificate = x509.load_pem_x509_certificate(root_certificate_pem().encode())
    probe.write(0xE0E8, certificate.public_bytes(Encoding.DER))
    probe.set_tags(0xE0E8, {Tag.EXECUTE: LUC})
    set_counter(probe, 0, 2)
    data = tlv.encode(0x01, DIGEST) + tlv.encode(0x02, bytes.fromhex("020101020101")) + tlv.encode(0x04, two(0xE0E8))
    for used in (1, 2):
        error = probe.refused(CommandCode.VERIFY_SIGN, 0x11, data)
        assert error is ErrorCode.SIGNATURE_VERIFICATION_FAILURE
        assert value(probe) == used
    assert probe.refused(CommandCode.VERIFY_SIGN, 0x11, data) is ErrorCode.COUNTER_THRESHOLD_EXCEEDED


def test_reading_and_changing_count_as_well(probe: Probe) -> None:
    """SRM, "Overview Data and Key Store": usage is EXE, CHA or RD."""
    set_counter(probe, 0, 3)
    probe.set_tags(OID, {Tag.READ: LUC, Tag.CHANGE: LUC})
    probe.write(OID, b"content")
    assert probe.read(OID) == b"content"
    assert probe.read(OID, 2, 3) == b"nte"
    assert value(probe) == 3
    assert probe.read_refused(OID) is ErrorCode.COUNTER_THRESHOLD_EXCEEDED
    assert probe.write_refused(OID, b"x") is ErrorCode.COUNTER_THRESHOLD_EXCEEDED
    assert probe.metadata(OID).get(Tag.READ) == LUC


def test_a_counter_whose_change_is_linked_to_itself(probe: Probe) -> None:
    set_counter(probe, 0, 2)
    probe.set_tags(COUNTER, {Tag.CHANGE: LUC})
    for used in (1, 2):
        probe.write(COUNTER, b"\x02", offset=7)
        assert value(probe) == used
    assert probe.write_refused(COUNTER, b"\x02", offset=7) is ErrorCode.COUNTER_THRESHOLD_EXCEEDED


def test_a_read_that_finds_nothing_does_not_count(probe: Probe) -> None:
    set_counter(probe, 0, 3)
    probe.set_tags(OID, {Tag.READ: LUC})
    assert probe.read_refused(OID, 100, 1) is ErrorCode.DATA_OBJECT_BOUNDARY_EXCEEDED
    assert value(probe) == 0


def test_hashing_an_object_counts_each_command(probe: Probe) -> None:
    probe.write(OID, b"content")
    set_counter(probe, 0, 9)
    probe.set_tags(OID, {Tag.READ: LUC})
    for tag in (0x10, 0x12, 0x13):
        probe.ok(CommandCode.CALC_HASH, 0xE2, tlv.encode(tag, two(OID) + two(0) + two(7)))
    assert value(probe) == 3


def test_of_several_alternatives_the_first_that_holds_counts(probe: Probe) -> None:
    set_counter(probe, 0, 1)
    set_counter(probe, 0, 2, OTHER)
    probe.set_tags(OID, {Tag.READ: LUC + b"\xfe" + LUC_OTHER})
    counts = []
    for _ in range(3):
        probe.read(OID)
        counts.append((value(probe), value(probe, OTHER)))
    assert counts == [(1, 0), (1, 1), (1, 2)]
    assert probe.read_refused(OID) is ErrorCode.COUNTER_THRESHOLD_EXCEEDED


def test_an_alternative_without_a_counter_saves_it(probe: Probe) -> None:
    set_counter(probe, 0, 1)
    probe.set_tags(OID, {Tag.READ: bytes.fromhex("e1fc07fe") + LUC})
    probe.read(OID)
    assert value(probe) == 0
    probe.set_tags(OID, {Tag.LCSO: b"\x07"})
    probe.read(OID)
    assert value(probe) == 1


def test_a_terminated_counter_allows_nothing_any_more(probe: Probe) -> None:
    """SRM, "Metadata update": what is terminated is in no read or execute operation any more."""
    set_counter(probe, 0, 5)
    probe.set_tags(OID, {Tag.READ: LUC})
    probe.read(OID)
    probe.set_tags(COUNTER, {Tag.LCSO: b"\x0f"})
    assert probe.read_refused(OID) is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED


def test_what_is_refused_anyway_does_not_count(probe: Probe) -> None:
    set_counter(probe, 0, 5)
    for condition in (LUC + bytes.fromhex("fd70fa03"), bytes.fromhex("70fa03fd") + LUC):
        probe.set_tags(OID, {Tag.READ: condition})
        assert probe.read_refused(OID) is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED
    assert value(probe) == 0


def test_two_counters_at_once(probe: Probe) -> None:
    set_counter(probe, 0, 5)
    set_counter(probe, 0, 1, OTHER)
    probe.set_tags(OID, {Tag.READ: LUC + b"\xfd" + LUC_OTHER + b"\xfd" + LUC})
    probe.read(OID)
    assert (value(probe), value(probe, OTHER)) == (1, 1)
    assert probe.read_refused(OID) is ErrorCode.COUNTER_THRESHOLD_EXCEEDED
    assert (value(probe), value(probe, OTHER)) == (1, 1)


def test_the_counters_own_conditions_do_not_matter(probe: Probe) -> None:
    set_counter(probe, 0, 1)
    probe.set_tags(COUNTER, {Tag.CHANGE: NEVER, Tag.EXECUTE: NEVER, Tag.LCSO: b"\x07"})
    probe.set_tags(OID, {Tag.READ: LUC})
    probe.read(OID)
    assert value(probe) == 1


def test_a_data_object_can_be_the_counter(probe: Probe) -> None:
    probe.write(0xF1D1, bytes.fromhex("0000000000000002"), how=0x40)
    probe.set_tags(0xF1D1, {Tag.TYPE: b"\x01"})
    probe.set_tags(OID, {Tag.READ: bytes.fromhex("40f1d1")})
    probe.read(OID)
    assert value(probe, 0xF1D1) == 1


@pytest.mark.parametrize("link", ["40f1d1", "40e0f0", "40beef"])
def test_what_is_no_counter_allows_nothing(probe: Probe, link: str) -> None:
    probe.set_tags(OID, {Tag.READ: bytes.fromhex(link)})
    assert probe.read_refused(OID) is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED


def test_one_command_counts_one_access_once(key: Probe) -> None:
    machine = key.machine
    set_counter(key, 2, 3)
    machine.require(KEY, Tag.EXECUTE)
    machine.require(KEY, Tag.EXECUTE)
    machine.end_command()
    machine.table.commit()
    assert value(key) == 3
    with pytest.raises(CommandError, match="counter threshold"):
        machine.require(KEY, Tag.EXECUTE)


@pytest.mark.parametrize(
    ("before", "threshold", "count", "after"),
    [(0, 10, 1, 1), (8, 10, 2, 10), (8, 10, 255, 10), (0, 2**32 - 1, 255, 255)],
)
def test_counting_stops_at_the_threshold(probe: Probe, before: int, threshold: int, count: int, after: int) -> None:
    set_counter(probe, before, threshold)
    probe.write(COUNTER, bytes([count]), how=COUNT)
    assert value(probe) == after
    assert probe.read(COUNTER)[4:] == threshold.to_bytes(4, "big")


@pytest.mark.parametrize(("before", "threshold"), [(0, 0), (10, 10), (11, 10)])
def test_a_counter_at_its_threshold_is_frozen(probe: Probe, before: int, threshold: int) -> None:
    set_counter(probe, before, threshold)
    assert probe.write_refused(COUNTER, b"\x01", how=COUNT) is ErrorCode.COUNTER_THRESHOLD_EXCEEDED
    assert value(probe) == before


def test_counting_ignores_the_offset_and_minds_the_execute_condition(probe: Probe) -> None:
    set_counter(probe, 0, 10)
    probe.write(COUNTER, b"\x03", offset=7, how=COUNT)
    assert value(probe) == 3
    probe.set_tags(COUNTER, {Tag.CHANGE: NEVER})
    probe.write(COUNTER, b"\x01", how=COUNT)
    assert probe.write_refused(COUNTER, bytes(8)) is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED
    probe.set_tags(COUNTER, {Tag.EXECUTE: NEVER, Tag.CHANGE: ALWAYS})
    assert probe.write_refused(COUNTER, b"\x01", how=COUNT) is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED
    assert value(probe) == 4


@pytest.mark.parametrize(("count", "error"), [(b"\x00", 0x05), (b"\x01\x01", 0x05)])
def test_counts_that_are_none(probe: Probe, count: bytes, error: int) -> None:
    set_counter(probe, 0, 10)
    assert probe.write_refused(COUNTER, count, how=COUNT) == error
    assert probe.write_refused(OID, b"\x01", how=COUNT) is ErrorCode.INVALID_OID


def test_a_counter_can_be_read_at_any_time(probe: Probe) -> None:
    stored = probe.stored(COUNTER)
    assert stored.counter == (0, 0)
    assert StoredObject(bytes(7), stored.metadata).counter is None


def test_generating_a_key_counts_as_a_change(probe: Probe) -> None:
    set_counter(probe, 0, 1)
    probe.set_tags(KEY, {Tag.CHANGE: LUC})
    probe.generate(0x03, KEY)
    refused = probe.refused(CommandCode.GEN_KEY_PAIR, 0x03, key_target(KEY))
    assert refused is ErrorCode.COUNTER_THRESHOLD_EXCEEDED
