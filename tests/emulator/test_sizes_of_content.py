"""Objects whose data have one length, and secrets that have a greatest one.

SRM, "Common data structures" ("The fixed length is 8 Byte", "It shall be 64 bytes") and "Data Object Types" ("limited
to 64 bytes, even if the hosting data object has a higher maximum length").
"""

from __future__ import annotations

import pytest

from optiga.protocol.codes import ErrorCode
from optiga.protocol.metadata import Metadata, Tag
from optiga.update.payloads import data_payload, metadata_payload
from tests.support.emulator.emulated import ALWAYS, COUNT, ERASE, WRITE, Probe
from tests.support.emulator.updating import (
    BY_ANCHOR,
    BY_ANCHOR_AND_SECRET,
    SECRET,
    SECRET_OID,
    TARGET,
    apply,
    begin,
    made,
    resigned,
    start_refused,
    updatable,
)

OUT_OF_BOUNDS = ErrorCode.DATA_OBJECT_BOUNDARY_EXCEEDED
FULL = {0xE121: 8, 0xE140: 64}


def used(probe: Probe, oid: int) -> int | None:
    data, metadata = probe.stored(oid).data, probe.metadata(oid)
    assert metadata.used_size == len(data)
    return metadata.used_size


@pytest.mark.parametrize(("oid", "size"), FULL.items())
class TestOneLength:
    def test_erased_and_written_in_part(self, probe: Probe, oid: int, size: int) -> None:
        probe.write(oid, bytes(range(1, size + 1)), how=ERASE)
        probe.write(oid, b"\xaa\xbb", offset=2, how=ERASE)
        assert probe.read(oid) == b"\0\0\xaa\xbb" + bytes(size - 4)
        assert used(probe, oid) == size

    def test_written_in_part(self, probe: Probe, oid: int, size: int) -> None:
        before = bytes(range(1, size + 1))
        probe.write(oid, before, how=ERASE)
        probe.write(oid, b"\xaa", offset=size - 1, how=WRITE)
        assert probe.read(oid) == before[:-1] + b"\xaa"

    @pytest.mark.parametrize("how", [WRITE, ERASE])
    def test_more_than_that(self, probe: Probe, oid: int, size: int, how: int) -> None:
        before = probe.read(oid)
        assert probe.write_refused(oid, bytes(size + 1), how=how) is OUT_OF_BOUNDS
        assert probe.write_refused(oid, b"\0\0", offset=size - 1, how=how) is OUT_OF_BOUNDS
        assert probe.read(oid) == before

    def test_updated_in_part(self, oid: int, size: int) -> None:
        probe = updatable()
        probe.set_tags(oid, {Tag.CHANGE: BY_ANCHOR})
        apply(probe, resigned(made(b"\xaa\xbb"), target_oid=oid))
        assert probe.read(oid) == b"\xaa\xbb" + bytes(size - 2)
        assert start_refused(probe, resigned(made(bytes(size + 1), version=2), target_oid=oid)) is OUT_OF_BOUNDS

    @pytest.mark.parametrize("reset", [0x10, 0x20])
    def test_overwritten_by_a_reset(self, oid: int, size: int, reset: int) -> None:
        probe = updatable()
        probe.write(oid, b"\xaa" * size, how=ERASE)
        probe.set_tags(oid, {Tag.METADATA_UPDATE: BY_ANCHOR, Tag.RESET_TYPE: bytes([reset])})
        apply(probe, made(metadata_payload(Metadata({})), target_oid=oid))
        data = probe.read(oid)
        assert len(data) == used(probe, oid) == size
        assert (data == bytes(size)) is (reset == 0x10)
        assert data != b"\xaa" * size


class TestDataObjectsThatCount:
    @pytest.mark.parametrize("before", [b"\0", bytes(range(100))])
    @pytest.mark.parametrize("how", [WRITE, ERASE])
    def test_whatever_is_written_has_eight_bytes(self, probe: Probe, before: bytes, how: int) -> None:
        probe.write(0xF1D4, before, how=ERASE)
        probe.set_tags(0xF1D4, {Tag.TYPE: b"\x01", Tag.EXECUTE: ALWAYS})
        probe.write(0xF1D4, bytes.fromhex("0000000300000009"), how=how)
        assert probe.read(0xF1D4).hex() == "0000000300000009"
        probe.write(0xF1D4, b"\x02", how=COUNT)
        probe.write(0xF1D4, bytes.fromhex("00000006"), offset=4)
        assert probe.read(0xF1D4).hex() == "0000000500000006"
        assert used(probe, 0xF1D4) == 8
        assert probe.write_refused(0xF1D4, bytes(9), how=how) is OUT_OF_BOUNDS

    def test_others_keep_the_length_that_was_written(self, probe: Probe) -> None:
        probe.write(0xF1D5, b"abc", how=ERASE)
        assert used(probe, 0xF1D5) == 3


class TestUpdateSecrets:
    @pytest.fixture
    def bench(self) -> Probe:
        return updatable()

    def test_sixty_four_bytes_are_the_most(self, bench: Probe) -> None:
        bench.write(SECRET_OID, bytes(range(64)), how=ERASE)
        for how in (WRITE, ERASE):
            assert bench.write_refused(SECRET_OID, bytes(65), how=how) is OUT_OF_BOUNDS
            assert bench.write_refused(SECRET_OID, b"\0", offset=64, how=how) is OUT_OF_BOUNDS
        assert bench.read(SECRET_OID) == bytes(range(64))

    def test_other_secrets_have_the_room_of_their_objects(self, probe: Probe) -> None:
        probe.set_tags(0xF1D2, {Tag.TYPE: b"\x21"})
        probe.write(0xF1D2, bytes(140), how=ERASE)
        assert used(probe, 0xF1D2) == 140

    def test_an_object_becomes_one_whatever_it_held(self, bench: Probe) -> None:
        """A host sets the type first, and writes the secret then."""
        bench.write(0xF1D3, bytes(140), how=ERASE)
        bench.set_tags(0xF1D3, {Tag.TYPE: b"\x23"})
        assert used(bench, 0xF1D3) == 140
        bench.write(0xF1D3, SECRET.value, how=ERASE)
        assert bench.read(0xF1D3) == SECRET.value

    def test_one_that_was_too_long_before_is_not_used(self, bench: Probe) -> None:
        """As in a chip's file from before such a secret was refused."""
        bench.set_tags(TARGET, {Tag.CHANGE: BY_ANCHOR_AND_SECRET})
        bench.install(SECRET_OID, bytes(65), {Tag.USED_SIZE: b"\x41"})
        assert start_refused(bench, made(b"data", secret=SECRET)) is ErrorCode.INVALID_DATA

    def test_updated(self, bench: Probe) -> None:
        bench.set_tags(0xF1D3, {Tag.TYPE: b"\x23", Tag.CHANGE: BY_ANCHOR})
        assert start_refused(bench, made(bytes(65), target_oid=0xF1D3)) is OUT_OF_BOUNDS
        apply(bench, made(bytes(64), target_oid=0xF1D3))
        assert used(bench, 0xF1D3) == 64

    def test_a_part_behind_the_room(self, bench: Probe) -> None:
        bench.set_tags(0xF1D3, {Tag.TYPE: b"\x23", Tag.CHANGE: BY_ANCHOR})
        part = made(data_payload(b"ab", offset=63), target_oid=0xF1D3)
        assert start_refused(bench, part) is OUT_OF_BOUNDS
        begin(bench, made(data_payload(b"a", offset=63), target_oid=0xF1D3))
