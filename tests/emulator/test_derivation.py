"""DeriveKey (SRM, table 34): published vectors, limits, and a whole TLS 1.2 key schedule."""

from __future__ import annotations

import hmac
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from optiga.emulator.sessions import Origin, SessionSecret
from optiga.protocol import der, tlv
from optiga.protocol.codes import CommandCode, ErrorCode
from optiga.protocol.metadata import Tag
from tests.support.emulator.agreeing import OTHER_SESSION, SESSION, install_key, public_of, to_agree, to_derive
from tests.support.emulator.emulated import ERASE, NEVER, Probe, two

AGREE, DERIVE, RANDOM = CommandCode.CALC_SSEC, CommandCode.DERIVE_KEY, CommandCode.GET_RANDOM
PRF, HKDF = (0x01, 0x02, 0x03), (0x08, 0x09, 0x0A)
HASHES = {0x01: "sha256", 0x02: "sha384", 0x03: "sha512", 0x08: "sha256", 0x09: "sha384", 0x0A: "sha512"}
SECRET = 0xF1D0
DENIED = ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED

PRF_VECTORS = [
    # "TLS 1.2 PRF test vectors", mailing list of the IETF's TLS working group; the label is "test label".
    (
        0x01,
        "9bbe436ba940f017b17652849a71db35",
        "a0ba9f936cda311827a6f796ffd5198c",
        "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def"
        "17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66",
    ),
    (
        0x02,
        "b80b733d6ceefcdc71566ea48e5567df",
        "cd665cf6a8447dd6ff8b27555edb7465",
        "7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cde9ca0faa60be9fe34f82b1233c9146a0e534cb400fed27"
        "00884f9dc236f80edd8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd4abfdad05d9184259b5bf8cd4d90fa0d31e2dec479e4"
        "f1a26066f2eea9a69236a3e52655c9e9aee691c8f3a26854308d5eaa3be85e0990703d73e56f",
    ),
    (
        0x03,
        "b0323523c1853599584d88568bbb05eb",
        "d4640e12e4bcdbfb437f03e6ae418ee5",
        "1261f588c798c5c201ff036e7a9cb5edcd7fe3f94c669a122a4638d7d508b283042df6789875c7147e906d868bc75c45e20eb40c1cf4a1"
        "713b27371f68432592f7dc8ea8ef223e12ea8507841311bf68653d0cfc4056d811f025c45ddfa6e6fec702f054b409d6f28dd0a3233e49"
        "8da41a3e75c5630eedbe22fe254e33a1b0e9f6b9826675bec7d01a845658dc9c397545401d40b9f46c7a400ee1b8f81ca0a60d1a397a10"
        "28bff5d2ef5066126842fb8da4197632bdb54ff6633f86bbc836e640d4d898",
    ),
]
HKDF_VECTORS = [
    # RFC 5869, A.1 and A.3; A.2 takes a secret longer than the chip's. Then Wycheproof's, numbers 12, 20 and 3.
    (
        0x08,
        "0b" * 22,
        "000102030405060708090a0b0c",
        "f0f1f2f3f4f5f6f7f8f9",
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    ),
    (
        0x08,
        "0b" * 22,
        "",
        "",
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    ),
    (
        0x09,
        "8677dc79233ef3480777c4c601ef4f0b",
        "ad88db718244e2cb60e35f874d7ad81f",
        "a38f634d947819a9bfa792174b42baa20c9fce15",
        "758546362a070c0f13cbfbf1756e8f29b7819fb903c7ed4f97a56be3c8f81e8c37aef5c0f8e5d2b17eb1aa02ec04c33f546cb2f3d193e9"
        "30a9f89ec9ce3a82b5",
    ),
    (
        0x0A,
        "34bae5a158c1678aa76a744417a70d7a",
        "1532075f363e061133780ac959bf653c7687d181b9431215d6f62dd2f1ec3019d61c50fa82c70ae25e624c849a276b0c57d7c02a4d753f"
        "e84a1a6621e9a5ef01",
        "87ec30aa53acfc3d09ccc1d57d654fdbce403cd4",
        "65f5385dab06d375033a6a25926ef4bf5dc660737ab8ccef370af10cc9dcd7743cf273fd048f64b7301e",
    ),
    (
        0x0A,
        "d4dcb92a769f57c8bab8a420ee0aa351",
        "",
        "",
        "a8420281c08c5f087c9d54d5660847805b0fff2d6257f02bf849badfa8a29bee84ebe704a6eadc0beba0c33805d5843e167b1966aeba6a"
        "15b0f1f7b3db8c407a",
    ),
]


def prf(hash_name: str, secret: bytes, seed: bytes, size: int) -> bytes:
    """P_hash written once more, from RFC 5246, 5."""
    chain = [seed]
    output = b""
    while len(output) < size:
        chain.append(hmac.new(secret, chain[-1], hash_name).digest())
        output += hmac.new(secret, chain[-1] + seed, hash_name).digest()
    return output[:size]


def hkdf(hash_name: str, secret: bytes, salt: bytes, info: bytes, size: int) -> bytes:
    """RFC 5869, 2.2 and 2.3."""
    key = hmac.new(salt or bytes(1), secret, hash_name).digest()
    block, output = b"", b""
    for counter in range(1, 256):
        block = hmac.new(key, block + info + bytes([counter]), hash_name).digest()
        output += block
        if len(output) >= size:
            break
    return output[:size]


def derive_alike(param: int, secret: bytes, salt: bytes, info: bytes, size: int) -> bytes:
    if param in PRF:
        return prf(HASHES[param], secret, salt, size)
    return hkdf(HASHES[param], secret, salt, info, size)


def keep(probe: Probe, secret: bytes, oid: int = SECRET) -> None:
    """A pre-shared secret in a data object, as a host would write it."""
    probe.write(oid, secret, how=ERASE)
    probe.set_tags(oid, {Tag.TYPE: b"\x21", Tag.EXECUTE: b"\x00"})


def hold(probe: Probe, secret: bytes, origin: Origin = Origin.AGREED, oid: int = SESSION) -> None:
    """A secret in a session."""
    probe.machine.sessions[oid] = SessionSecret(secret, origin)


@pytest.mark.parametrize(("param", "secret", "seed", "expected"), PRF_VECTORS)
def test_published_prf_vectors(probe: Probe, param: int, secret: str, seed: str, expected: str) -> None:
    keep(probe, bytes.fromhex(secret))
    hold(probe, bytes.fromhex(secret))
    salt = b"test label" + bytes.fromhex(seed)
    for oid in (SECRET, SESSION):
        assert probe.ok(DERIVE, param, to_derive(oid, salt, len(expected) // 2)).hex() == expected


@pytest.mark.parametrize(("param", "secret", "salt", "info", "expected"), HKDF_VECTORS)
def test_published_hkdf_vectors(probe: Probe, param: int, secret: str, salt: str, info: str, expected: str) -> None:
    keep(probe, bytes.fromhex(secret))
    hold(probe, bytes.fromhex(secret))
    for oid in (SECRET, SESSION):
        data = to_derive(oid, bytes.fromhex(salt), len(expected) // 2, info=bytes.fromhex(info))
        assert probe.ok(DERIVE, param, data).hex() == expected


def test_hkdf_without_salt_and_info(probe: Probe) -> None:
    keep(probe, bytes.fromhex("0b" * 22))
    derived = probe.ok(DERIVE, 0x08, to_derive(SECRET, None, 42))
    assert derived.hex() == HKDF_VECTORS[1][4]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(PRF + HKDF),
    st.binary(min_size=1, max_size=64),
    st.one_of(st.binary(min_size=8, max_size=300), st.integers(8, 1024).map(bytes)),
    st.binary(max_size=256),
    st.integers(16, 256),
)
def test_every_size(param: int, secret: bytes, salt: bytes, info: bytes, size: int) -> None:
    hold(PROBE, secret)
    data = to_derive(SESSION, salt, size, info=info if param in HKDF else None)
    assert PROBE.ok(DERIVE, param, data) == derive_alike(param, secret, salt, info, size)


@pytest.mark.parametrize("param", PRF + HKDF)
def test_a_key_in_a_session_is_derived_from(probe: Probe, param: int) -> None:
    hold(probe, b"secret of a session")
    salt = b"label and seed"
    for size in (16, 48, 66):
        assert probe.ok(DERIVE, param, to_derive(SESSION, salt, size, OTHER_SESSION)) == b""
        inner = derive_alike(param, b"secret of a session", salt, b"", size)
        assert probe.ok(DERIVE, param, to_derive(OTHER_SESSION, salt, 40)) == derive_alike(param, inner, salt, b"", 40)
    assert probe.ok(DERIVE, param, to_derive(SESSION, salt, 16, SESSION)) == b""
    inner = derive_alike(param, b"secret of a session", salt, b"", 16)
    assert probe.ok(DERIVE, param, to_derive(SESSION, salt, 16)) == derive_alike(param, inner, salt, b"", 16)


@pytest.mark.parametrize(("param", "sizes"), [(p, (8, 1024)) for p in PRF] + [(p, (0, 1024)) for p in HKDF])
def test_limits_of_the_salt(probe: Probe, param: int, sizes: tuple[int, int]) -> None:
    hold(probe, bytes(32))
    for size in sizes:
        assert len(probe.ok(DERIVE, param, to_derive(SESSION, bytes(size), 16))) == 16
    for size in {max(sizes[0] - 1, 0), 1025} - set(sizes):
        assert probe.refused(DERIVE, param, to_derive(SESSION, bytes(size), 16)) is ErrorCode.INVALID_DATA


@pytest.mark.parametrize("param", PRF + HKDF)
def test_limits_of_the_key(probe: Probe, param: int) -> None:
    hold(probe, bytes(32))
    for size, target in ((16, None), (256, None), (16, OTHER_SESSION), (66, OTHER_SESSION)):
        assert len(probe.ok(DERIVE, param, to_derive(SESSION, bytes(8), size, target))) == (0 if target else size)
    for size, target in ((0, None), (15, None), (257, None), (0xFFFF, None), (15, OTHER_SESSION), (67, OTHER_SESSION)):
        refused = probe.refused(DERIVE, param, to_derive(SESSION, bytes(8), size, target))
        assert refused is ErrorCode.INVALID_DATA


def test_limits_of_info(probe: Probe) -> None:
    hold(probe, bytes(32))
    for param in HKDF:
        for size in (0, 256):
            assert len(probe.ok(DERIVE, param, to_derive(SESSION, None, 16, info=bytes(size)))) == 16
        refused = probe.refused(DERIVE, param, to_derive(SESSION, None, 16, info=bytes(257)))
        assert refused is ErrorCode.INVALID_DATA
    for param in PRF:
        assert probe.refused(DERIVE, param, to_derive(SESSION, bytes(8), 16, info=b"")) is ErrorCode.INVALID_DATA
        assert probe.refused(DERIVE, param, to_derive(SESSION, None, 16)) is ErrorCode.INVALID_DATA


def test_a_stored_secret_has_64_bytes_at_the_most(probe: Probe) -> None:
    keep(probe, bytes(64))
    assert probe.ok(DERIVE, 0x08, to_derive(SECRET, None, 16)) == hkdf("sha256", bytes(64), b"", b"", 16)
    keep(probe, bytes(65))
    assert probe.refused(DERIVE, 0x08, to_derive(SECRET, None, 16)) is ErrorCode.INVALID_DATA


def test_only_pre_shared_secrets_are_derived_from(probe: Probe) -> None:
    def refused(oid: int) -> ErrorCode:
        return probe.refused(DERIVE, 0x08, to_derive(oid, None, 16))

    for oid in (SECRET, 0xE0E8, 0xE140, 0xE0F0, 0xE120, 0xE200, 0xBEEF, 0xE104):
        assert refused(oid) is ErrorCode.INVALID_OID
    keep(probe, bytes(32))
    for kind in (0x00, 0x11, 0x22, 0x23, 0x31):
        probe.set_tags(SECRET, {Tag.TYPE: bytes([kind]), Tag.EXECUTE: b"\x00"})
        assert refused(SECRET) is ErrorCode.INVALID_OID
    probe.set_tags(SECRET, {Tag.TYPE: b"\x21"})
    assert probe.ok(DERIVE, 0x08, to_derive(SECRET, None, 16))


def test_the_execute_condition_guards_the_secret(probe: Probe) -> None:
    keep(probe, bytes(range(32)))
    probe.set_tags(SECRET, {Tag.READ: NEVER})
    assert probe.ok(DERIVE, 0x01, to_derive(SECRET, bytes(8), 16))
    probe.set_tags(SECRET, {Tag.EXECUTE: NEVER})
    assert probe.refused(DERIVE, 0x01, to_derive(SECRET, bytes(8), 16)) is DENIED
    probe.write(0xF1D1, bytes(32))
    probe.set_tags(0xF1D1, {Tag.TYPE: b"\x21"})  # without the tag nobody may
    assert probe.refused(DERIVE, 0x01, to_derive(0xF1D1, bytes(8), 16)) is DENIED


@pytest.mark.parametrize("origin", list(Origin))
def test_what_a_session_holds_says_what_it_is_for(probe: Probe, origin: Origin) -> None:
    """Random bytes are for an authorization; no command but that may use them."""
    hold(probe, bytes(32), origin)
    if origin is Origin.RANDOM:
        refused = probe.refused(DERIVE, 0x08, to_derive(SESSION, None, 16))
        assert refused is ErrorCode.COMMAND_OUT_OF_SEQUENCE
    else:
        assert probe.ok(DERIVE, 0x08, to_derive(SESSION, None, 16))


def test_sessions_without_a_secret(probe: Probe) -> None:
    assert probe.refused(DERIVE, 0x08, to_derive(SESSION, None, 16)) is ErrorCode.COMMAND_OUT_OF_SEQUENCE
    probe.generate(0x03, SESSION, 0x20)
    assert probe.refused(DERIVE, 0x01, to_derive(SESSION, bytes(8), 16)) is ErrorCode.COMMAND_OUT_OF_SEQUENCE


@pytest.mark.parametrize("param", [0x00, 0x04, 0x07, 0x0B, 0xFF])
def test_methods_that_are_none(probe: Probe, param: int) -> None:
    hold(probe, bytes(32))
    assert probe.refused(DERIVE, param, to_derive(SESSION, bytes(8), 16)) is ErrorCode.INVALID_PARAM


SOUND = to_derive(SESSION, bytes(8), 16)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", ErrorCode.INVALID_LENGTH),
        (SOUND[:-1], ErrorCode.INVALID_LENGTH),
        (SOUND[:-3], ErrorCode.INVALID_DATA),
        (SOUND[5:], ErrorCode.INVALID_DATA),
        (SOUND[:5] + SOUND[10:], ErrorCode.INVALID_DATA),
        (SOUND + bytes.fromhex("080002e101"), ErrorCode.INVALID_DATA),
        (SOUND + bytes.fromhex("060000"), ErrorCode.INVALID_DATA),
        (SOUND + SOUND[:5], ErrorCode.INVALID_DATA),
        (SOUND[:-3] + bytes.fromhex("07000100"), ErrorCode.INVALID_LENGTH),
        (SOUND[:-3] + bytes.fromhex("080002f1d0"), ErrorCode.INVALID_OID),
        (SOUND[:-3] + bytes.fromhex("080003e10000"), ErrorCode.INVALID_LENGTH),
        (bytes.fromhex("010001e1") + SOUND[5:], ErrorCode.INVALID_LENGTH),
        (SOUND[:5] + bytes.fromhex("03000110") + SOUND[10:], ErrorCode.INVALID_LENGTH),
    ],
)
def test_bad_data(probe: Probe, data: bytes, code: ErrorCode) -> None:
    hold(probe, bytes(32))
    for param in (0x01, 0x08):
        assert probe.refused(DERIVE, param, data) is code


def test_sessions_end_with_the_application(probe: Probe) -> None:
    from optiga.protocol.codes import APPLICATION_ID

    hold(probe, bytes(32))
    probe.ok(CommandCode.OPEN_APPLICATION, 0, APPLICATION_ID)
    assert probe.refused(DERIVE, 0x08, to_derive(SESSION, None, 16)) is ErrorCode.COMMAND_OUT_OF_SEQUENCE


@pytest.mark.parametrize("hash_param", PRF)
@pytest.mark.parametrize(("algorithm", "curve"), [(0x03, ec.SECP256R1()), (0x05, ec.SECP521R1())])
def test_the_key_schedule_of_tls(probe: Probe, hash_param: int, algorithm: int, curve: Any) -> None:
    """SRM, use case "Mutual Authentication establish session -toolbox-": only the key block leaves the chip."""
    server = ec.generate_private_key(curve)
    client_random, server_random = probe.ok(RANDOM, 0x00, two(32)), bytes(range(32))
    clients = probe.generate(algorithm, SESSION, 0x20)
    assert probe.ok(AGREE, 0x01, to_agree(SESSION, algorithm, public_of(server), SESSION)) == b""
    seed = b"master secret" + client_random + server_random
    assert probe.ok(DERIVE, hash_param, to_derive(SESSION, seed, 48, SESSION)) == b""
    key_block = probe.ok(DERIVE, hash_param, to_derive(SESSION, b"key expansion" + server_random + client_random, 104))
    finished = probe.ok(DERIVE, hash_param, to_derive(SESSION, b"client finished" + bytes(32), 16))

    point = ec.EllipticCurvePublicKey.from_encoded_point(curve, der.content_of(der.BIT_STRING, clients)[1:])
    name = HASHES[hash_param]
    master = prf(name, server.exchange(ec.ECDH(), point), seed, 48)
    assert key_block == prf(name, master, b"key expansion" + server_random + client_random, 104)
    assert finished == prf(name, master, b"client finished" + bytes(32), 16)


def test_the_key_of_a_slot_serves_as_well(probe: Probe) -> None:
    private, server = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    install_key(probe, 0xE0F2, 0x03, private, 0x20)
    probe.ok(AGREE, 0x01, to_agree(0xE0F2, 0x03, public_of(server), SESSION))
    expected = prf("sha256", server.exchange(ec.ECDH(), private.public_key()), b"eight or more", 32)
    assert probe.ok(DERIVE, 0x01, to_derive(SESSION, b"eight or more", 32)) == expected


PROBE = Probe()
items = st.one_of(
    st.tuples(st.just(0x01), st.sampled_from([0xE100, 0xF1D0, 0xE0F0, 0xBEEF]).map(two)),
    st.tuples(st.just(0x02), st.binary(max_size=20)),
    st.tuples(st.just(0x03), st.sampled_from([0, 15, 16, 66, 67, 256, 257]).map(two)),
    st.tuples(st.just(0x04), st.binary(max_size=20)),
    st.sampled_from([(0x07, b""), (0x08, two(0xE100)), (0x08, two(0xE0F1))]),
    st.tuples(st.integers(0, 9), st.binary(max_size=4)),
)


@pytest.mark.long
@settings(max_examples=150, deadline=None)
@given(st.integers(0, 0x0B), st.lists(items, max_size=6), st.integers(0, 3))
def test_whatever_comes_is_answered(param: int, given_items: list[tuple[int, bytes]], cut: int) -> None:
    hold(PROBE, bytes(32))
    data = b"".join(tlv.encode(*item) for item in given_items)
    PROBE.chip.execute(bytes([DERIVE | 0x80, param]) + two(max(len(data) - cut, 0)) + data[: max(len(data) - cut, 0)])
    assert PROBE.last_error() != ErrorCode.INTERNAL_PROCESS_ERROR
