"""GenKeyPair, CalcSign and VerifySign, checked with the cryptography library (SRM, tables 29 to 31)."""

from __future__ import annotations

import hashlib
from typing import Any, cast

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from optiga.emulator import MemoryStore, keys
from optiga.protocol import der, tlv
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import CommandCode, ErrorCode, SignatureScheme
from optiga.protocol.metadata import Tag
from tests.support.emulator.agreeing import CURVES, size_of
from tests.support.emulator.emulated import (
    ALWAYS,
    BELOW_OPERATIONAL,
    ECDSA,
    NEVER,
    Probe,
    in_der,
    key_target,
    to_sign,
    two,
)

GEN, SIGN, VERIFY = CommandCode.GEN_KEY_PAIR, CommandCode.CALC_SIGN, CommandCode.VERIFY_SIGN
RSA_BITS = {0x41: 1024, 0x42: 2048}
RSA_HASHES = {0x01: hashes.SHA256(), 0x02: hashes.SHA384(), 0x03: hashes.SHA512()}
UNCOMPRESSED = PublicFormat.UncompressedPoint
DENIED = ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED


@pytest.fixture(scope="module")
def rsa_probe() -> tuple[Probe, bytes, bytes]:
    """A chip with an RSA-1024 key in 0xE0FC and an RSA-2048 key in 0xE0FD; the public keys."""
    probe = Probe()
    return probe, probe.generate(0x41, 0xE0FC), probe.generate(0x42, 0xE0FD)


def ec_public(algorithm: int, bit_string: bytes) -> ec.EllipticCurvePublicKey:
    point = der.content_of(der.BIT_STRING, bit_string)
    assert point[:2] == b"\x00\x04"
    return ec.EllipticCurvePublicKey.from_encoded_point(CURVES[algorithm], point[1:])


def rsa_public(bit_string: bytes) -> rsa.RSAPublicKey:
    wrapped = der.encode(der.SEQUENCE, bytes.fromhex("300d06092a864886f70d0101010500") + bit_string)
    key = load_der_public_key(wrapped)
    assert isinstance(key, rsa.RSAPublicKey)
    return key


def verify_ec(algorithm: int, public_key: bytes, digest: bytes, signature: bytes) -> None:
    """Verify with a hash of 64 bytes, in front of which zeros do not change the number that is signed."""
    key = ec_public(algorithm, public_key)
    exact = {32: hashes.SHA256(), 48: hashes.SHA384(), 64: hashes.SHA512()}
    if len(digest) not in exact:
        digest = digest.rjust(min(size_of(algorithm), 64), b"\x00")
    key.verify(in_der(signature), digest, ec.ECDSA(Prehashed(exact[len(digest)])))


def to_verify(
    digest: bytes, signature: bytes, *, oid: int | None = None, given: tuple[int, bytes] | None = None
) -> bytes:
    data = tlv.encode(0x01, digest) + tlv.encode(0x02, signature)
    if oid is not None:
        data += tlv.encode(0x04, two(oid))
    if given is not None:
        data += tlv.encode(0x05, bytes([given[0]])) + tlv.encode(0x06, given[1])
    return data


@pytest.mark.parametrize("algorithm", CURVES)
def test_signatures_on_every_curve(probe: Probe, algorithm: int) -> None:
    public_key = probe.generate(algorithm, 0xE0F1, 0x11)
    metadata = probe.metadata(0xE0F1)
    assert metadata.get(Tag.ALGORITHM) == bytes([algorithm])
    assert metadata.get(Tag.KEY_USAGE) == b"\x11"
    size = size_of(algorithm)
    for length in {10, 20, 32, min(size, 64)}:
        digest = hashlib.shake_128(bytes([length])).digest(length)
        signature = probe.sign(0xE0F1, digest)
        verify_ec(algorithm, public_key, digest, signature)
        assert probe.ok(VERIFY, ECDSA, to_verify(digest, signature, given=(algorithm, public_key))) == b""


@pytest.mark.parametrize("algorithm", CURVES)
def test_digests_of_other_sizes_are_refused(probe: Probe, algorithm: int) -> None:
    """ "10 bytes up to the length of the addressed signature key" (footnote to CalcSign)."""
    probe.generate(algorithm, 0xE0F1)
    size = size_of(algorithm)
    assert probe.sign(0xE0F1, bytes(range(size)))
    for length in (0, 9, size + 1):
        assert probe.refused(SIGN, ECDSA, to_sign(0xE0F1, bytes(length))) is ErrorCode.INVALID_DATA


def test_a_digest_of_66_bytes_is_cut_to_521_bits(probe: Probe) -> None:
    public_key = probe.generate(0x05, 0xE0F1)
    number = (1 << 511) + 12345
    digest = (number << 7 | 0x55).to_bytes(66, "big")  # the lowest 7 of its 528 bits do not count
    verify_ec(0x05, public_key, number.to_bytes(64, "big"), probe.sign(0xE0F1, digest))


@pytest.mark.parametrize(
    ("algorithm", "r", "s", "answered"),
    [
        (KeyAlgorithm.SECP256R1, 1, 1 << 255, f"0220{'00' * 31}01 022100 80{'00' * 31}"),
        (KeyAlgorithm.SECP256R1, 0x80 << 240, 5 << 248, f"022000 80{'00' * 30} 022005{'00' * 31}"),
        (KeyAlgorithm.BRAINPOOLP384R1, 7, (1 << 384) - 1, f"0230{'00' * 47}07 023100{'ff' * 48}"),
        (KeyAlgorithm.SECP521R1, 1 << 520, 1 << 512, f"024201{'00' * 65} 02420001{'00' * 64}"),
        (KeyAlgorithm.SECP521R1, 1 << 504, 0x80 << 504, f"02420000 01{'00' * 63} 0242000080{'00' * 63}"),
    ],
    ids=["short", "full", "384 bits", "521 bits", "shorter"],
)
def test_r_and_s_are_as_long_as_a_coordinate(algorithm: KeyAlgorithm, r: int, s: int, answered: str) -> None:
    """ "The size of R and S components is based on the key size chosen" (notes to "ECDSA Signature")."""

    class Drawn:
        def sign(self, *_: object) -> bytes:
            return encode_dss_signature(r, s)

    assert keys.sign(cast("Any", Drawn()), algorithm, SignatureScheme.ECDSA, bytes(32)) == bytes.fromhex(answered)


def test_a_signature_verifies_with_zeros_and_without(probe: Probe) -> None:
    public_key = probe.generate(0x05, 0xE0F1)
    signatures = [probe.sign(0xE0F1, bytes(32)) for _ in range(30)]
    assert {len(signature) for signature in signatures} == {136}
    for signature in signatures:
        short = der.content_of(der.SEQUENCE, in_der(signature))
        for form in (signature, short, b"\x02\x43\x00" + signature[2:]):
            assert probe.ok(VERIFY, ECDSA, to_verify(bytes(32), form, given=(0x05, public_key))) == b""
    for form in (b"\x02\x45" + bytes(3) + signatures[0][2:], signatures[0] + b"\x00", signatures[0][:68]):
        refused = probe.refused(VERIFY, ECDSA, to_verify(bytes(32), form, given=(0x05, public_key)))
        assert refused is ErrorCode.SIGNATURE_VERIFICATION_FAILURE


def test_ecdsa_signatures_differ_and_have_no_sequence(probe: Probe) -> None:
    probe.generate(0x03, 0xE0F1)
    signatures = {probe.sign(0xE0F1, bytes(32)) for _ in range(20)}
    assert len(signatures) == 20
    for signature in signatures:
        r, rest = der.take_integer(signature)
        s, end = der.take_integer(rest)
        assert (signature[0], end) == (0x02, b"")
        assert 0 < r < 1 << 256
        assert 0 < s < 1 << 256


@pytest.mark.parametrize("algorithm", RSA_BITS)
@pytest.mark.parametrize("scheme", RSA_HASHES)
def test_rsa_signatures(rsa_probe: tuple[Probe, bytes, bytes], algorithm: int, scheme: int) -> None:
    probe, *public_keys = rsa_probe
    oid, bit_string = (0xE0FC, public_keys[0]) if algorithm == 0x41 else (0xE0FD, public_keys[1])
    key = rsa_public(bit_string)
    assert (key.key_size, key.public_numbers().e) == (RSA_BITS[algorithm], 65537)
    digest = hashlib.new(RSA_HASHES[scheme].name, b"message").digest()
    signature = probe.sign(oid, digest, scheme)
    assert len(signature) == RSA_BITS[algorithm] // 8
    key.verify(signature, b"message", padding.PKCS1v15(), RSA_HASHES[scheme])
    assert probe.ok(VERIFY, scheme, to_verify(digest, signature, given=(algorithm, bit_string))) == b""
    for length in (len(digest) - 1, len(digest) + 1):
        assert probe.refused(SIGN, scheme, to_sign(oid, bytes(length))) is ErrorCode.INVALID_DATA


def test_rsa_key_as_the_manuals_example_writes_it(rsa_probe: tuple[Probe, bytes, bytes]) -> None:
    """The exponent there is 02 04 00 01 00 01, with a zero too many."""
    probe, public_key, _ = rsa_probe
    numbers = rsa_public(public_key).public_numbers()
    modulus = der.encode(der.INTEGER, b"\x00" + numbers.n.to_bytes(128, "big"))
    content = der.encode(der.SEQUENCE, modulus + bytes.fromhex("020400010001"))
    example = der.encode(der.BIT_STRING, b"\x00" + content)
    assert example[:3].hex() == "03818e"
    digest = bytes(range(32))
    assert probe.ok(VERIFY, 0x01, to_verify(digest, probe.sign(0xE0FC, digest, 0x01), given=(0x41, example))) == b""


def test_keys_survive_power_off() -> None:
    store = MemoryStore()
    probe = Probe(store)
    public_key = probe.generate(0x04, 0xE0F2)
    again = Probe(store)
    verify_ec(0x04, public_key, bytes(48), again.sign(0xE0F2, bytes(48)))


def test_a_new_pair_replaces_the_old_one(probe: Probe) -> None:
    old = probe.generate(0x03, 0xE0F1)
    probe.sign(0xE0F1, bytes(32))
    new = probe.generate(0x03, 0xE0F1)
    signature = probe.sign(0xE0F1, bytes(32))
    verify_ec(0x03, new, bytes(32), signature)
    with pytest.raises(InvalidSignature):
        verify_ec(0x03, old, bytes(32), signature)


def test_the_identity_key_signs_but_is_never_replaced(probe: Probe) -> None:
    assert probe.sign(0xE0F0, bytes(32))
    before = probe.metadata(0xE0F0)
    assert probe.refused(GEN, 0x03, key_target(0xE0F0)) is DENIED
    assert probe.metadata(0xE0F0) == before


@pytest.mark.parametrize("usage", [0x01, 0x10, 0x11, 0x13, 0x33])
def test_keys_that_may_sign(probe: Probe, usage: int) -> None:
    probe.generate(0x03, 0xE0F1, usage)
    assert probe.sign(0xE0F1, bytes(32))


@pytest.mark.parametrize("usage", [0x02, 0x20, 0x22])
def test_keys_that_may_not_sign(probe: Probe, usage: int) -> None:
    probe.generate(0x03, 0xE0F1, usage)
    assert probe.refused(SIGN, ECDSA, to_sign(0xE0F1, bytes(32))) is ErrorCode.UNSUPPORTED_EXTENSION


def test_usage_in_the_metadata_is_what_counts(probe: Probe) -> None:
    probe.generate(0x03, 0xE0F1, 0x10)
    probe.set_tags(0xE0F1, {Tag.KEY_USAGE: b"\x20"})
    assert probe.refused(SIGN, ECDSA, to_sign(0xE0F1, bytes(32))) is ErrorCode.UNSUPPORTED_EXTENSION
    probe.set_tags(0xE0F1, {Tag.KEY_USAGE: b"\x01"})
    assert probe.sign(0xE0F1, bytes(32))


@pytest.mark.parametrize("usage", [0x00, 0x04, 0x08, 0x40, 0x91])
def test_usages_that_are_none(probe: Probe, usage: int) -> None:
    assert probe.refused(GEN, 0x03, key_target(0xE0F1, usage)) is ErrorCode.INVALID_DATA


def test_an_empty_slot_does_not_sign(probe: Probe) -> None:
    assert probe.refused(SIGN, ECDSA, to_sign(0xE0F3, bytes(32))) is ErrorCode.UNSUPPORTED_EXTENSION


def test_the_execute_condition_guards_signing(probe: Probe) -> None:
    probe.generate(0x03, 0xE0F1)
    assert probe.sign(0xE0F1, bytes(32))
    probe.set_tags(0xE0F1, {Tag.EXECUTE: NEVER})
    assert probe.refused(SIGN, ECDSA, to_sign(0xE0F1, bytes(32))) is DENIED
    probe.set_tags(0xE0F1, {Tag.EXECUTE: BELOW_OPERATIONAL})
    assert probe.sign(0xE0F1, bytes(32))
    probe.set_tags(0xE0F1, {Tag.LCSO: b"\x07"})
    assert probe.refused(SIGN, ECDSA, to_sign(0xE0F1, bytes(32))) is DENIED


def test_the_change_condition_guards_the_key(probe: Probe) -> None:
    public_key = probe.generate(0x03, 0xE0F1)
    probe.set_tags(0xE0F1, {Tag.LCSO: b"\x07"})
    assert probe.refused(GEN, 0x03, key_target(0xE0F1)) is DENIED
    verify_ec(0x03, public_key, bytes(32), probe.sign(0xE0F1, bytes(32)))


@pytest.mark.parametrize(
    ("algorithm", "oid"), [(0x03, 0xE0FC), (0x41, 0xE0F1), (0x03, 0xE200), (0x03, 0xF1D0), (0x03, 0xBEEF)]
)
def test_pairs_go_where_they_belong(probe: Probe, algorithm: int, oid: int) -> None:
    assert probe.refused(GEN, algorithm, key_target(oid)) is ErrorCode.INVALID_OID


@pytest.mark.parametrize("algorithm", [0x00, 0x06, 0x14, 0x43, 0x81, 0x83, 0xE2])
def test_algorithms_of_which_there_are_no_pairs(probe: Probe, algorithm: int) -> None:
    assert probe.refused(GEN, algorithm, key_target(0xE0F1)) is ErrorCode.INVALID_PARAM


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("", ErrorCode.INVALID_LENGTH),
        ("010002", ErrorCode.INVALID_LENGTH),
        ("010002e0f1", ErrorCode.INVALID_DATA),
        ("02000110", ErrorCode.INVALID_DATA),
        ("010002e0f10200011007 0000", ErrorCode.INVALID_DATA),
        ("010002e0f1010002e0f102000110", ErrorCode.INVALID_DATA),
        ("010001e002000110", ErrorCode.INVALID_LENGTH),
        ("010002e0f10200021000", ErrorCode.INVALID_LENGTH),
        ("07000100", ErrorCode.INVALID_LENGTH),
        ("030002e0f102000110", ErrorCode.INVALID_DATA),
    ],
)
def test_bad_data_of_gen_key_pair(probe: Probe, data: str, code: ErrorCode) -> None:
    before = probe.metadata(0xE0F1)
    assert probe.refused(GEN, 0x03, bytes.fromhex(data)) is code
    assert probe.metadata(0xE0F1) == before


@pytest.mark.parametrize("algorithm", CURVES)
def test_ec_pairs_in_plain(probe: Probe, algorithm: int) -> None:
    (private_tag, private), (public_tag, public) = tlv.decode(probe.ok(GEN, algorithm, bytes.fromhex("070000")))
    assert (private_tag, public_tag) == (0x01, 0x02)
    scalar = der.content_of(der.OCTET_STRING, private)
    assert len(scalar) == size_of(algorithm)
    key = ec.derive_private_key(int.from_bytes(scalar, "big"), CURVES[algorithm])
    assert key.public_key() == ec_public(algorithm, public)


def test_an_rsa_pair_in_plain(probe: Probe) -> None:
    (_, private), (_, public) = tlv.decode(probe.ok(GEN, 0x41, bytes.fromhex("070000")))
    exponent = der.content_of(der.OCTET_STRING, private)
    assert private[:3].hex() == "048180"
    numbers = rsa_public(public).public_numbers()
    assert pow(pow(42, numbers.e, numbers.n), int.from_bytes(exponent, "big"), numbers.n) == 42


def test_a_pair_in_a_session_is_gone_with_it(probe: Probe) -> None:
    public_key = probe.generate(0x03, 0xE102)
    verify_ec(0x03, public_key, bytes(32), probe.sign(0xE102, bytes(32)))
    assert probe.refused(SIGN, ECDSA, to_sign(0xE101, bytes(32)))
    probe.generate(0x03, 0xE102, 0x20)
    assert probe.refused(SIGN, ECDSA, to_sign(0xE102, bytes(32))) is ErrorCode.UNSUPPORTED_EXTENSION


@pytest.mark.parametrize("oid", [0xE0E1, 0xF1D0, 0xBEEF, 0xE200])
def test_signing_takes_a_private_key(probe: Probe, oid: int) -> None:
    assert probe.refused(SIGN, ECDSA, to_sign(oid, bytes(32))) is ErrorCode.INVALID_OID


@pytest.mark.parametrize("scheme", [0x00, 0x04, 0x10, 0x12, 0xFF])
def test_schemes_that_are_none(probe: Probe, scheme: int) -> None:
    assert probe.refused(SIGN, scheme, to_sign(0xE0F0, bytes(32))) is ErrorCode.INVALID_PARAM
    assert probe.refused(VERIFY, scheme, to_verify(bytes(32), b"x", oid=0xE0E8)) is ErrorCode.INVALID_PARAM


def test_schemes_that_are_not_the_keys(rsa_probe: tuple[Probe, bytes, bytes]) -> None:
    probe, _, _ = rsa_probe
    assert probe.refused(SIGN, 0x01, to_sign(0xE0F0, bytes(32))) is ErrorCode.INVALID_PARAM
    assert probe.refused(SIGN, ECDSA, to_sign(0xE0FC, bytes(32))) is ErrorCode.INVALID_PARAM


def test_wrong_signatures_are_refused(probe: Probe) -> None:
    public_key = probe.generate(0x03, 0xE0F1)
    digest, other = bytes(32), bytes(31) + b"\x01"
    signature = probe.sign(0xE0F1, digest)
    stranger = probe.generate(0x03, 0xE0F2)
    wrong = ErrorCode.SIGNATURE_VERIFICATION_FAILURE
    assert probe.refused(VERIFY, ECDSA, to_verify(other, signature, given=(0x03, public_key))) is wrong
    assert probe.refused(VERIFY, ECDSA, to_verify(digest, signature, given=(0x03, stranger))) is wrong
    flipped = signature[:-1] + bytes([signature[-1] ^ 1])
    assert probe.refused(VERIFY, ECDSA, to_verify(digest, flipped, given=(0x03, public_key))) is wrong
    assert probe.refused(VERIFY, ECDSA, to_verify(digest, in_der(signature), given=(0x03, public_key))) is wrong
    assert probe.ok(VERIFY, ECDSA, to_verify(digest, signature, given=(0x03, public_key))) == b""


@pytest.mark.parametrize(
    "public_key",
    ["", "0300", "03420004" + "00" * 64, "03420104" + "00" * 64, "0322000200" + "00" * 31, "04420004" + "00" * 64],
)
def test_public_keys_that_are_none(probe: Probe, public_key: str) -> None:
    data = to_verify(bytes(32), bytes.fromhex("020101020101"), given=(0x03, bytes.fromhex(public_key)))
    assert probe.refused(VERIFY, ECDSA, data) is ErrorCode.INVALID_DATA


def test_compressed_points_are_refused(probe: Probe) -> None:
    point = der.content_of(der.BIT_STRING, probe.generate(0x03, 0xE0F1))[1:]
    compressed = der.encode(der.BIT_STRING, b"\x00" + bytes([2 + point[-1] % 2]) + point[1:33])
    data = to_verify(bytes(32), probe.sign(0xE0F1, bytes(32)), given=(0x03, compressed))
    assert probe.refused(VERIFY, ECDSA, data) is ErrorCode.INVALID_DATA


def test_verifying_takes_one_way_to_the_key(probe: Probe) -> None:
    public_key = probe.generate(0x03, 0xE0F1)
    signature = probe.sign(0xE0F1, bytes(32))
    both = to_verify(bytes(32), signature, oid=0xE0E8, given=(0x03, public_key))
    neither = to_verify(bytes(32), signature)
    for data in (both, neither):
        assert probe.refused(VERIFY, ECDSA, data) is ErrorCode.INVALID_DATA
    assert probe.refused(VERIFY, ECDSA, to_verify(bytes(32), bytes(521), given=(0x03, public_key)))
    unknown = to_verify(bytes(32), signature, given=(0x81, public_key))
    assert probe.refused(VERIFY, ECDSA, unknown) is ErrorCode.UNSUPPORTED_PARAMETERS


def test_a_p521_digest_to_verify_has_64_bytes_at_the_most(probe: Probe) -> None:
    public_key = probe.generate(0x05, 0xE0F1)
    signature = probe.sign(0xE0F1, bytes(65))
    assert probe.refused(VERIFY, ECDSA, to_verify(bytes(65), signature, given=(0x05, public_key)))


def test_a_digest_to_verify_has_no_least_size(probe: Probe) -> None:
    """The footnote to CalcSign asks for 10 bytes, that to VerifySign only "up to the key size"."""
    key = ec.generate_private_key(ec.SECP256R1())
    public_key = der.encode(der.BIT_STRING, b"\x00" + key.public_key().public_bytes(Encoding.X962, UNCOMPRESSED))
    signature = key.sign(b"\x2a".rjust(32, b"\x00"), ec.ECDSA(Prehashed(hashes.SHA256())))[2:]
    assert probe.ok(VERIFY, ECDSA, to_verify(b"\x2a", signature, given=(0x03, public_key))) == b""
    refused = probe.refused(VERIFY, ECDSA, to_verify(b"", signature, given=(0x03, public_key)))
    assert refused is ErrorCode.INVALID_DATA


def test_metadata_written_between_signatures_count_at_once(probe: Probe) -> None:
    """The parsed key is kept between commands; what guards it is not."""
    probe.generate(0x03, 0xE0F1)
    for condition, works in ((ALWAYS, True), (NEVER, False), (ALWAYS, True)):
        probe.set_tags(0xE0F1, {Tag.EXECUTE: condition})
        if works:
            assert probe.sign(0xE0F1, bytes(32))
        else:
            assert probe.refused(SIGN, ECDSA, to_sign(0xE0F1, bytes(32))) is DENIED
