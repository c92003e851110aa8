"""CalcHash and GetRandom (SRM, tables 23 and 28)."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optiga.protocol import tlv
from optiga.protocol.codes import CommandCode, ErrorCode
from optiga.protocol.metadata import Tag
from tests.support.emulator.emulated import NEVER, Probe, two

HASH, RANDOM = CommandCode.CALC_HASH, CommandCode.GET_RANDOM
SHA256 = 0xE2
START, WHOLE, CONTINUE, FINAL, TERMINATE = range(5)


def step(probe: Probe, tag: int, data: bytes = b"") -> bytes:
    return probe.ok(HASH, SHA256, tlv.encode(tag, data))


def refused(probe: Probe, tag: int, data: bytes = b"") -> ErrorCode:
    return probe.refused(HASH, SHA256, tlv.encode(tag, data))


def digest(data: bytes) -> bytes:
    return tlv.encode(0x01, hashlib.sha256(data).digest())


def part(oid: int, offset: int, length: int) -> bytes:
    return two(oid) + two(offset) + two(length)


def test_the_vector_of_fips_180(probe: Probe) -> None:
    expected = "010020ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert step(probe, WHOLE, b"abc").hex() == expected


@settings(max_examples=50, deadline=None)
@given(st.lists(st.binary(max_size=300), min_size=2, max_size=6))
def test_parts_make_the_whole(parts: list[bytes]) -> None:
    probe = Probe()
    assert step(probe, START, parts[0]) == b""
    for middle in parts[1:-1]:
        assert step(probe, CONTINUE, middle) == b""
    assert step(probe, FINAL, parts[-1]) == digest(b"".join(parts))


def test_parts_of_objects(probe: Probe) -> None:
    probe.write(0xF1D0, bytes(range(100)))
    probe.write(0xF1E0, b"x" * 900)
    assert step(probe, 0x10 | WHOLE, part(0xF1D0, 10, 20)) == digest(bytes(range(10, 30)))
    step(probe, 0x10 | START, part(0xF1D0, 0, 100))
    step(probe, CONTINUE, b"between")
    step(probe, 0x10 | CONTINUE, part(0xF1E0, 0, 900))
    assert step(probe, 0x10 | FINAL, part(0xF1D0, 99, 1)) == digest(
        bytes(range(100)) + b"between" + b"x" * 900 + b"\x63"
    )


def test_parts_of_objects_that_cannot_be_read(probe: Probe) -> None:
    probe.write(0xF1D0, bytes(range(100)))
    assert refused(probe, 0x11, part(0xF1D0, 50, 51)) is ErrorCode.DATA_OBJECT_BOUNDARY_EXCEEDED
    assert refused(probe, 0x11, part(0xBEEF, 0, 1)) is ErrorCode.INVALID_OID
    assert refused(probe, 0x11, part(0xE0F0, 0, 1)) is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED
    assert refused(probe, 0x11, part(0xF1D0, 0, 1)[:-1]) is ErrorCode.INVALID_LENGTH
    probe.set_tags(0xF1D0, {Tag.READ: NEVER})
    assert refused(probe, 0x11, part(0xF1D0, 0, 1)) is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED


@pytest.mark.parametrize("tag", [CONTINUE, FINAL])
def test_a_sequence_begins_with_start(probe: Probe, tag: int) -> None:
    assert refused(probe, tag, b"a") is ErrorCode.COMMAND_OUT_OF_SEQUENCE
    step(probe, START, b"a")
    step(probe, FINAL, b"b")
    assert refused(probe, tag, b"a") is ErrorCode.COMMAND_OUT_OF_SEQUENCE
    step(probe, START, b"a")
    assert step(probe, TERMINATE) == b""
    assert refused(probe, tag, b"a") is ErrorCode.COMMAND_OUT_OF_SEQUENCE


def test_a_new_start_drops_what_is_running(probe: Probe) -> None:
    step(probe, START, b"old")
    step(probe, START, b"new")
    assert step(probe, FINAL) == digest(b"new")
    step(probe, START, b"old")
    assert step(probe, WHOLE, b"other") == digest(b"other")
    assert refused(probe, FINAL) is ErrorCode.COMMAND_OUT_OF_SEQUENCE


def test_a_step_that_is_refused_leaves_the_sequence(probe: Probe) -> None:
    step(probe, START, b"a")
    assert refused(probe, 0x12, part(0xBEEF, 0, 1))
    assert probe.refused(HASH, 0xE3, tlv.encode(CONTINUE, b"x")) is ErrorCode.INVALID_PARAM
    assert step(probe, FINAL, b"b") == digest(b"ab")


def test_other_commands_may_stand_between(probe: Probe) -> None:
    step(probe, START, b"a")
    probe.write(0xF1D0, b"x")
    probe.ok(RANDOM, 0, two(8))
    assert step(probe, FINAL, b"b") == digest(b"ab")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("", ErrorCode.INVALID_LENGTH),
        ("010005", ErrorCode.INVALID_LENGTH),
        ("010000", ErrorCode.INVALID_LENGTH),
        ("04000100", ErrorCode.INVALID_LENGTH),
        ("210000", ErrorCode.UNSUPPORTED_PARAMETERS),
        ("08000100", ErrorCode.UNSUPPORTED_PARAMETERS),
        ("140006f1d000000001", ErrorCode.UNSUPPORTED_PARAMETERS),
        ("05000161", ErrorCode.COMMAND_OUT_OF_SEQUENCE),
    ],
)
def test_bad_data_of_calc_hash(probe: Probe, data: str, code: ErrorCode) -> None:
    assert probe.refused(HASH, SHA256, bytes.fromhex(data)) is code


@pytest.mark.parametrize("param", [0x00, 0x01])
def test_random_of_every_length(probe: Probe, param: int) -> None:
    for size in range(8, 257):
        assert len(probe.ok(RANDOM, param, two(size))) == size
    assert probe.ok(RANDOM, param, two(32)) != probe.ok(RANDOM, param, two(32))


@pytest.mark.parametrize(
    ("param", "data", "code"),
    [
        (0, two(7), ErrorCode.INVALID_DATA),
        (0, two(0), ErrorCode.INVALID_DATA),
        (1, two(257), ErrorCode.INVALID_DATA),
        (0, b"\x10", ErrorCode.INVALID_LENGTH),
        (0, b"", ErrorCode.INVALID_LENGTH),
        (2, two(16), ErrorCode.INVALID_PARAM),
        (4, two(48), ErrorCode.INVALID_LENGTH),
    ],
)
def test_random_that_is_refused(probe: Probe, param: int, data: bytes, code: ErrorCode) -> None:
    assert probe.refused(RANDOM, param, data) is code
