"""EncryptAsym and DecryptAsym (SRM, tables 26 and 27), with vectors of RSA Laboratories."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from optiga.emulator import keys
from optiga.emulator.sessions import Origin, SessionSecret
from optiga.protocol import der, tlv
from optiga.protocol.codes import CommandCode, ErrorCode
from optiga.protocol.metadata import Tag
from tests.support.emulator.agreeing import OTHER_SESSION, SESSION, install_key, to_derive
from tests.support.emulator.certificates import certify
from tests.support.emulator.emulated import ALWAYS, ERASE, NEVER, Probe, key_target, two

ENCRYPT, DECRYPT = CommandCode.ENCRYPT_ASYM, CommandCode.DECRYPT_ASYM
RANDOM, DERIVE = CommandCode.GET_RANDOM, CommandCode.DERIVE_KEY
RSAES = 0x11
ANCHOR = 0xE0E8
RSA_KEYS = {0x41: 0xE0FC, 0x42: 0xE0FD}
SIZES = {0x41: 128, 0x42: 256}

# RSA Laboratories, "Test vectors for RSA PKCS#1 v1.5 Encryption", example 1.1.
P = (
    "d32737e7267ffe1341b2d5c0d150a81b586fb3132bed2f8d5262864a9cb9f30af38be448598d413a172efb802c21acf1c11c520c2f26a471"
    "dcad212eac7ca39d"
)
Q = (
    "cc8853d1d54da630fac004f471f281c7b8982d8224a490edbeb33d3e3d5cc93c4765703d1dd791642f1f116a0dd852be2419b2af72bfe9a0"
    "30e860b0288b5d77"
)
MESSAGE = bytes.fromhex("6628194e12073db03ba94cda9ef9532397d50dba79b987004afefe34")
ENCRYPTED = bytes.fromhex(
    "50b4c14136bd198c2f3c3ed243fce036e168d56517984a263cd66492b80804f169d210f2b9bdfb48b12f9ea05009c77da257cc600ccefe3a"
    "6283789d8ea0e607ac58e2690ec4ebc10146e8cbaa5ed4d5cce6fe7b0ff9efc1eabb564dbf498285f449ee61dd7b42ee5b5892cb90601f30"
    "cda07bf26489310bcd23b528ceab3c31"
)


def key_of(p: int, q: int) -> rsa.RSAPrivateKey:
    d = pow(65537, -1, (p - 1) * (q - 1))
    numbers = rsa.RSAPrivateNumbers(
        p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), rsa.RSAPublicNumbers(65537, p * q)
    )
    return numbers.private_key()


@pytest.fixture(scope="module")
def private() -> dict[int, rsa.RSAPrivateKey]:
    """Keys by algorithm."""
    return {0x41: key_of(int(P, 16), int(Q, 16)), 0x42: rsa.generate_private_key(65537, 2048)}


@pytest.fixture
def probe(private: dict[int, rsa.RSAPrivateKey]) -> Probe:
    """A chip with both keys, for encryption alone."""
    probe = Probe()
    for algorithm, oid in RSA_KEYS.items():
        install_key(probe, oid, algorithm, private[algorithm], 0x02)
    return probe


def given_key(algorithm: int, public_key: bytes) -> bytes:
    return tlv.encode(0x05, bytes([algorithm])) + tlv.encode(0x06, public_key)


def certified(oid: int = ANCHOR) -> bytes:
    return tlv.encode(0x04, two(oid))


def message(content: bytes) -> bytes:
    return tlv.encode(0x61, content)


def session(oid: int = SESSION) -> bytes:
    return tlv.encode(0x02, two(oid))


def to_decrypt(encrypted: bytes, oid: int, target: int | None = None) -> bytes:
    return message(encrypted) + tlv.encode(0x03, two(oid)) + (session(target) if target is not None else b"")


def data_of(answer: bytes) -> bytes:
    ((tag, value),) = tlv.decode(answer)
    assert tag == 0x61
    return value


def raw_encrypt(key: rsa.RSAPrivateKey, block: bytes) -> bytes:
    """A block as it is, to the power of the public exponent."""
    numbers = key.public_key().public_numbers()
    return pow(int.from_bytes(block, "big"), numbers.e, numbers.n).to_bytes(len(block), "big")


def test_the_published_vector(probe: Probe) -> None:
    assert data_of(probe.ok(DECRYPT, RSAES, to_decrypt(ENCRYPTED, 0xE0FC))) == MESSAGE


@pytest.mark.parametrize("algorithm", RSA_KEYS)
def test_what_the_chip_encrypts_the_world_decrypts(
    probe: Probe, private: dict[int, rsa.RSAPrivateKey], algorithm: int
) -> None:
    public_key = keys.public_bit_string(private[algorithm])
    for size in (0, 1, 48, SIZES[algorithm] - 11):
        content = secrets.token_bytes(size)
        encrypted = data_of(probe.ok(ENCRYPT, RSAES, message(content) + given_key(algorithm, public_key)))
        assert len(encrypted) == SIZES[algorithm]
        assert private[algorithm].decrypt(encrypted, padding.PKCS1v15()) == content
    too_long = message(bytes(SIZES[algorithm] - 10)) + given_key(algorithm, public_key)
    assert probe.refused(ENCRYPT, RSAES, too_long) is ErrorCode.INVALID_DATA


@pytest.mark.parametrize("algorithm", RSA_KEYS)
@pytest.mark.parametrize("usage", ["key_encipherment", "data_encipherment"])
def test_encrypting_with_a_certificate(
    probe: Probe, private: dict[int, rsa.RSAPrivateKey], algorithm: int, usage: str
) -> None:
    probe.write(ANCHOR, certify(private[algorithm], usages={usage}), how=ERASE)
    encrypted = data_of(probe.ok(ENCRYPT, RSAES, message(b"hello") + certified()))
    assert data_of(probe.ok(DECRYPT, RSAES, to_decrypt(encrypted, RSA_KEYS[algorithm]))) == b"hello"
    probe.set_tags(ANCHOR, {Tag.EXECUTE: NEVER})
    refused = probe.refused(ENCRYPT, RSAES, message(b"hello") + certified())
    assert refused is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED


def test_certificates_that_do_not_encrypt(probe: Probe, private: dict[int, rsa.RSAPrivateKey]) -> None:
    def refused(certificate: bytes) -> ErrorCode:
        probe.write(0xE0E1, certificate, how=ERASE)
        return probe.refused(ENCRYPT, RSAES, message(b"hello") + certified(0xE0E1))

    for usage in ("digital_signature", "key_cert_sign", "crl_sign"):
        assert refused(certify(private[0x41], usages={usage})) is ErrorCode.UNSUPPORTED_CERTIFICATE
    usages = {"key_encipherment"}
    assert refused(certify(private[0x41], usages=usages, filler=1000)) is ErrorCode.UNSUPPORTED_CERTIFICATE
    elliptic = certify(ec.generate_private_key(ec.SECP256R1()), usages=usages)
    assert refused(elliptic) is ErrorCode.UNSUPPORTED_CERTIFICATE
    for damaged in (b"\x00", certify(private[0x41], usages=usages)[:-1], certify(private[0x41], usages=None)):
        assert refused(damaged) is ErrorCode.INVALID_CERTIFICATE_FORMAT
    for oid in (0xE0F1, 0xE0FC, SESSION, 0xBEEF):
        refusal = probe.refused(ENCRYPT, RSAES, message(b"hello") + certified(oid))
        assert refusal is ErrorCode.INVALID_OID


def test_a_pre_master_secret_reaches_the_server(probe: Probe, private: dict[int, rsa.RSAPrivateKey]) -> None:
    """The key exchange of TLS with RSA: the secret is drawn, encrypted and derived from, and never seen outside."""
    probe.ok(RANDOM, 0x04, two(46) + two(SESSION) + tlv.encode(0x41, b"\x03\x03"))
    public_key = keys.public_bit_string(private[0x42])
    encrypted = data_of(probe.ok(ENCRYPT, RSAES, session() + given_key(0x42, public_key)))
    secret = private[0x42].decrypt(encrypted, padding.PKCS1v15())
    assert (secret[:2], len(secret)) == (b"\x03\x03", 48)
    server = Probe()
    install_key(server, 0xE0FC, 0x42, private[0x42], 0x02)
    assert server.ok(DECRYPT, RSAES, to_decrypt(encrypted, 0xE0FC, OTHER_SESSION)) == b""
    seed = b"master secret" + bytes(64)
    clients = probe.ok(DERIVE, 0x01, to_derive(SESSION, seed, 48))
    assert clients == server.ok(DERIVE, 0x01, to_derive(OTHER_SESSION, seed, 48))


def test_a_secret_is_encrypted_for_key_encipherment_only(probe: Probe, private: dict[int, rsa.RSAPrivateKey]) -> None:
    probe.ok(RANDOM, 0x04, two(48) + two(SESSION) + tlv.encode(0x41, b""))
    probe.write(ANCHOR, certify(private[0x41], usages={"data_encipherment"}), how=ERASE)
    assert probe.refused(ENCRYPT, RSAES, session() + certified()) is ErrorCode.UNSUPPORTED_CERTIFICATE
    probe.write(ANCHOR, certify(private[0x41], usages={"key_encipherment"}), how=ERASE)
    assert len(data_of(probe.ok(ENCRYPT, RSAES, session() + certified()))) == 128


@pytest.mark.parametrize("origin", list(Origin))
def test_no_other_secret_is_encrypted(probe: Probe, private: dict[int, rsa.RSAPrivateKey], origin: Origin) -> None:
    probe.machine.sessions[SESSION] = SessionSecret(bytes(32), origin)
    data = session() + given_key(0x41, keys.public_bit_string(private[0x41]))
    if origin is Origin.PRE_MASTER:
        assert probe.ok(ENCRYPT, RSAES, data)
    else:
        assert probe.refused(ENCRYPT, RSAES, data) is ErrorCode.COMMAND_OUT_OF_SEQUENCE


def test_sessions_without_a_secret_are_not_encrypted(probe: Probe, private: dict[int, rsa.RSAPrivateKey]) -> None:
    key = given_key(0x41, keys.public_bit_string(private[0x41]))
    assert probe.refused(ENCRYPT, RSAES, session() + key) is ErrorCode.COMMAND_OUT_OF_SEQUENCE
    probe.generate(0x03, SESSION)
    assert probe.refused(ENCRYPT, RSAES, session() + key) is ErrorCode.COMMAND_OUT_OF_SEQUENCE
    for oid in (0xF1D0, 0xE0FC, 0xE104, 0xBEEF):
        assert probe.refused(ENCRYPT, RSAES, session(oid) + key) is ErrorCode.INVALID_OID


def test_public_keys_that_do_not_encrypt(probe: Probe, private: dict[int, rsa.RSAPrivateKey]) -> None:
    good = keys.public_bit_string(private[0x41])
    numbers = private[0x41].public_key().public_numbers()

    def encoded(modulus: int, exponent: int) -> bytes:
        parts = (number.to_bytes(number.bit_length() // 8 + 1, "big") for number in (modulus, exponent))
        sequence = der.encode(der.SEQUENCE, b"".join(der.encode(der.INTEGER, part) for part in parts))
        return der.encode(der.BIT_STRING, b"\x00" + sequence)

    assert encoded(numbers.n, numbers.e) == good
    wrong_size, even, no_exponent = encoded(numbers.n >> 8, 65537), encoded(numbers.n - 1, 65537), encoded(numbers.n, 1)
    for public_key in (b"", good[:-1], good[3:], wrong_size, even, no_exponent, encoded(numbers.n, 2)):
        refused = probe.refused(ENCRYPT, RSAES, message(b"hello") + given_key(0x41, public_key))
        assert refused is ErrorCode.INVALID_DATA, public_key.hex()
    assert probe.refused(ENCRYPT, RSAES, message(b"hello") + given_key(0x42, good)) is ErrorCode.INVALID_DATA
    point = probe.generate(0x03, 0xE0F1)
    for algorithm, public_key in ((0x03, point), (0x81, good), (0x00, good)):
        refused = probe.refused(ENCRYPT, RSAES, message(b"hello") + given_key(algorithm, public_key))
        assert refused is ErrorCode.UNSUPPORTED_PARAMETERS


@pytest.mark.parametrize("algorithm", RSA_KEYS)
def test_decrypting(probe: Probe, private: dict[int, rsa.RSAPrivateKey], algorithm: int) -> None:
    for size in (0, 1, 66, SIZES[algorithm] - 11):
        content = bytes(size)  # zeros, which also end the padding
        encrypted = private[algorithm].public_key().encrypt(content, padding.PKCS1v15())
        assert data_of(probe.ok(DECRYPT, RSAES, to_decrypt(encrypted, RSA_KEYS[algorithm]))) == content


@pytest.mark.parametrize(
    "block",
    [
        b"\x00\x01" + b"\xff" * 120 + b"\x00hello",
        b"\x01\x02" + b"\x11" * 120 + b"\x00hello",
        b"\x00\x02" + b"\x11" * 7 + b"\x00" + b"m" * 118,
        b"\x00\x02" + b"\x11" * 126,
        b"\x00\x02\x00" + b"\x11" * 125,
        b"\x00" * 128,
        b"\x00\x00\x02" + b"\x11" * 120 + b"\x00hell",
    ],
    ids=["type 1", "no zero", "short padding", "no end", "no padding", "zeros", "shifted"],
)
def test_wrong_padding_fails(probe: Probe, private: dict[int, rsa.RSAPrivateKey], block: bytes) -> None:
    encrypted = raw_encrypt(private[0x41], block)
    for target in (None, SESSION):
        refused = probe.refused(DECRYPT, RSAES, to_decrypt(encrypted, 0xE0FC, target))
        assert refused is ErrorCode.DECRYPTION_FAILURE
    assert probe.refused(DERIVE, 0x08, to_derive(SESSION, None, 16)) is ErrorCode.COMMAND_OUT_OF_SEQUENCE


def test_the_shortest_padding_there_may_be(probe: Probe, private: dict[int, rsa.RSAPrivateKey]) -> None:
    block = b"\x00\x02" + b"\x11" * 8 + b"\x00" + b"m" * 117
    assert data_of(probe.ok(DECRYPT, RSAES, to_decrypt(raw_encrypt(private[0x41], block), 0xE0FC))) == b"m" * 117


def test_what_is_for_another_key_fails(probe: Probe, private: dict[int, rsa.RSAPrivateKey]) -> None:
    stranger = rsa.generate_private_key(65537, 1024)
    for _ in range(5):
        encrypted = stranger.public_key().encrypt(b"hello", padding.PKCS1v15())
        assert probe.chip.execute(bytes([DECRYPT, RSAES]) + two(136) + to_decrypt(encrypted, 0xE0FC))[:1] == b"\xff"
        assert probe.last_error() == ErrorCode.DECRYPTION_FAILURE
    modulus = private[0x41].public_key().public_numbers().n
    for number in (modulus, modulus + 1, (1 << 1024) - 1):
        refused = probe.refused(DECRYPT, RSAES, to_decrypt(number.to_bytes(128, "big"), 0xE0FC))
        assert refused is ErrorCode.DECRYPTION_FAILURE


def test_what_is_decrypted_is_as_long_as_the_key(probe: Probe) -> None:
    for encrypted in (b"", ENCRYPTED[:-1], ENCRYPTED + b"\x00", b"\x00" + ENCRYPTED, bytes(256)):
        assert probe.refused(DECRYPT, RSAES, to_decrypt(encrypted, 0xE0FC)) is ErrorCode.INVALID_DATA


def test_a_message_into_a_session(probe: Probe, private: dict[int, rsa.RSAPrivateKey]) -> None:
    public_key = private[0x41].public_key()
    for size in (1, 66):
        encrypted = public_key.encrypt(bytes(size), padding.PKCS1v15())
        assert probe.ok(DECRYPT, RSAES, to_decrypt(encrypted, 0xE0FC, SESSION)) == b""
        assert probe.machine.sessions[SESSION] == SessionSecret(bytes(size), Origin.DECRYPTED)
    encrypted = public_key.encrypt(bytes(67), padding.PKCS1v15())
    assert probe.refused(DECRYPT, RSAES, to_decrypt(encrypted, 0xE0FC, SESSION)) is ErrorCode.INVALID_DATA
    for oid in (0xE104, 0xF1D0, 0xE0FC, 0xBEEF):
        assert probe.refused(DECRYPT, RSAES, to_decrypt(ENCRYPTED, 0xE0FC, oid)) is ErrorCode.INVALID_OID


@pytest.mark.parametrize("usage", [0x02, 0x03, 0x33])
def test_keys_that_may_decrypt(probe: Probe, private: dict[int, rsa.RSAPrivateKey], usage: int) -> None:
    for oid in (0xE0FC, SESSION):
        install_key(probe, oid, 0x41, private[0x41], usage)
        assert data_of(probe.ok(DECRYPT, RSAES, to_decrypt(ENCRYPTED, oid))) == MESSAGE


@pytest.mark.parametrize("usage", [0x01, 0x10, 0x20, 0x31])
def test_keys_that_may_not_decrypt(probe: Probe, private: dict[int, rsa.RSAPrivateKey], usage: int) -> None:
    for oid in (0xE0FC, SESSION):
        install_key(probe, oid, 0x41, private[0x41], usage)
        assert probe.refused(DECRYPT, RSAES, to_decrypt(ENCRYPTED, oid)) is ErrorCode.UNSUPPORTED_EXTENSION


def test_other_keys_do_not_decrypt(probe: Probe) -> None:
    def refused(oid: int) -> ErrorCode:
        return probe.refused(DECRYPT, RSAES, to_decrypt(ENCRYPTED, oid))

    probe.generate(0x03, 0xE0F1, 0x02)
    for oid in (0xE0F1, 0xE0F2):
        assert refused(oid) is ErrorCode.UNSUPPORTED_EXTENSION
    for oid in (0xE0E1, 0xF1D0, 0xE200, 0xBEEF):
        assert refused(oid) is ErrorCode.INVALID_OID
    assert refused(SESSION) is ErrorCode.COMMAND_OUT_OF_SEQUENCE


def test_the_execute_condition_guards_the_key(probe: Probe) -> None:
    for condition, works in ((NEVER, False), (ALWAYS, True)):
        probe.set_tags(0xE0FC, {Tag.EXECUTE: condition})
        if works:
            assert probe.ok(DECRYPT, RSAES, to_decrypt(ENCRYPTED, 0xE0FC))
        else:
            refused = probe.refused(DECRYPT, RSAES, to_decrypt(ENCRYPTED, 0xE0FC))
            assert refused is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED


def test_a_pair_made_in_a_session_decrypts(probe: Probe) -> None:
    ((_, public_key),) = tlv.decode(probe.ok(CommandCode.GEN_KEY_PAIR, 0x41, key_target(SESSION, 0x12)))
    encrypted = data_of(probe.ok(ENCRYPT, RSAES, message(b"hello") + given_key(0x41, public_key)))
    assert data_of(probe.ok(DECRYPT, RSAES, to_decrypt(encrypted, SESSION))) == b"hello"
    assert len(probe.sign(SESSION, bytes(32), 0x01)) == 128


@pytest.mark.parametrize("param", [0x00, 0x01, 0x10, 0x12, 0xFF])
def test_ciphers_that_are_none(probe: Probe, private: dict[int, rsa.RSAPrivateKey], param: int) -> None:
    data = message(b"hello") + given_key(0x41, keys.public_bit_string(private[0x41]))
    assert probe.refused(ENCRYPT, param, data) is ErrorCode.INVALID_PARAM
    assert probe.refused(DECRYPT, param, to_decrypt(ENCRYPTED, 0xE0FC)) is ErrorCode.INVALID_PARAM


KEY = tlv.encode(0x05, b"\x41") + tlv.encode(0x06, b"\x03\x00")


@pytest.mark.parametrize(
    ("code", "data", "error"),
    [
        (ENCRYPT, b"", ErrorCode.INVALID_LENGTH),
        (ENCRYPT, message(b"x"), ErrorCode.INVALID_DATA),
        (ENCRYPT, KEY, ErrorCode.INVALID_DATA),
        (ENCRYPT, message(b"x") + session() + KEY, ErrorCode.INVALID_DATA),
        (ENCRYPT, message(b"x") + certified() + KEY, ErrorCode.INVALID_DATA),
        (ENCRYPT, message(b"x") + message(b"x") + certified(), ErrorCode.INVALID_DATA),
        (ENCRYPT, message(b"x") + KEY[:4], ErrorCode.INVALID_DATA),
        (ENCRYPT, message(b"x") + KEY[:-1], ErrorCode.INVALID_LENGTH),
        (ENCRYPT, message(b"x") + tlv.encode(0x04, b"\xe0"), ErrorCode.INVALID_LENGTH),
        (ENCRYPT, message(b"x") + tlv.encode(0x05, b"\0\x41") + tlv.encode(0x06, b""), ErrorCode.INVALID_LENGTH),
        (DECRYPT, b"", ErrorCode.INVALID_LENGTH),
        (DECRYPT, message(ENCRYPTED), ErrorCode.INVALID_DATA),
        (DECRYPT, tlv.encode(0x03, two(0xE0FC)), ErrorCode.INVALID_DATA),
        (DECRYPT, to_decrypt(ENCRYPTED, 0xE0FC) + tlv.encode(0x07, b""), ErrorCode.INVALID_DATA),
        (DECRYPT, to_decrypt(ENCRYPTED, 0xE0FC)[:-1], ErrorCode.INVALID_LENGTH),
        (DECRYPT, message(ENCRYPTED) + tlv.encode(0x03, b"\xe0"), ErrorCode.INVALID_LENGTH),
        (DECRYPT, to_decrypt(ENCRYPTED, 0xE0FC) + tlv.encode(0x02, b""), ErrorCode.INVALID_LENGTH),
    ],
)
def test_bad_data(probe: Probe, code: int, data: bytes, error: ErrorCode) -> None:
    assert probe.refused(code, RSAES, data) is error


PROBE = Probe()
install_key(PROBE, 0xE0FC, 0x41, key_of(int(P, 16), int(Q, 16)), 0x02)
PUBLIC = keys.public_bit_string(key_of(int(P, 16), int(Q, 16)))


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=117))
def test_every_message_comes_back(content: bytes) -> None:
    encrypted = data_of(PROBE.ok(ENCRYPT, RSAES, message(content) + given_key(0x41, PUBLIC)))
    assert data_of(PROBE.ok(DECRYPT, RSAES, to_decrypt(encrypted, 0xE0FC))) == content


damaged_keys = st.builds(
    lambda at, bits: PUBLIC[:at] + bytes([PUBLIC[at] ^ bits]) + PUBLIC[at + 1 :],
    st.integers(0, len(PUBLIC) - 1),
    st.integers(1, 255),
)
parts: Any = st.one_of(
    st.tuples(st.sampled_from([0x02, 0x03, 0x04]), st.sampled_from([0xE0FC, 0xE100, 0xE0E8, 0xBEEF]).map(two)),
    st.tuples(st.just(0x61), st.one_of(st.just(ENCRYPTED), st.binary(max_size=130))),
    st.tuples(st.integers(0, 7), st.binary(max_size=4)),
)


@pytest.mark.long
@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([ENCRYPT, DECRYPT]),
    st.one_of(
        damaged_keys.map(lambda key: message(b"hello") + given_key(0x41, key)),
        st.lists(parts, max_size=4).map(lambda items: b"".join(tlv.encode(*item) for item in items)),
        st.binary(max_size=20),
    ),
)
def test_whatever_comes_is_answered(code: int, data: bytes) -> None:
    PROBE.chip.execute(bytes([code | 0x80, RSAES]) + two(len(data)) + data)
    assert PROBE.last_error() != ErrorCode.INTERNAL_PROCESS_ERROR
