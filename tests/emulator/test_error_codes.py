"""Every error code of the manual, provoked. SRM, table "Error Codes"."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from optiga.emulator import MemoryStore
from optiga.protocol.codes import CommandCode as Code
from optiga.protocol.codes import ErrorCode
from optiga.protocol.metadata import Tag
from tests.support import infineon_updates as updates
from tests.support.emulator.apdu_corpus import (
    AUTHORIZATION,
    CERTIFICATE,
    COUNTER,
    DIGEST,
    EC_KEY,
    ECDSA,
    LARGE,
    RSA_KEY,
    SESSIONS,
    SMALL,
    prepared_store,
    tlvs,
)
from tests.support.emulator.certificates import certify
from tests.support.emulator.emulated import COUNT, ERASE, METADATA, Probe, command, key_target, to_sign, two

MANUAL = {
    *range(0x03, 0x12),
    *(0x00, 0x01, 0x24, 0x25, 0x29, 0x2A, 0x2C, 0x2D, 0x2E, 0x2F),
}
"""The codes of the manual's table, as numbers."""
INTEGRITY, AES = updates.SAMPLES[0], updates.SAMPLES[2]
RUBBISH = b"\x30\x03rub"


class Row(NamedTuple):
    """A code and what brings it about.

    :param provoke: takes a chip that is prepared, and leaves it as it is right after the refusal.
    :param why_not: why an emulated chip never says it; empty where it does.
    """

    code: ErrorCode
    provoke: Callable[[Probe], ErrorCode]
    why_not: str = ""


def row(code: ErrorCode, sent: int, param: int, data: bytes) -> Row:
    """A code that one command provokes by itself."""
    return Row(code, lambda probe: probe.refused(sent, param, data))


def update(tag: int, text: str) -> bytes:
    return tlvs((tag, bytes.fromhex(text)))


def succeed(probe: Probe) -> ErrorCode:
    probe.read(SMALL)
    return ErrorCode(probe.last_error())


def truncate_metadata(probe: Probe) -> ErrorCode:
    long = bytes.fromhex("e1fc07fde1fc07fde1fc07fde1fc07")
    return probe.tags_refused(SMALL, {Tag.CHANGE: long, Tag.READ: long, Tag.EXECUTE: long})


def close(probe: Probe) -> ErrorCode:
    probe.ok(Code.CLOSE_APPLICATION, 0)
    answer = probe.chip.execute(bytes([Code.GET_RANDOM, 0, 0, 2, 0, 8]))
    assert answer == b"\xff\0\0\0"
    return ErrorCode(probe.last_error())


def exceed_threshold(probe: Probe) -> ErrorCode:
    probe.write(COUNTER, bytes(3) + b"\x09" + bytes(3) + b"\x09", how=ERASE)
    return probe.write_refused(COUNTER, b"\x01", how=COUNT)


def read_more_than_the_buffer_holds(probe: Probe) -> ErrorCode:
    probe.write(0xE0E2, bytes(1000), offset=0)
    probe.write(0xE0E2, bytes(728), offset=1000)
    return probe.read_refused(0xE0E2)


def update_twice(probe: Probe) -> ErrorCode:
    probe.ok(Code.SET_OBJECT_PROTECTED, 1, update(0x30, AES.manifest))
    probe.ok(Code.SET_OBJECT_PROTECTED, 1, update(0x31, AES.fragments[0]))
    return probe.refused(Code.SET_OBJECT_PROTECTED, 1, update(0x30, AES.manifest))


def read_what_an_update_has_left_half_written(probe: Probe) -> ErrorCode:
    probe.ok(Code.SET_OBJECT_PROTECTED, 1, update(0x30, INTEGRITY.manifest))
    probe.ok(Code.SET_OBJECT_PROTECTED, 1, update(0x32, INTEGRITY.fragments[0]))
    return probe.read_refused(INTEGRITY.target_oid)


def damage_a_fragment(probe: Probe) -> ErrorCode:
    probe.ok(Code.SET_OBJECT_PROTECTED, 1, update(0x30, AES.manifest))
    damaged = command(Code.SET_OBJECT_PROTECTED, 1, update(0x31, AES.fragments[0][:-2] + "00"))
    assert probe.chip.execute(damaged) == b"\xff\0\0\0"  # nothing may come between the two
    return ErrorCode(probe.last_error())


def sign_with_a_key_for_agreement(probe: Probe) -> ErrorCode:
    probe.ok(Code.GEN_KEY_PAIR, 0x03, key_target(SESSIONS[0], 0x20))
    return probe.refused(Code.CALC_SIGN, ECDSA, to_sign(SESSIONS[0], DIGEST))


def verify_with(certificate: bytes) -> Callable[[Probe], ErrorCode]:
    def provoke(probe: Probe) -> ErrorCode:
        probe.write(CERTIFICATE, certificate, how=ERASE)
        return probe.refused(Code.VERIFY_SIGN, ECDSA, WRONG_SIGNATURE)

    return provoke


def authorize_wrongly(probe: Probe) -> ErrorCode:
    probe.ok(Code.GET_RANDOM, 0, two(16) + two(SESSIONS[0]) + tlvs((0x41, b"")))
    items = tlvs((0x01, two(SESSIONS[0]) + bytes(16)), (0x43, bytes(32)))
    return probe.refused(Code.DECRYPT_SYM, 0x20, two(AUTHORIZATION) + items)


WRONG_SIGNATURE = tlvs((0x01, DIGEST), (0x02, bytes.fromhex("020101020101")), (0x04, two(CERTIFICATE)))
UNKNOWN_CURVE = tlvs((0x01, DIGEST), (0x02, b"\2\1\1\2\1\1"), (0x05, b"\x77"), (0x06, b"\x03\x02\x00\x04"))
OTHER_CURVE = certify(ec.generate_private_key(ec.SECP224R1()), usages={"digital_signature"})
TABLE = (
    Row(ErrorCode.NO_ERROR, succeed),
    row(ErrorCode.INVALID_OID, Code.GET_DATA_OBJECT, 0, two(0xBEEF)),
    row(ErrorCode.INVALID_PARAM, Code.GET_DATA_OBJECT, 7, two(SMALL)),
    row(ErrorCode.INVALID_LENGTH, Code.GET_DATA_OBJECT, 0, b"\xf1"),
    row(ErrorCode.INVALID_DATA, Code.GET_RANDOM, 0, two(7)),
    Row(
        ErrorCode.INTERNAL_PROCESS_ERROR,
        succeed,
        "it stands for a fault inside the chip, and none is known in this one",
    ),
    row(ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED, Code.GET_DATA_OBJECT, 0, two(EC_KEY)),
    row(ErrorCode.DATA_OBJECT_BOUNDARY_EXCEEDED, Code.SET_DATA_OBJECT, 0, two(SMALL) + two(139) + b"ab"),
    Row(ErrorCode.METADATA_TRUNCATION, truncate_metadata),
    row(ErrorCode.INVALID_COMMAND, Code.GET_DATA_OBJECT | 0x40, 0, two(SMALL)),
    row(ErrorCode.COMMAND_OUT_OF_SEQUENCE, Code.CALC_HASH, 0xE2, tlvs((0x02, b"x"))),
    Row(ErrorCode.COMMAND_NOT_AVAILABLE, close),
    Row(ErrorCode.INSUFFICIENT_BUFFER, read_more_than_the_buffer_holds),
    Row(ErrorCode.COUNTER_THRESHOLD_EXCEEDED, exceed_threshold),
    row(ErrorCode.INVALID_MANIFEST, Code.SET_OBJECT_PROTECTED, 1, tlvs((0x30, b"no CBOR"))),
    Row(ErrorCode.INVALID_PAYLOAD_VERSION, update_twice),
    Row(ErrorCode.INVALID_METADATA, read_what_an_update_has_left_half_written),
    Row(ErrorCode.UNSUPPORTED_EXTENSION, sign_with_a_key_for_agreement),
    row(ErrorCode.UNSUPPORTED_PARAMETERS, Code.VERIFY_SIGN, ECDSA, UNKNOWN_CURVE),
    Row(ErrorCode.INVALID_CERTIFICATE_FORMAT, verify_with(RUBBISH)),
    Row(ErrorCode.UNSUPPORTED_CERTIFICATE, verify_with(OTHER_CURVE)),
    row(ErrorCode.SIGNATURE_VERIFICATION_FAILURE, Code.VERIFY_SIGN, ECDSA, WRONG_SIGNATURE),
    Row(ErrorCode.INTEGRITY_VALIDATION_FAILURE, damage_a_fragment),
    row(ErrorCode.DECRYPTION_FAILURE, Code.DECRYPT_ASYM, 0x11, tlvs((0x61, bytes(128)), (0x03, two(RSA_KEY)))),
    Row(ErrorCode.AUTHORIZATION_FAILURE, authorize_wrongly),
)


def test_the_table_is_the_manuals() -> None:
    assert [row.code for row in TABLE] == sorted(MANUAL)
    assert set(ErrorCode) == MANUAL
    assert [row.code for row in TABLE if row.why_not] == [ErrorCode.INTERNAL_PROCESS_ERROR]


@pytest.fixture
def probe() -> Probe:
    return Probe(MemoryStore(prepared_store().load()))


@pytest.mark.parametrize("row", [row for row in TABLE if not row.why_not], ids=lambda row: f"{row.code:02X}")
def test_provoked(probe: Probe, row: Row) -> None:
    assert row.provoke(probe) == row.code
    assert probe.last_error() == ErrorCode.NO_ERROR
    probe.ok(Code.OPEN_APPLICATION, 0, bytes.fromhex("d276000004") + b"GenAuthAppl")
    assert probe.read(LARGE, 0, 4) == bytes(range(4))


def test_a_fault_inside_is_an_internal_process_error(probe: Probe, monkeypatch: pytest.MonkeyPatch) -> None:
    """The code that nothing provokes: what the chip would say if it broke."""

    def break_down(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(probe.machine, "require", break_down)
    assert probe.chip.execute(bytes([Code.GET_DATA_OBJECT, 0, 0, 2]) + two(SMALL)) == b"\xff\0\0\0"
    monkeypatch.undo()
    assert probe.last_error() == ErrorCode.INTERNAL_PROCESS_ERROR


def test_the_highest_of_several_is_kept(probe: Probe) -> None:
    for apdu in (bytes([0x0C, 0, 0, 2, 0, 7]), bytes([0x55, 0, 0, 0]), bytes([0x01, 0, 0, 2, 0xBE, 0xEF])):
        assert probe.chip.execute(apdu) == b"\xff\0\0\0"
    assert probe.last_error() == ErrorCode.INVALID_COMMAND


def test_the_bit_in_the_command_code_clears_it(probe: Probe) -> None:
    assert probe.chip.execute(bytes([0x55, 0, 0, 0])) == b"\xff\0\0\0"
    assert probe.chip.execute(bytes([0x8C, 0, 0, 2, 0, 8]))[0] == 0
    assert probe.last_error() == ErrorCode.NO_ERROR


def test_a_refused_metadata_change_leaves_them(probe: Probe) -> None:
    before = probe.metadata(SMALL)
    assert probe.write_refused(SMALL, b"\x20\x03\xd0\x01", how=METADATA) == ErrorCode.INVALID_DATA
    assert probe.metadata(SMALL) == before
