"""GetDataObject and SetDataObject on data, counters and system objects (SRM, tables 20, 21, 51)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optiga.emulator import EmulatedChip, MemoryStore
from optiga.protocol.codes import APPLICATION_ID, CommandCode, ErrorCode
from optiga.protocol.metadata import Tag
from optiga.protocol.objects import OBJECTS, ObjectKind
from tests.support.emulator.emulated import ALWAYS, COUNT, ERASE, NEVER, UNWRITTEN, WRITE, Probe, two

GET, SET = CommandCode.GET_DATA_OBJECT, CommandCode.SET_DATA_OBJECT
KEYS = [info.oid for info in OBJECTS.values() if info.kind.is_key]
SESSIONS = [info.oid for info in OBJECTS.values() if info.kind is ObjectKind.SESSION]


def used(probe: Probe, oid: int) -> int | None:
    value = probe.metadata(oid).get(Tag.USED_SIZE)
    return None if value is None else int.from_bytes(value, "big")


def test_every_object_of_the_map_is_there(probe: Probe) -> None:
    for info in OBJECTS.values():
        if info.kind is not ObjectKind.SESSION:
            assert probe.metadata(info.oid).max_size == (info.size or None)


def test_reading_parts(probe: Probe) -> None:
    probe.write(0xF1D0, bytes(range(100)))
    assert probe.read(0xF1D0) == bytes(range(100))
    assert probe.read(0xF1D0, 10, 5) == bytes(range(10, 15))
    assert probe.read(0xF1D0, 90, 0xFFFF) == bytes(range(90, 100))
    assert probe.read(0xF1D0, 99, 1) == b"\x63"
    assert probe.read_refused(0xF1D0, 100, 1) is ErrorCode.DATA_OBJECT_BOUNDARY_EXCEEDED
    assert probe.read_refused(0xF1D0, 0xFFFF, 1) is ErrorCode.DATA_OBJECT_BOUNDARY_EXCEEDED
    assert probe.read_refused(0xF1D0, 0, 0) is ErrorCode.INVALID_DATA


def test_more_than_an_answer_holds_must_be_read_in_parts(probe: Probe) -> None:
    certificate = bytes(range(256)) * 6 + bytes(192)
    probe.write(0xE0E1, certificate[:1500])
    probe.write(0xE0E1, certificate[1500:], offset=1500)
    assert used(probe, 0xE0E1) == 1728
    assert probe.read_refused(0xE0E1) is ErrorCode.INSUFFICIENT_BUFFER
    assert probe.read_refused(0xE0E1, 0, 1554) is ErrorCode.INSUFFICIENT_BUFFER
    assert probe.read(0xE0E1, 0, 1553) + probe.read(0xE0E1, 1553, 1553) == certificate


@pytest.mark.parametrize(("param", "size"), [(0, 1), (0, 3), (0, 4), (0, 7), (1, 6), (1, 0)])
def test_lengths_of_reading(probe: Probe, param: int, size: int) -> None:
    assert probe.refused(GET, param, bytes.fromhex("f1d00000000100")[:size]) is ErrorCode.INVALID_LENGTH


@pytest.mark.parametrize(("code", "param"), [(GET, 2), (GET, 0x40), (SET, 3), (SET, 0x41)])
def test_params_that_are_none(probe: Probe, code: int, param: int) -> None:
    assert probe.refused(code, param, bytes.fromhex("f1d00000000100")) is ErrorCode.INVALID_PARAM


@pytest.mark.parametrize("oid", [0x0000, 0xE0C7, 0xE0E4, 0xE0F4, 0xF1DC, 0xFFFF, *SESSIONS])
def test_objects_that_are_not_there(probe: Probe, oid: int) -> None:
    """Session contexts "are not applicable for GetDataObject and SetDataObject" (table 47)."""
    assert probe.read_refused(oid) is ErrorCode.INVALID_OID
    assert probe.refused(GET, 1, two(oid)) is ErrorCode.INVALID_OID
    assert probe.write_refused(oid, b"x") is ErrorCode.INVALID_OID


@pytest.mark.parametrize("oid", KEYS)
def test_data_of_keys_are_out_of_reach_whatever_their_metadata_say(probe: Probe, oid: int) -> None:
    probe.set_tags(oid, {Tag.READ: ALWAYS, Tag.CHANGE: ALWAYS})
    assert probe.read_refused(oid) is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED
    assert probe.write_refused(oid, b"x") is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED
    assert probe.write_refused(oid, b"x", how=ERASE) is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED


@pytest.mark.parametrize("oid", [0xE0C2, 0xE0C5, 0xE0C6, 0xE0C9, 0xE0E0, 0xF1C2])
def test_objects_that_nobody_writes(probe: Probe, oid: int) -> None:
    before = probe.read(oid)
    for how in (WRITE, ERASE):
        assert probe.write_refused(oid, b"\x00", how=how) is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED
    assert probe.read(oid) == before


def test_the_used_size_grows_and_shrinks_with_an_erase_only(probe: Probe) -> None:
    probe.write(0xF1D0, b"0123456789")
    probe.write(0xF1D0, b"ab", offset=2)
    assert probe.read(0xF1D0) == b"01ab456789"
    probe.write(0xF1D0, b"xyz", offset=9)
    assert probe.read(0xF1D0) == b"01ab45678xyz"
    probe.write(0xF1D0, b"q", how=ERASE)
    assert (probe.read(0xF1D0), used(probe, 0xF1D0)) == (b"q", 1)
    probe.write(0xF1D0, b"z", offset=4)
    assert probe.read(0xF1D0) == b"q\x00\x00\x00z"
    probe.write(0xF1D0, b"e", offset=2, how=ERASE)
    assert probe.read(0xF1D0) == b"\x00\x00e"


def test_writing_up_to_the_end_and_beyond(probe: Probe) -> None:
    probe.write(0xF1D0, b"x", offset=139)
    for offset, size in ((139, 2), (140, 1), (0, 141), (0xFFFF, 1)):
        code = probe.write_refused(0xF1D0, bytes(size), offset=offset)
        assert code is ErrorCode.DATA_OBJECT_BOUNDARY_EXCEEDED
    assert probe.read(0xF1D0) == bytes(139) + b"x"


@pytest.mark.parametrize("size", range(4))
def test_lengths_of_writing(probe: Probe, size: int) -> None:
    assert probe.refused(SET, 0, bytes.fromhex("f1d00000")[:size]) is ErrorCode.INVALID_LENGTH


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([WRITE, ERASE]), st.integers(0, 150), st.binary(min_size=1, max_size=60))))
def test_writes_in_any_order_are_as_on_an_array(writes: list[tuple[int, int, bytes]]) -> None:
    probe = Probe()
    model = UNWRITTEN
    for how, offset, data in writes:
        if offset + len(data) > 140:
            assert probe.write_refused(0xF1D3, data, offset=offset, how=how)
            continue
        probe.write(0xF1D3, data, offset=offset, how=how)
        array = bytearray(140)
        kept = b"" if how == ERASE else model
        array[: len(kept)] = kept
        array[offset : offset + len(data)] = data
        model = bytes(array[: max(len(kept), offset + len(data))])
    assert probe.read(0xF1D3) == model
    assert used(probe, 0xF1D3) == len(model)


@pytest.mark.parametrize(("oid", "good", "bad"), [(0xE0C3, (20, 255), (0, 19)), (0xE0C4, (6, 15), (0, 5, 16, 255))])
def test_settings_have_their_ranges(probe: Probe, oid: int, good: tuple[int, ...], bad: tuple[int, ...]) -> None:
    for value in good:
        probe.write(oid, bytes([value]))
        for wrong in bad:
            assert probe.write_refused(oid, bytes([wrong])) is ErrorCode.INVALID_DATA
        assert probe.read(oid) == bytes([value])
    # The tag 0xC5 is made where there was none, as in the published dumps of chips whose settings were written.
    assert probe.metadata(oid).encode().hex() == "200cc40101c50101d00100d10100"


@pytest.mark.parametrize("oid", [0xE0C1, 0xF1C1])
def test_a_security_status_can_only_be_taken_back(probe: Probe, oid: int) -> None:
    probe.write(oid, b"\xff", how=WRITE)
    assert probe.read(oid) == b"\x20"
    probe.write(oid, b"\xdf", how=WRITE)
    assert probe.read(oid) == b"\x00"
    probe.write(oid, b"\xff", how=WRITE)
    assert probe.read(oid) == b"\x00"


@pytest.mark.parametrize("oid", [0xE0C1, 0xF1C1])
def test_erasing_a_security_status_clears_it_all(probe: Probe, oid: int) -> None:
    probe.write(oid, b"\xff", how=ERASE)
    assert probe.read(oid) == b"\x00"


def test_the_applications_security_status_comes_back_with_it_the_global_one_with_power() -> None:
    store = MemoryStore()
    probe = Probe(store)
    for oid in (0xE0C1, 0xF1C1):
        probe.write(oid, b"\x00")
    probe.ok(CommandCode.OPEN_APPLICATION, 0, APPLICATION_ID)
    assert (probe.read(0xE0C1), probe.read(0xF1C1)) == (b"\x00", b"\x20")
    assert Probe(store).read(0xE0C1) == b"\x20"


@pytest.mark.parametrize(("oid", "start"), [(0xE0C0, 7), (0xF1C0, 1)])
def test_life_cycles_of_chip_and_application_go_forward_only(probe: Probe, oid: int, start: int) -> None:
    states = [state for state in (1, 3, 7, 15) if state >= start and (oid, state) != (0xF1C0, 15)]
    for state in states:
        probe.write(oid, bytes([state]))
        assert probe.read(oid) == bytes([state])
        for wrong in [0, 2, 4, 8, 16, 255, *(known for known in (1, 3, 7) if known < state)]:
            assert probe.write_refused(oid, bytes([wrong]))
        assert probe.read(oid) == bytes([state])
    if oid == 0xF1C0:
        assert probe.write_refused(oid, b"\x0f"), "an application is never terminated (footnote to table 52)"


def test_counting_stops_at_the_threshold(probe: Probe) -> None:
    probe.write(0xE120, bytes.fromhex("0000000000000007"))
    probe.write(0xE120, b"\x03", how=COUNT)
    assert probe.read(0xE120).hex() == "0000000300000007"
    probe.write(0xE120, b"\xff", how=COUNT, offset=5)
    assert probe.read(0xE120).hex() == "0000000700000007"
    assert probe.write_refused(0xE120, b"\x01", how=COUNT) is ErrorCode.COUNTER_THRESHOLD_EXCEEDED
    assert probe.read(0xE120).hex() == "0000000700000007"


def test_a_new_counter_stands_at_its_threshold(probe: Probe) -> None:
    assert probe.write_refused(0xE123, b"\x01", how=COUNT) is ErrorCode.COUNTER_THRESHOLD_EXCEEDED


def test_counters_do_not_run_over(probe: Probe) -> None:
    probe.write(0xE121, bytes.fromhex("fffffff0ffffffff"))
    probe.write(0xE121, b"\xff", how=COUNT)
    assert probe.read(0xE121).hex() == "ffffffffffffffff"


@pytest.mark.parametrize("step", [b"\x00", b"\x01\x01"])
def test_a_step_is_one_byte_and_not_zero(probe: Probe, step: bytes) -> None:
    probe.write(0xE120, bytes.fromhex("0000000000000007"))
    assert probe.write_refused(0xE120, step, how=COUNT) is ErrorCode.INVALID_DATA


@pytest.mark.parametrize("oid", [0xF1D0, 0xE0F1, 0xE0C4])
def test_what_is_no_counter_is_not_counted(probe: Probe, oid: int) -> None:
    assert probe.write_refused(oid, b"\x01", how=COUNT) is ErrorCode.INVALID_OID


def test_a_data_object_can_be_made_a_counter(probe: Probe) -> None:
    probe.write(0xF1D4, bytes.fromhex("0000000000000002"))
    probe.set_tags(0xF1D4, {Tag.TYPE: b"\x01", Tag.EXECUTE: ALWAYS})
    probe.write(0xF1D4, b"\x01", how=COUNT)
    assert probe.read(0xF1D4).hex() == "0000000100000002"


def test_counting_takes_the_execute_condition_writing_the_change_condition(probe: Probe) -> None:
    probe.write(0xE122, bytes.fromhex("0000000000000009"))
    probe.set_tags(0xE122, {Tag.EXECUTE: NEVER})
    assert probe.write_refused(0xE122, b"\x01", how=COUNT) is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED
    probe.set_tags(0xE122, {Tag.EXECUTE: ALWAYS, Tag.CHANGE: NEVER})
    probe.write(0xE122, b"\x01", how=COUNT)
    assert probe.write_refused(0xE122, bytes(8)) is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED
    assert probe.read(0xE122).hex() == "0000000100000009"


def test_chips_differ_in_their_uid_and_nothing_is_shared() -> None:
    one, other = Probe(), Probe()
    assert one.read(0xE0C2) != other.read(0xE0C2)
    one.write(0xF1D0, b"mine")
    assert other.read(0xF1D0) == UNWRITTEN
    assert isinstance(one.chip, EmulatedChip)
