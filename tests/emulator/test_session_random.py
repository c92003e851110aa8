"""GetRandom into sessions (SRM, table 23)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optiga.emulator.sessions import Origin, SessionSecret
from optiga.protocol import tlv
from optiga.protocol.codes import CommandCode, ErrorCode
from tests.support.emulator.agreeing import SESSION, to_derive
from tests.support.emulator.emulated import Probe, two

RANDOM, DERIVE = CommandCode.GET_RANDOM, CommandCode.DERIVE_KEY
TRNG, DRNG, PRE_MASTER = 0x00, 0x01, 0x04


def to_draw(size: int, oid: int = SESSION, prepended: bytes = b"") -> bytes:
    return two(size) + two(oid) + tlv.encode(0x41, prepended)


def held(probe: Probe, oid: int = SESSION) -> SessionSecret:
    content = probe.machine.sessions[oid]
    assert isinstance(content, SessionSecret)
    return content


@pytest.mark.parametrize("param", [TRNG, DRNG])
@pytest.mark.parametrize("oid", [0xE100, 0xE101, 0xE102, 0xE103])
def test_random_goes_out_and_stays(probe: Probe, param: int, oid: int) -> None:
    """What goes out is the random alone; what stays begins with the data given (footnote to DecryptSym)."""
    drawn = probe.ok(RANDOM, param, to_draw(32, oid, b"abc"))
    assert len(drawn) == 32
    assert held(probe, oid) == SessionSecret(b"abc" + drawn, Origin.RANDOM)


def test_a_pre_master_secret_stays(probe: Probe) -> None:
    assert probe.ok(RANDOM, PRE_MASTER, to_draw(46, SESSION, b"\x03\x03")) == b""
    secret = held(probe)
    assert (secret.origin, secret.value[:2], len(secret.value)) == (Origin.PRE_MASTER, b"\x03\x03", 48)
    assert len(probe.ok(DERIVE, 0x01, to_derive(SESSION, b"master secret", 48))) == 48
    first = secret.value
    probe.ok(RANDOM, PRE_MASTER, to_draw(46, SESSION, b"\x03\x03"))
    assert held(probe).value != first


@pytest.mark.parametrize("param", [TRNG, DRNG, PRE_MASTER])
def test_a_session_takes_66_bytes(probe: Probe, param: int) -> None:
    for size, prepended in ((66, 0), (8, 58), (8, 0), (65, 1)):
        assert len(probe.ok(RANDOM, param, to_draw(size, prepended=bytes(prepended)))) in (0, size)
        assert len(held(probe).value) == size + prepended
    before = held(probe)
    for size, prepended in ((67, 0), (66, 1), (8, 59), (256, 0), (8, 1000)):
        assert probe.refused(RANDOM, param, to_draw(size, prepended=bytes(prepended))) is ErrorCode.INVALID_DATA
    for size in (0, 7, 257, 0xFFFF):
        assert probe.refused(RANDOM, param, to_draw(size)) is ErrorCode.INVALID_DATA
    assert held(probe) == before


@pytest.mark.parametrize("param", [TRNG, DRNG, PRE_MASTER])
@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("", ErrorCode.INVALID_LENGTH),
        ("20", ErrorCode.INVALID_LENGTH),
        ("0020e1", ErrorCode.INVALID_LENGTH),
        ("0020e100", ErrorCode.INVALID_LENGTH),
        ("0020e10041", ErrorCode.INVALID_LENGTH),
        ("0020e100410002ff", ErrorCode.INVALID_LENGTH),
        ("0020e100410000ff", ErrorCode.INVALID_LENGTH),
        ("0020e100420000", ErrorCode.INVALID_DATA),
        ("0020e100410000410000", ErrorCode.INVALID_DATA),
        ("0020e100410000420000", ErrorCode.INVALID_DATA),
        ("0020e104410000", ErrorCode.INVALID_OID),
        ("0020f1d0410000", ErrorCode.INVALID_OID),
        ("0020e0f1410000", ErrorCode.INVALID_OID),
    ],
)
def test_bad_data(probe: Probe, param: int, data: str, code: ErrorCode) -> None:
    assert probe.refused(RANDOM, param, bytes.fromhex(data)) is code


def test_a_pre_master_secret_takes_a_session(probe: Probe) -> None:
    assert probe.refused(RANDOM, PRE_MASTER, two(48)) is ErrorCode.INVALID_LENGTH


@pytest.mark.parametrize("param", [0x02, 0x03, 0x05, 0xFF])
def test_generators_that_are_none(probe: Probe, param: int) -> None:
    assert probe.refused(RANDOM, param, to_draw(32)) is ErrorCode.INVALID_PARAM


def test_random_takes_the_place_of_a_key(probe: Probe) -> None:
    probe.generate(0x03, SESSION, 0x10)
    drawn = probe.ok(RANDOM, TRNG, to_draw(16))
    assert held(probe).value == drawn


PROBE = Probe()


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 5), st.binary(max_size=12))
def test_whatever_comes_is_answered(param: int, data: bytes) -> None:
    PROBE.chip.execute(bytes([RANDOM | 0x80, param]) + two(len(data)) + data)
    assert PROBE.last_error() != ErrorCode.INTERNAL_PROCESS_ERROR
