"""CalcSSec (SRM, table 33), with the vectors of NIST and of RFC 7027."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from optiga.protocol import der, tlv
from optiga.protocol.codes import CommandCode, ErrorCode
from optiga.protocol.metadata import Tag
from tests.support.emulator.agreeing import (
    CURVES,
    OTHER_SESSION,
    SESSION,
    install_key,
    point,
    public_of,
    to_agree,
    to_derive,
)
from tests.support.emulator.emulated import ALWAYS, ECDSA, NEVER, Clock, Probe, key_target, to_sign, two

AGREE, DERIVE = CommandCode.CALC_SSEC, CommandCode.DERIVE_KEY
GEN, SIGN = CommandCode.GEN_KEY_PAIR, CommandCode.CALC_SIGN
ECDH = 0x01
KEY_AGREE = 0x20
DENIED = ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED

VECTORS = [
    # NIST CAVP, CAVS 14.1, ECC CDH Primitive (SP 800-56A, 5.7.1.2): curve, d, peer's x and y, Z; counts 0 and 1.
    (
        0x03,
        "7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534",
        "700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287",
        "db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac",
        "46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b",
    ),
    (
        0x03,
        "38f65d6dce47676044d58ce5139582d568f64bb16098d179dbab07741dd5caf5",
        "809f04289c64348c01515eb03d5ce7ac1a8cb9498f5caa50197e58d43a86a7ae",
        "b29d84e811197f25eba8f5194092cb6ff440e26d4421011372461f579271cda3",
        "057d636096cb80b67a8c038c890e887d1adfa4195e9b3ce241c8a778c59cda67",
    ),
    (
        0x04,
        "3cc3122a68f0d95027ad38c067916ba0eb8c38894d22e1b15618b6818a661774ad463b205da88cf699ab4d43c9cf98a1",
        "a7c76b970c3b5fe8b05d2838ae04ab47697b9eaf52e764592efda27fe7513272734466b400091adbf2d68c58e0c50066",
        "ac68f19f2e1cb879aed43a9969b91a0839c4c38a49749b661efedf243451915ed0905a32b060992b468c64766fc8437a",
        "5f9d29dc5e31a163060356213669c8ce132e22f57c9a04f40ba7fcead493b457e5621e766c40a2e3d4d6a04b25e533f1",
    ),
    (
        0x04,
        "92860c21bde06165f8e900c687f8ef0a05d14f290b3f07d8b3a8cc6404366e5d5119cd6d03fb12dc58e89f13df9cd783",
        "30f43fcf2b6b00de53f624f1543090681839717d53c7c955d1d69efaf0349b7363acb447240101cbb3af6641ce4b88e0",
        "25e46c0c54f0162a77efcc27b6ea792002ae2ba82714299c860857a68153ab62e525ec0530d81b5aa15897981e858757",
        "a23742a2c267d7425fda94b93f93bbcc24791ac51cd8fd501a238d40812f4cbfc59aac9520d758cf789c76300c69d2ff",
    ),
    (
        0x05,
        "017eecc07ab4b329068fba65e56a1f8890aa935e57134ae0ffcce802735151f4eac6564f6ee9974c5e6887a1fefee5743ae2241bfeb95d"
        "5ce31ddcb6f9edb4d6fc47",
        "00685a48e86c79f0f0875f7bc18d25eb5fc8c0b07e5da4f4370f3a9490340854334b1e1b87fa395464c60626124a4e70d0f785601d37c0"
        "9870ebf176666877a2046d",
        "01ba52c56fc8776d9e8f5db4f0cc27636d0b741bbe05400697942e80b739884a83bde99e0f6716939e632bc8986fa18dccd443a348b6c3"
        "e522497955a4f3c302f676",
        "005fc70477c3e63bc3954bd0df3ea0d1f41ee21746ed95fc5e1fdf90930d5e136672d72cc770742d1711c3c3a4c334a0ad9759436a4d3c"
        "5bf6e74b9578fac148c831",
    ),
    (
        0x05,
        "00816f19c1fb10ef94d4a1d81c156ec3d1de08b66761f03f06ee4bb9dcebbbfe1eaa1ed49a6a990838d8ed318c14d74cc872f95d05d07a"
        "d50f621ceb620cd905cfb8",
        "01df277c152108349bc34d539ee0cf06b24f5d3500677b4445453ccc21409453aafb8a72a0be9ebe54d12270aa51b3ab7f316aa5e74a95"
        "1c5e53f74cd95fc29aee7a",
        "013d52f33a9f3c14384d1587fa8abe7aed74bc33749ad9c570b471776422c7d4505d9b0a96b3bfac041e4c6a6990ae7f700e5b4a664022"
        "9112deafa0cd8bb0d089b0",
        "000b3920ac830ade812c8f96805da2236e002acbbf13596a9ab254d44d0e91b6255ebf1229f366fb5a05c5884ef46032c26d42189273ca"
        "4efa4c3db6bd12a6853759",
    ),
    # RFC 7027, appendix A: dA, x_qB, y_qB, x_Z.
    (
        0x13,
        "81DB1EE100150FF2EA338D708271BE38300CB54241D79950F77B063039804F1D",
        "8D2D688C6CF93E1160AD04CC4429117DC2C41825E1E9FCA0ADDD34E6F1B39F7B",
        "990C57520812BE512641E47034832106BC7D3E8DD0E4C7F1136D7006547CEC6A",
        "89AFC39D41D3B327814B80940B042590F96556EC91E6AE7939BCE31F3A18BF2B",
    ),
    (
        0x15,
        "1E20F5E048A5886F1F157C74E91BDE2B98C8B52D58E5003D57053FC4B0BD65D6F15EB5D1EE1610DF870795143627D042",
        "4D44326F269A597A5B58BBA565DA5556ED7FD9A8A9EB76C25F46DB69D19DC8CE6AD18E404B15738B2086DF37E71D1EB4",
        "62D692136DE56CBE93BF5FA3188EF58BC8A3A0EC6C1E151A21038A42E9185329B5B275903D192F8D4E1F32FE9CC78C48",
        "0BD9D3A7EA0B3D519D09D8E48D0785FB744A6B355E6304BC51C229FBBCE239BBADF6403715C35D4FB2A5444F575D4F42",
    ),
    (
        0x16,
        "16302FF0DBBB5A8D733DAB7141C1B45ACBC8715939677F6A56850A38BD87BD59B09E80279609FF333EB9D4C061231FB26F92EEB04982A5"
        "F1D1764CAD57665422",
        "9D45F66DE5D67E2E6DB6E93A59CE0BB48106097FF78A081DE781CDB31FCE8CCBAAEA8DD4320C4119F1E9CD437A2EAB3731FA9668AB268D"
        "871DEDA55A5473199F",
        "2FDC313095BCDD5FB3A91636F07A959C8E86B5636A1E930E8396049CB481961D365CC11453A06C719835475B12CB52FC3C383BCE35E27E"
        "F194512B71876285FA",
        "A7927098655F1F9976FA50A9D566865DC530331846381C87256BAF3226244B76D36403C024D7BBF0AA0803EAFF405D3D24F11A9B5C0BEF"
        "679FE1454B21C4CD1F",
    ),
]


@pytest.fixture(scope="module")
def peer() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize("oid", [0xE0F1, SESSION])
@pytest.mark.parametrize(("algorithm", "d", "x", "y", "z"), VECTORS)
def test_published_vectors(probe: Probe, oid: int, algorithm: int, d: str, x: str, y: str, z: str) -> None:
    private = ec.derive_private_key(int(d, 16), CURVES[algorithm])
    install_key(probe, oid, algorithm, private, KEY_AGREE)
    secret = probe.ok(AGREE, ECDH, to_agree(oid, algorithm, point(algorithm, x, y)))
    assert secret.hex() == z.lower()  # every byte of the coordinate, zeros in front as well


@pytest.mark.parametrize("algorithm", CURVES)
def test_both_sides_have_the_same_secret(probe: Probe, algorithm: int) -> None:
    public_key = probe.generate(algorithm, 0xE0F1, KEY_AGREE)
    other = ec.generate_private_key(CURVES[algorithm])
    chips = ec.EllipticCurvePublicKey.from_encoded_point(
        CURVES[algorithm], der.content_of(der.BIT_STRING, public_key)[1:]
    )
    secret = probe.ok(AGREE, ECDH, to_agree(0xE0F1, algorithm, public_of(other)))
    assert secret == other.exchange(ec.ECDH(), chips)


def test_two_chips_agree() -> None:
    one, two_ = Probe(), Probe()
    ones, twos = one.generate(0x05, SESSION, KEY_AGREE), two_.generate(0x05, 0xE0F3, KEY_AGREE)
    secret = one.ok(AGREE, ECDH, to_agree(SESSION, 0x05, twos))
    assert secret == two_.ok(AGREE, ECDH, to_agree(0xE0F3, 0x05, ones))
    assert len(secret) == 66


@pytest.mark.parametrize("algorithm", CURVES)
def test_a_secret_stays_in_a_session(probe: Probe, algorithm: int) -> None:
    """What is derived from it there is derived from the very secret that goes out."""
    probe.generate(algorithm, 0xE0F1, KEY_AGREE)
    public_key = public_of(ec.generate_private_key(CURVES[algorithm]))
    assert probe.ok(AGREE, ECDH, to_agree(0xE0F1, algorithm, public_key, SESSION)) == b""
    secret = probe.ok(AGREE, ECDH, to_agree(0xE0F1, algorithm, public_key))
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    derived = probe.ok(DERIVE, 0x08, to_derive(SESSION, None, 32))
    assert derived == HKDF(hashes.SHA256(), 32, None, b"").derive(secret)


def test_a_secret_takes_the_place_of_the_key_in_its_session(probe: Probe, peer: ec.EllipticCurvePrivateKey) -> None:
    probe.generate(0x03, SESSION, 0x30)
    assert probe.sign(SESSION, bytes(32))
    probe.ok(AGREE, ECDH, to_agree(SESSION, 0x03, public_of(peer), SESSION))
    assert probe.refused(SIGN, ECDSA, to_sign(SESSION, bytes(32))) is ErrorCode.COMMAND_OUT_OF_SEQUENCE
    again = to_agree(SESSION, 0x03, public_of(peer))
    assert probe.refused(AGREE, ECDH, again) is ErrorCode.COMMAND_OUT_OF_SEQUENCE
    assert probe.ok(DERIVE, 0x01, to_derive(SESSION, bytes(8), 16))


@pytest.mark.parametrize("usage", [0x20, 0x21, 0x33])
def test_keys_that_may_agree(probe: Probe, peer: ec.EllipticCurvePrivateKey, usage: int) -> None:
    for oid in (0xE0F1, SESSION):
        probe.generate(0x03, oid, usage)
        assert len(probe.ok(AGREE, ECDH, to_agree(oid, 0x03, public_of(peer)))) == 32


@pytest.mark.parametrize("usage", [0x01, 0x02, 0x10, 0x13])
def test_keys_that_may_not_agree(probe: Probe, peer: ec.EllipticCurvePrivateKey, usage: int) -> None:
    for oid in (0xE0F1, SESSION):
        probe.generate(0x03, oid, usage)
        refused = probe.refused(AGREE, ECDH, to_agree(oid, 0x03, public_of(peer)))
        assert refused is ErrorCode.UNSUPPORTED_EXTENSION


def test_the_execute_condition_guards_the_key(probe: Probe, peer: ec.EllipticCurvePrivateKey) -> None:
    probe.generate(0x03, 0xE0F1, KEY_AGREE)
    probe.set_tags(0xE0F1, {Tag.EXECUTE: NEVER})
    assert probe.refused(AGREE, ECDH, to_agree(0xE0F1, 0x03, public_of(peer))) is DENIED
    probe.set_tags(0xE0F1, {Tag.EXECUTE: ALWAYS})
    assert probe.ok(AGREE, ECDH, to_agree(0xE0F1, 0x03, public_of(peer)))


def test_other_keys_do_not_agree(probe: Probe, peer: ec.EllipticCurvePrivateKey) -> None:
    def refused(oid: int) -> ErrorCode:
        return probe.refused(AGREE, ECDH, to_agree(oid, 0x03, public_of(peer)))

    assert refused(0xE0F2) is ErrorCode.COMMAND_OUT_OF_SEQUENCE  # no key in it yet
    assert refused(SESSION) is ErrorCode.COMMAND_OUT_OF_SEQUENCE
    for oid in (0xE0E1, 0xF1D0, 0xE200, 0xBEEF):
        assert refused(oid) is ErrorCode.INVALID_OID
    probe.generate(0x41, 0xE0FC, 0x33)
    assert refused(0xE0FC) is ErrorCode.UNSUPPORTED_EXTENSION


def test_public_keys_that_do_not_fit(probe: Probe, peer: ec.EllipticCurvePrivateKey) -> None:
    probe.generate(0x03, 0xE0F1, KEY_AGREE)
    good = public_of(peer)
    x = der.content_of(der.BIT_STRING, good)[2:34]
    off_the_curve = good[:-1] + bytes([good[-1] ^ 1])
    compressed = der.encode(der.BIT_STRING, b"\x00\x02" + x)
    infinity = bytes.fromhex("03020000")
    other_curve = public_of(ec.generate_private_key(ec.SECP384R1()))
    brainpool = public_of(ec.generate_private_key(ec.BrainpoolP256R1()))
    for public_key in (off_the_curve, compressed, infinity, other_curve, brainpool, good[3:], b""):
        assert probe.refused(AGREE, ECDH, to_agree(0xE0F1, 0x03, public_key)) is ErrorCode.INVALID_DATA
    for algorithm, public_key in ((0x04, other_curve), (0x13, brainpool)):
        assert probe.refused(AGREE, ECDH, to_agree(0xE0F1, algorithm, public_key)) is ErrorCode.INVALID_DATA
    for algorithm in (0x00, 0x81, 0xE2):
        assert probe.refused(AGREE, ECDH, to_agree(0xE0F1, algorithm, good)) is ErrorCode.UNSUPPORTED_PARAMETERS
    assert len(probe.ok(AGREE, ECDH, to_agree(0xE0F1, 0x03, good))) == 32


class TestSecurityEvents:
    """Real chips count a use of the key when the other point is off its curve, and none for what is no point."""

    @pytest.fixture
    def bench(self) -> Probe:
        probe = Probe(clock=Clock())
        probe.generate(0x03, 0xE0F1, KEY_AGREE)
        return probe

    def events(self, probe: Probe, oid: int, public_key: bytes, algorithm: int = 0x03) -> int:
        before = probe.read(0xE0C5)[0]
        assert probe.refused(AGREE, ECDH, to_agree(oid, algorithm, public_key)) is ErrorCode.INVALID_DATA
        return probe.read(0xE0C5)[0] - before

    def test_points_off_the_curve(self, bench: Probe, peer: ec.EllipticCurvePrivateKey) -> None:
        good = public_of(peer)
        other_curve = public_of(ec.generate_private_key(ec.BrainpoolP256R1()))
        for off in (good[:-1] + bytes([good[-1] ^ 1]), good[:-64] + bytes(64), good[:-64] + b"\xff" * 64, other_curve):
            assert self.events(bench, 0xE0F1, off) == 1

    def test_what_is_no_point_of_its_form(self, bench: Probe, peer: ec.EllipticCurvePrivateKey) -> None:
        good = public_of(peer)
        compressed = der.encode(der.BIT_STRING, b"\x00\x02" + good[4:36])
        longer = public_of(ec.generate_private_key(ec.SECP384R1()))
        for wrong in (compressed, longer, good[:-1], good[3:], b""):
            assert self.events(bench, 0xE0F1, wrong) == 0
        assert self.events(bench, 0xE0F1, public_of(ec.generate_private_key(ec.BrainpoolP256R1())), 0x13) == 0

    def test_keys_of_sessions_do_not_count(self, bench: Probe, peer: ec.EllipticCurvePrivateKey) -> None:
        bench.generate(0x03, SESSION, KEY_AGREE)
        good = public_of(peer)
        assert self.events(bench, SESSION, good[:-1] + bytes([good[-1] ^ 1])) == 0

    def test_a_linked_counter_counts_it_too(self, bench: Probe, peer: ec.EllipticCurvePrivateKey) -> None:
        bench.write(0xE120, bytes.fromhex("0000000000000003"))
        bench.set_tags(0xE0F1, {Tag.EXECUTE: bytes.fromhex("40e120")})
        good = public_of(peer)
        assert self.events(bench, 0xE0F1, good[:-1] + bytes([good[-1] ^ 1])) == 1
        assert self.events(bench, 0xE0F1, good[3:]) == 0
        assert bench.read(0xE120).hex() == "0000000100000003"


def test_an_object_without_a_key(probe: Probe, peer: ec.EllipticCurvePrivateKey) -> None:
    """Seen on real chips: the error for a sequence; the other commands have that for a use that cannot be."""
    assert probe.refused(AGREE, ECDH, to_agree(0xE0F2, 0x03, public_of(peer))) is ErrorCode.COMMAND_OUT_OF_SEQUENCE
    assert probe.refused(SIGN, ECDSA, to_sign(0xE0F2, bytes(32))) is ErrorCode.UNSUPPORTED_EXTENSION
    probe.generate(0x03, 0xE0F2, KEY_AGREE)
    assert len(probe.ok(AGREE, ECDH, to_agree(0xE0F2, 0x03, public_of(peer)))) == 32


@pytest.mark.parametrize("param", [0x00, 0x02, 0x11, 0xFF])
def test_schemes_that_are_none(probe: Probe, peer: ec.EllipticCurvePrivateKey, param: int) -> None:
    assert probe.refused(AGREE, param, to_agree(0xE0F0, 0x03, public_of(peer))) is ErrorCode.INVALID_PARAM


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda sound: b"", ErrorCode.INVALID_LENGTH),
        (lambda sound: sound[:-3], ErrorCode.INVALID_DATA),
        (lambda sound: sound[:-1], ErrorCode.INVALID_LENGTH),
        (lambda sound: sound + bytes.fromhex("080002e100"), ErrorCode.INVALID_DATA),
        (lambda sound: sound + bytes.fromhex("020000"), ErrorCode.INVALID_DATA),
        (lambda sound: sound[5:], ErrorCode.INVALID_DATA),
        (lambda sound: sound + sound[:5], ErrorCode.INVALID_DATA),
        (lambda sound: sound[:-3] + bytes.fromhex("07000100"), ErrorCode.INVALID_LENGTH),
        (lambda sound: sound[:-3] + bytes.fromhex("080001e1"), ErrorCode.INVALID_LENGTH),
        (lambda sound: sound[:-3] + bytes.fromhex("080002e0f1"), ErrorCode.INVALID_OID),
        (lambda sound: sound[:-3] + bytes.fromhex("080002f1d0"), ErrorCode.INVALID_OID),
        (lambda sound: sound[:-3] + bytes.fromhex("080002e104"), ErrorCode.INVALID_OID),
        (lambda sound: b"\x01\x00\x01\xe0" + sound[5:], ErrorCode.INVALID_LENGTH),
        (lambda sound: sound[:5] + b"\x05\x00\x02\x00\x03" + sound[9:], ErrorCode.INVALID_LENGTH),
    ],
)
def test_bad_data(probe: Probe, peer: ec.EllipticCurvePrivateKey, change: Any, code: ErrorCode) -> None:
    probe.generate(0x03, 0xE0F1, KEY_AGREE)
    sound = to_agree(0xE0F1, 0x03, public_of(peer))
    assert probe.refused(AGREE, ECDH, change(sound)) is code


def test_what_fails_leaves_the_session_as_it_is(probe: Probe, peer: ec.EllipticCurvePrivateKey) -> None:
    probe.generate(0x03, 0xE0F1, KEY_AGREE)
    probe.ok(AGREE, ECDH, to_agree(0xE0F1, 0x03, public_of(peer), SESSION))
    before = probe.ok(DERIVE, 0x08, to_derive(SESSION, None, 32))
    assert probe.refused(AGREE, ECDH, to_agree(0xE0F1, 0x03, b"\x03\x00", SESSION))
    assert probe.ok(DERIVE, 0x08, to_derive(SESSION, None, 32)) == before


def test_a_key_made_in_a_session_takes_the_place_of_a_secret(probe: Probe, peer: ec.EllipticCurvePrivateKey) -> None:
    probe.generate(0x03, 0xE0F1, KEY_AGREE)
    probe.ok(AGREE, ECDH, to_agree(0xE0F1, 0x03, public_of(peer), OTHER_SESSION))
    probe.ok(GEN, 0x03, key_target(OTHER_SESSION, KEY_AGREE))
    refused = probe.refused(DERIVE, 0x08, to_derive(OTHER_SESSION, None, 32))
    assert refused is ErrorCode.COMMAND_OUT_OF_SEQUENCE


PROBE = Probe()
PROBE.generate(0x03, 0xE0F1, KEY_AGREE)


@pytest.mark.long
@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just(0x01), st.sampled_from([0xE0F1, 0xE100, 0xE0FC, 0xBEEF]).map(two)),
            st.tuples(st.just(0x05), st.sampled_from([b"\x03", b"\x05", b"\x41"])),
            st.tuples(st.just(0x06), st.binary(max_size=70)),
            st.sampled_from([(0x07, b""), (0x08, two(0xE100)), (0x08, two(0xE0F1))]),
            st.tuples(st.integers(0, 9), st.binary(max_size=4)),
        ),
        max_size=5,
    ),
    st.integers(0, 3),
)
def test_whatever_comes_is_answered(items: list[tuple[int, bytes]], cut: int) -> None:
    data = b"".join(tlv.encode(*item) for item in items)
    assert PROBE.refused(AGREE, ECDH, data[: len(data) - cut]) is not ErrorCode.INTERNAL_PROCESS_ERROR
