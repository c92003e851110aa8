"""SetObjectProtected through the APDU door: order, fragments, versions, data (SRM, "SetObjectProtected")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from optiga.emulator.objects import StoredObject
from optiga.emulator.store import MemoryStore
from optiga.errors import BoardError
from optiga.protocol.codes import APPLICATION_ID, CommandCode, ErrorCode
from optiga.protocol.manifest import WriteType
from optiga.protocol.metadata import Tag
from optiga.update.make import UpdateSecret
from optiga.update.payloads import aes_payload, data_payload
from tests.support.emulator.emulated import ALWAYS, ERASE, Probe
from tests.support.emulator.updating import (
    ANCHOR_OID,
    BY_ANCHOR,
    CODE,
    CONTINUE,
    FINAL,
    LONG,
    SECRET,
    SECRET_OID,
    START,
    TARGET,
    apply,
    begin,
    certificate_of,
    made,
    resigned,
    send,
    send_refused,
    start_refused,
    updatable,
    version,
)

probe = pytest.fixture(updatable)


@pytest.mark.parametrize("size", [1, 607, 608, 609, 1216, 1217, 1500])
@pytest.mark.parametrize("secret", [None, SECRET])
def test_data_of_any_size(probe: Probe, size: int, secret: UpdateSecret | None) -> None:
    data = bytes(index * 7 & 0xFF for index in range(size))
    apply(probe, made(data, secret=secret))
    assert probe.read(TARGET) == data
    assert version(probe) == "0001"


# --- order


@pytest.mark.parametrize("tag", [CONTINUE, FINAL])
def test_nothing_without_a_manifest(probe: Probe, tag: int) -> None:
    assert send_refused(probe, tag, bytes(640)) is ErrorCode.COMMAND_OUT_OF_SEQUENCE


@pytest.mark.parametrize("after", [0, 1, 2])
def test_any_other_command_ends_an_update(probe: Probe, after: int) -> None:
    update = made(LONG)
    begin(probe, update, after)
    probe.read(0xE0C2)
    assert send_refused(probe, FINAL, update.fragments[-1]) is ErrorCode.COMMAND_OUT_OF_SEQUENCE
    assert version(probe) == ("8001" if after else None)


def test_an_error_ends_an_update(probe: Probe) -> None:
    update = made(LONG)
    begin(probe, update, 1)
    assert send_refused(probe, 0x33, b"x") is ErrorCode.INVALID_DATA
    assert send_refused(probe, CONTINUE, update.fragments[1]) is ErrorCode.COMMAND_OUT_OF_SEQUENCE


def test_opening_the_application_ends_an_update(probe: Probe) -> None:
    update = made(b"x")
    begin(probe, update)
    probe.ok(CommandCode.OPEN_APPLICATION, 0, APPLICATION_ID)
    assert send_refused(probe, FINAL, update.fragments[-1]) is ErrorCode.COMMAND_OUT_OF_SEQUENCE


def test_a_start_ends_what_was_begun(probe: Probe) -> None:
    """Footnote 15."""
    begin(probe, made(LONG))
    apply(probe, made(b"another"))
    assert probe.read(TARGET) == b"another"


def test_it_is_over_after_the_last_fragment(probe: Probe) -> None:
    update = made(b"x")
    apply(probe, update)
    assert send_refused(probe, FINAL, update.fragments[-1]) is ErrorCode.COMMAND_OUT_OF_SEQUENCE


@pytest.mark.parametrize(
    ("param", "data", "code"),
    [
        (0, "30000100", ErrorCode.INVALID_PARAM),
        (2, "30000100", ErrorCode.INVALID_PARAM),
        (1, "", ErrorCode.INVALID_LENGTH),
        (1, "3000", ErrorCode.INVALID_LENGTH),
        (1, "30000200", ErrorCode.INVALID_LENGTH),
        (1, "3300010000", ErrorCode.INVALID_LENGTH),
        (1, "33000100", ErrorCode.INVALID_DATA),
        (1, "3000010031000100", ErrorCode.INVALID_DATA),
        (1, "30000100", ErrorCode.INVALID_MANIFEST),
        (1, "300000", ErrorCode.INVALID_MANIFEST),
    ],
)
def test_commands_that_are_written_wrongly(probe: Probe, param: int, data: str, code: ErrorCode) -> None:
    assert probe.refused(CODE, param, bytes.fromhex(data)) is code


# --- fragments


@pytest.mark.parametrize("size", [0, 1, 639, 641])
def test_a_fragment_that_is_followed_has_640_bytes(probe: Probe, size: int) -> None:
    begin(probe, made(LONG))
    assert send_refused(probe, CONTINUE, bytes(size)) is ErrorCode.INVALID_LENGTH
    assert version(probe) is None


@pytest.mark.parametrize("size", [0, 641])
def test_the_last_fragment_has_1_to_640_bytes(probe: Probe, size: int) -> None:
    begin(probe, made(LONG))
    assert send_refused(probe, FINAL, bytes(size)) is ErrorCode.INVALID_LENGTH


def test_fragments_in_another_order(probe: Probe) -> None:
    update = made(LONG)
    begin(probe, update)
    assert send_refused(probe, CONTINUE, update.fragments[1]) is ErrorCode.INTEGRITY_VALIDATION_FAILURE
    begin(probe, update, 1)
    assert send_refused(probe, FINAL, update.fragments[2]) is ErrorCode.INTEGRITY_VALIDATION_FAILURE
    begin(probe, update, 1)
    assert send_refused(probe, CONTINUE, update.fragments[0]) is ErrorCode.INTEGRITY_VALIDATION_FAILURE


@pytest.mark.parametrize("size", [1, 1279, 1281, 1500])
def test_fragments_that_hold_less_or_more_than_the_manifest_says(probe: Probe, size: int) -> None:
    update = resigned(made(LONG), size=size)
    send(probe, START, update.manifest)
    if size == 1:
        assert send_refused(probe, CONTINUE, update.fragments[0]) is ErrorCode.INVALID_LENGTH
        assert version(probe) is None
    else:
        begin(probe, update, 2)
        assert send_refused(probe, FINAL, update.fragments[2]) is ErrorCode.INVALID_LENGTH
        assert version(probe) == "8001"


def test_a_last_fragment_before_its_time(probe: Probe) -> None:
    update = made(LONG)
    begin(probe, update)
    assert send_refused(probe, FINAL, update.fragments[0]) is ErrorCode.INVALID_LENGTH
    assert probe.read(TARGET) == bytes(1500)


# --- versions and interruption


def test_versions_go_up(probe: Probe) -> None:
    for number in (1, 2, 5, 0x7FFF):
        apply(probe, made(bytes([number & 0xFF]), number))
        assert version(probe) == f"{number:04x}"
        for not_greater in {number, 1, max(number - 1, 1)}:
            assert start_refused(probe, made(b"x", not_greater)) is ErrorCode.INVALID_PAYLOAD_VERSION
    assert probe.read(TARGET) == b"\xff"


def test_version_0_is_greater_than_none(probe: Probe) -> None:
    assert start_refused(probe, resigned(made(b"x"), payload_version=0)) is ErrorCode.INVALID_PAYLOAD_VERSION


def test_who_may_change_metadata_may_set_the_version_back(probe: Probe) -> None:
    apply(probe, made(b"first", 9))
    probe.set_tags(TARGET, {Tag.VERSION: b"\x00\x00"})
    apply(probe, made(b"second", 1))
    assert probe.read(TARGET) == b"second"


def test_an_update_that_has_only_begun_leaves_nothing(probe: Probe) -> None:
    before = probe.metadata(TARGET)
    begin(probe, made(LONG))
    assert probe.metadata(TARGET) == before
    apply(probe, made(b"x", 2))


@pytest.mark.parametrize("how", ["another command", "power off", "damaged fragment"])
def test_an_interrupted_update_is_ended_with_the_same_version(how: str) -> None:
    store = MemoryStore()
    probe = updatable(store=store)
    probe.write(0xE120, bytes.fromhex("00000000000000ff"))
    update = made(LONG, 3)
    begin(probe, update, 1)
    if how == "power off":
        probe = Probe(store)
    elif how == "damaged fragment":
        assert send_refused(probe, CONTINUE, bytes(640)) is ErrorCode.INTEGRITY_VALIDATION_FAILURE
    assert version(probe) == "8003"
    assert probe.metadata(TARGET).used_size == 608
    assert probe.read_refused(TARGET) is ErrorCode.INVALID_METADATA
    for other in (1, 2, 4, 0x7FFF):
        assert start_refused(probe, made(LONG, other)) is ErrorCode.INVALID_PAYLOAD_VERSION
    apply(probe, update)
    assert version(probe) == "0003"
    assert probe.read(TARGET) == LONG
    assert start_refused(probe, made(LONG, 3)) is ErrorCode.INVALID_PAYLOAD_VERSION


def test_an_interrupted_secret_is_not_used(probe: Probe) -> None:
    begin(probe, made(LONG), 1)
    probe.set_tags(TARGET, {Tag.TYPE: b"\x23", Tag.EXECUTE: ALWAYS})
    probe.set_tags(0xF1D0, {Tag.CHANGE: BY_ANCHOR})
    update = made(b"x", target_oid=0xF1D0, secret=replace(SECRET, oid=TARGET))
    assert start_refused(probe, update) is ErrorCode.INVALID_METADATA


# --- data


def test_erasing_forgets_the_rest_writing_keeps_it(probe: Probe) -> None:
    probe.set_tags(TARGET, {Tag.CHANGE: bytes.fromhex("e1fc07fe21e0e8")})
    probe.write(TARGET, b"0123456789", how=ERASE)
    apply(probe, made(data_payload(b"ab", offset=2, write_type=WriteType.WRITE)))
    assert probe.read(TARGET) == b"01ab456789"
    apply(probe, made(data_payload(b"cd", offset=9, write_type=WriteType.WRITE), 2))
    assert probe.read(TARGET) == b"01ab45678cd"
    apply(probe, made(data_payload(b"ef", offset=2), 3))
    assert probe.read(TARGET) == b"\x00\x00ef"


def test_writing_in_several_fragments_from_an_offset(probe: Probe) -> None:
    probe.set_tags(TARGET, {Tag.CHANGE: bytes.fromhex("e1fc07fe21e0e8")})
    probe.write(TARGET, b"\xee" * 1500, how=ERASE)
    apply(probe, made(data_payload(LONG, offset=100, write_type=WriteType.WRITE)))
    assert probe.read(TARGET) == b"\xee" * 100 + LONG + b"\xee" * 120


def test_a_trust_anchor_is_updated_by_another(probe: Probe) -> None:
    """SRM, "Use Case: Integrity Protected Update of a data object"."""
    successor = ec.generate_private_key(ec.SECP256R1())
    probe.set_tags(0xE0E9, {Tag.CHANGE: BY_ANCHOR})
    apply(probe, made(certificate_of(successor), target_oid=0xE0E9))
    probe.set_tags(TARGET, {Tag.CHANGE: bytes.fromhex("21e0e9")})
    apply(probe, made(b"by the successor", anchor_oid=0xE0E9, signer=successor))
    assert probe.read(TARGET) == b"by the successor"


def test_a_counter_and_its_threshold_are_updated(probe: Probe) -> None:
    probe.set_tags(0xE121, {Tag.CHANGE: BY_ANCHOR})
    apply(probe, made(bytes.fromhex("0000000000000010"), target_oid=0xE121))
    probe.write(0xE121, b"\x03", how=2)
    assert probe.read(0xE121).hex() == "0000000300000010"


def test_what_an_update_changes_is_nothing_else(probe: Probe) -> None:
    before = {oid: probe.metadata(oid) for oid in (ANCHOR_OID, SECRET_OID, 0xF1E1)}
    apply(probe, made(LONG, secret=SECRET))
    assert {oid: probe.metadata(oid) for oid in before} == before


def test_a_locked_aes_key_cannot_be_had_as_data(probe: Probe) -> None:
    """The factory's condition of 0xE200 is never: an update needs another first."""
    update = made(aes_payload(bytes(16)), target_oid=0xE200)
    assert start_refused(probe, update) is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED
    probe.set_tags(0xE200, {Tag.CHANGE: bytes.fromhex("21e0e8")})
    apply(probe, update)


class FailingStore(MemoryStore):
    """A store that can be full."""

    is_full = False

    def save(self, changed: Mapping[int, StoredObject], context: bytes | None = None) -> None:
        if self.is_full:
            raise BoardError("full")
        super().save(changed, context)


@pytest.mark.parametrize("fragment", [0, 1])
def test_a_store_that_fails_ends_an_update(fragment: int) -> None:
    """What has not been written must not be followed by what comes after it."""
    store = FailingStore()
    probe = updatable(store=store)
    update = made(LONG)
    begin(probe, update, fragment)
    store.is_full = True
    with pytest.raises(BoardError):
        send(probe, CONTINUE, update.fragments[fragment])
    store.is_full = False
    following = update.fragments[fragment + 1]
    code = send_refused(probe, CONTINUE if fragment == 0 else FINAL, following)
    assert code is ErrorCode.COMMAND_OUT_OF_SEQUENCE
    assert version(probe) == ("8001" if fragment else None)
    apply(probe, update)
    assert probe.read(TARGET) == LONG
