"""EncryptSym, DecryptSym and GenSymKey with AES keys (SRM, tables 24, 25, 32 and 41).

Vectors: NIST SP 800-38A, appendix F (ECB, CBC); SP 800-38B, appendix D, which RFC 4493 repeats (CMAC).
"""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from cryptography.hazmat.primitives.ciphers import modes as cipher_modes
from cryptography.hazmat.primitives.cmac import CMAC
from hypothesis import given, settings
from hypothesis import strategies as st

from optiga.emulator import EmulatedChip, MemoryStore
from optiga.emulator.objects import StoredObject
from optiga.emulator.sessions import Origin, SessionSecret
from optiga.protocol import tlv
from optiga.protocol.codes import CLEAR_LAST_ERROR, CommandCode, ErrorCode
from optiga.protocol.metadata import Tag
from tests.support.emulator.emulated import ALWAYS, BELOW_OPERATIONAL, NEVER, Probe, command, two

ENCRYPT, DECRYPT, GEN = CommandCode.ENCRYPT_SYM, CommandCode.DECRYPT_SYM, CommandCode.GEN_SYM_KEY
ECB, CBC, CBC_MAC, CMAC_MODE = 0x08, 0x09, 0x0A, 0x0B
START, WHOLE, CONTINUE, FINAL = range(4)
IV_TAG = 0x41
KEY_OID = 0xE200
ALGORITHMS = {16: 0x81, 24: 0x82, 32: 0x83}
DENIED = ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED
SEQUENCE = ErrorCode.COMMAND_OUT_OF_SEQUENCE

KEYS = {
    128: bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c"),
    192: bytes.fromhex("8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b"),
    256: bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"),
}
IV = bytes(range(16))
PLAIN = bytes.fromhex(
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
)
ECB_VECTORS = {
    128: "3ad77bb40d7a3660a89ecaf32466ef97f5d3d58503b9699de785895a96fdbaaf"
    "43b1cd7f598ece23881b00e3ed0306887b0c785e27e8ad3f8223207104725dd4",
    192: "bd334f1d6e45f25ff712a214571fa5cc974104846d0ad3ad7734ecb3ecee4eef"
    "ef7afd2270e2e60adce0ba2face6444e9a4b41ba738d6c72fb16691603c18e0e",
    256: "f3eed1bdb5d2a03c064b5a7e3db181f8591ccb10d410ed26dc5ba74a31362870"
    "b6ed21b99ca6f4f9f153e7b1beafed1d23304b7a39f9f3ff067d8d8f9e24ecc7",
}
CBC_VECTORS = {
    128: "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
    "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7",
    192: "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a"
    "571b242012fb7ae07fa9baac3df102e008b0e27988598881d920a9e64f5615cd",
    256: "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
    "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b",
}
CMAC_VECTORS = {
    (128, 16): "070a16b46b4d4144f79bdd9dd04a287c",
    (128, 40): "dfa66747de9ae63030ca32611497c827",
    (128, 64): "51f0bebf7e3b9d92fc49741779363cfe",
    (192, 16): "9e99a7bf31e710900662f65e617c5184",
    (192, 40): "8a1de5be2eb31aad089a82e6ee908b0e",
    (192, 64): "a1d5df0eed790f794d77589659f39a11",
    (256, 16): "28a7023f452e8f82bd4bf28d8c37c35c",
    (256, 40): "aaf3d8f1de5640c232f5b169b9c911e6",
    (256, 64): "e1992190549f6ed5696a2c056c315410",
}
FACTORY = MemoryStore()
EmulatedChip(FACTORY)
"""A chip is made once; each test works on its own copy of it."""


def keyed(key: bytes, usage: int = 0x02) -> Probe:
    """A chip with an AES key in 0xE200."""
    content = dict(FACTORY.load())
    tags = {Tag.CHANGE: ALWAYS, Tag.ALGORITHM: bytes([ALGORITHMS[len(key)]]), Tag.KEY_USAGE: bytes([usage])}
    content[KEY_OID] = StoredObject(key, content[KEY_OID].metadata.with_tags(tags))
    return Probe(MemoryStore(content))


def sym(part: bytes, step: int = WHOLE, *, oid: int = KEY_OID, iv: bytes | None = None) -> bytes:
    """Data of EncryptSym and DecryptSym."""
    return two(oid) + tlv.encode(step, part) + (b"" if iv is None else tlv.encode(IV_TAG, iv))


def value(answer: bytes) -> bytes:
    """What an answer carries; nothing if it is empty."""
    if not answer:
        return b""
    ((tag, content),) = tlv.decode(answer)
    assert tag == 0x61
    return content


def run_parts(probe: Probe, code: int, mode: int, parts: list[bytes], iv: bytes | None = None) -> bytes:
    """The joined answers to a chain; the keys of later commands are not looked at."""
    if len(parts) == 1:
        return value(probe.ok(code, mode, sym(parts[0], iv=iv)))
    results = [value(probe.ok(code, mode, sym(parts[0], START, iv=iv)))]
    results += [value(probe.ok(code, mode, sym(part, CONTINUE, oid=0xBEEF))) for part in parts[1:-1]]
    results.append(value(probe.ok(code, mode, sym(parts[-1], FINAL, oid=0))))
    return b"".join(results)


def all_cuts(message: bytes, unit: int = 16) -> list[list[bytes]]:
    """Every way to cut a message into parts at multiples of a unit."""
    places = range(unit, len(message), unit)
    chosen = [[place for bit, place in enumerate(places) if mask >> bit & 1] for mask in range(1 << len(places))]
    return [[message[a:b] for a, b in zip([0, *cut], [*cut, len(message)], strict=True)] for cut in chosen]


@pytest.mark.parametrize("bits", KEYS)
def test_ecb_and_cbc_both_ways_in_all_cuts(bits: int) -> None:
    probe = keyed(KEYS[bits])
    for mode, vectors, iv in ((ECB, ECB_VECTORS, None), (CBC, CBC_VECTORS, IV)):
        protected = bytes.fromhex(vectors[bits])
        for parts in all_cuts(PLAIN):
            assert run_parts(probe, ENCRYPT, mode, parts, iv) == protected
        for parts in all_cuts(protected):
            assert run_parts(probe, DECRYPT, mode, parts, iv) == PLAIN


@pytest.mark.parametrize(("bits", "size"), CMAC_VECTORS)
def test_cmac_in_all_cuts(bits: int, size: int) -> None:
    probe = keyed(KEYS[bits])
    for parts in all_cuts(PLAIN[:size]):
        assert run_parts(probe, ENCRYPT, CMAC_MODE, parts).hex() == CMAC_VECTORS[bits, size]


@pytest.mark.parametrize("bits", KEYS)
def test_cbc_mac_is_the_last_block_of_a_cbc(bits: int) -> None:
    """With the vector's initialization vector added to the first block, CBC from zeros ends in the vector's end."""
    probe = keyed(KEYS[bits])
    first = bytes(a ^ b for a, b in zip(PLAIN, IV, strict=False))
    for parts in all_cuts(first + PLAIN[16:]):
        assert run_parts(probe, ENCRYPT, CBC_MAC, parts).hex() == CBC_VECTORS[bits][-32:]
    assert run_parts(probe, ENCRYPT, CBC_MAC, [PLAIN[:16]]).hex() == ECB_VECTORS[bits][:32]


def test_a_mac_answers_nothing_before_its_end() -> None:
    probe = keyed(KEYS[128])
    for mode in (CBC_MAC, CMAC_MODE):
        assert probe.ok(ENCRYPT, mode, sym(PLAIN, START)) == b""
        assert probe.ok(ENCRYPT, mode, sym(PLAIN, CONTINUE)) == b""
        assert len(value(probe.ok(ENCRYPT, mode, sym(PLAIN, FINAL)))) == 16


def test_cbc_without_a_vector_begins_with_zeros() -> None:
    probe = keyed(KEYS[128])
    without = probe.ok(ENCRYPT, CBC, sym(PLAIN))
    assert without == probe.ok(ENCRYPT, CBC, sym(PLAIN, iv=bytes(16)))
    # The order of the TLVs is free.
    assert probe.ok(ENCRYPT, CBC, two(KEY_OID) + tlv.encode(IV_TAG, bytes(16)) + tlv.encode(WHOLE, PLAIN)) == without


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_message_in_any_cuts(data: st.DataObject) -> None:
    key = data.draw(st.sampled_from([16, 24, 32]).flatmap(lambda size: st.binary(min_size=size, max_size=size)))
    mode = data.draw(st.sampled_from([ECB, CBC, CBC_MAC, CMAC_MODE]))
    iv = data.draw(st.binary(min_size=16, max_size=16)) if mode == CBC else None
    sizes = data.draw(st.lists(st.integers(1, 37), min_size=1, max_size=6))
    parts = [data.draw(st.binary(min_size=16 * size, max_size=16 * size)) for size in sizes]
    if mode == CMAC_MODE:
        parts[-1] = parts[-1][: data.draw(st.integers(1, len(parts[-1])))]
    message = b"".join(parts)
    probe = keyed(key)
    answered = run_parts(probe, ENCRYPT, mode, parts, iv)
    if mode == CMAC_MODE:
        mac = CMAC(algorithms.AES(key))
        mac.update(message)
        assert answered == mac.finalize()
        return
    block_mode = cipher_modes.ECB() if mode == ECB else cipher_modes.CBC(iv or bytes(16))
    expected = Cipher(algorithms.AES(key), block_mode).encryptor().update(message)
    assert answered == (expected[-16:] if mode == CBC_MAC else expected)
    if mode != CBC_MAC:
        again = [expected[start : start + 592] for start in range(0, len(expected), 592)]
        assert run_parts(probe, DECRYPT, mode, again, iv) == message


def refused_next(probe: Probe, code: int, mode: int, data: bytes) -> ErrorCode:
    """Why a command is refused that follows the one before with nothing in between, not even a question."""
    assert probe.chip.execute(command(code | CLEAR_LAST_ERROR, mode, data)) == bytes.fromhex("ff000000")
    return ErrorCode(probe.last_error())


@pytest.mark.parametrize("step", [CONTINUE, FINAL])
def test_a_chain_is_strict(step: int) -> None:
    probe = keyed(KEYS[128])
    assert refused_next(probe, ENCRYPT, ECB, sym(PLAIN, step)) is SEQUENCE
    probe.ok(ENCRYPT, ECB, sym(PLAIN, START))
    probe.read(0xE0C2)  # any command in between ends it
    assert refused_next(probe, ENCRYPT, ECB, sym(PLAIN, step)) is SEQUENCE
    probe.ok(ENCRYPT, ECB, sym(PLAIN, START))
    assert refused_next(probe, DECRYPT, ECB, sym(PLAIN, step)) is SEQUENCE  # another command's chain
    for begun, other in ((ECB, CBC), (CBC_MAC, CMAC_MODE), (CMAC_MODE, ECB)):
        probe.ok(ENCRYPT, begun, sym(PLAIN, START))
        assert refused_next(probe, ENCRYPT, other, sym(PLAIN, step)) is SEQUENCE
    probe.ok(ENCRYPT, ECB, sym(PLAIN, START))
    probe.ok(ENCRYPT, ECB, sym(PLAIN, WHOLE))
    assert refused_next(probe, ENCRYPT, ECB, sym(PLAIN, step)) is SEQUENCE  # a whole one leaves none
    probe.ok(ENCRYPT, ECB, sym(PLAIN, START))
    probe.ok(ENCRYPT, ECB, sym(PLAIN, FINAL))
    assert refused_next(probe, ENCRYPT, ECB, sym(PLAIN, step)) is SEQUENCE  # nor does a final


def test_an_error_ends_the_chain_and_a_start_begins_anew() -> None:
    probe = keyed(KEYS[128])
    for wrong in (sym(b"x", CONTINUE), sym(PLAIN, CONTINUE, iv=IV), b"", sym(PLAIN, START, oid=0xBEEF)):
        probe.ok(ENCRYPT, CBC, sym(PLAIN, START, iv=IV))
        assert probe.chip.execute(command(ENCRYPT, CBC, wrong)) == bytes.fromhex("ff000000")
        assert refused_next(probe, ENCRYPT, CBC, sym(PLAIN, CONTINUE)) is SEQUENCE
    probe.ok(ENCRYPT, CBC, sym(PLAIN, START, iv=bytes(16)))
    assert run_parts(probe, ENCRYPT, CBC, [PLAIN[:16], PLAIN[16:]], IV).hex() == CBC_VECTORS[128]


@pytest.mark.parametrize(
    ("code", "mode", "data", "error"),
    [
        (ENCRYPT, ECB, b"", ErrorCode.INVALID_LENGTH),
        (ENCRYPT, ECB, b"\xe2", ErrorCode.INVALID_LENGTH),
        (ENCRYPT, ECB, two(KEY_OID), ErrorCode.INVALID_LENGTH),
        (ENCRYPT, ECB, sym(b""), ErrorCode.INVALID_LENGTH),
        (ENCRYPT, ECB, sym(PLAIN[:15]), ErrorCode.INVALID_LENGTH),
        (ENCRYPT, CBC, sym(PLAIN[:17]), ErrorCode.INVALID_LENGTH),
        (ENCRYPT, CBC_MAC, sym(PLAIN[:1]), ErrorCode.INVALID_LENGTH),
        (ENCRYPT, CMAC_MODE, sym(b""), ErrorCode.INVALID_LENGTH),
        (ENCRYPT, CMAC_MODE, sym(PLAIN[:15], START), ErrorCode.INVALID_LENGTH),
        (DECRYPT, ECB, sym(PLAIN[:15]), ErrorCode.INVALID_LENGTH),
        (ENCRYPT, CBC, sym(PLAIN, iv=b""), ErrorCode.INVALID_LENGTH),
        (ENCRYPT, CBC, sym(PLAIN, iv=bytes(15)), ErrorCode.INVALID_LENGTH),
        (ENCRYPT, ECB, sym(bytes(640)), ErrorCode.INVALID_LENGTH),
        (ENCRYPT, CMAC_MODE, sym(bytes(636)), ErrorCode.INVALID_LENGTH),
        (ENCRYPT, ECB, sym(PLAIN)[:-1], ErrorCode.INVALID_LENGTH),
        (ENCRYPT, ECB, sym(PLAIN, 0x04), ErrorCode.INVALID_DATA),
        (ENCRYPT, ECB, sym(PLAIN, 0x11), ErrorCode.INVALID_DATA),
        (ENCRYPT, ECB, sym(PLAIN) + tlv.encode(START, PLAIN), ErrorCode.INVALID_DATA),
        (ENCRYPT, ECB, sym(PLAIN) + tlv.encode(WHOLE, PLAIN), ErrorCode.INVALID_DATA),
        (ENCRYPT, ECB, sym(PLAIN) + tlv.encode(0x44, b""), ErrorCode.INVALID_DATA),
        (ENCRYPT, CBC, two(KEY_OID) + tlv.encode(IV_TAG, IV), ErrorCode.INVALID_DATA),
        (ENCRYPT, ECB, sym(PLAIN, iv=IV), ErrorCode.UNSUPPORTED_PARAMETERS),
        (ENCRYPT, CBC_MAC, sym(PLAIN, iv=IV), ErrorCode.UNSUPPORTED_PARAMETERS),
        (ENCRYPT, CMAC_MODE, sym(PLAIN, iv=IV), ErrorCode.UNSUPPORTED_PARAMETERS),
        (ENCRYPT, CBC, sym(PLAIN, CONTINUE, iv=IV), ErrorCode.UNSUPPORTED_PARAMETERS),
        (ENCRYPT, CBC, sym(PLAIN) + tlv.encode(0x40, b"x"), ErrorCode.UNSUPPORTED_PARAMETERS),
        (ENCRYPT, CBC, sym(PLAIN) + tlv.encode(0x42, two(64)), ErrorCode.UNSUPPORTED_PARAMETERS),
        (DECRYPT, CBC, sym(PLAIN) + tlv.encode(0x43, bytes(32)), ErrorCode.UNSUPPORTED_PARAMETERS),
        (DECRYPT, CBC_MAC, sym(PLAIN), ErrorCode.INVALID_PARAM),
        (DECRYPT, CMAC_MODE, sym(PLAIN), ErrorCode.INVALID_PARAM),
        (ENCRYPT, ECB, sym(PLAIN, oid=0xE0F1), ErrorCode.INVALID_OID),
        (ENCRYPT, ECB, sym(PLAIN, oid=0xE0FC), ErrorCode.INVALID_OID),
        (ENCRYPT, ECB, sym(PLAIN, oid=0xF1D0), ErrorCode.INVALID_OID),
        (ENCRYPT, ECB, sym(PLAIN, oid=0xE100), ErrorCode.INVALID_OID),
        (ENCRYPT, ECB, sym(PLAIN, oid=0xBEEF), ErrorCode.INVALID_OID),
    ],
)
def test_what_is_refused(code: int, mode: int, data: bytes, error: ErrorCode) -> None:
    probe = keyed(KEYS[128])
    assert probe.refused(code, mode, data) is error


@pytest.mark.parametrize("mode", [0x00, 0x07, 0x0C, 0x1F, 0x23, 0x81, 0xFF])
def test_modes_that_are_none(mode: int) -> None:
    for code in (ENCRYPT, DECRYPT):
        assert keyed(KEYS[128]).refused(code, mode, sym(PLAIN)) is ErrorCode.INVALID_PARAM


def test_as_much_as_fits_a_command() -> None:
    probe = keyed(KEYS[128])
    assert len(value(probe.ok(ENCRYPT, ECB, sym(bytes(624))))) == 624
    assert len(value(probe.ok(ENCRYPT, CBC, sym(bytes(608), iv=IV)))) == 608
    assert len(value(probe.ok(ENCRYPT, CMAC_MODE, sym(bytes(635))))) == 16


def test_the_key_must_be_there_and_be_for_encryption() -> None:
    for code in (ENCRYPT, DECRYPT):
        assert Probe().refused(code, ECB, sym(PLAIN)) is ErrorCode.UNSUPPORTED_EXTENSION
        for usage in (0x01, 0x10, 0x20, 0x31):
            assert keyed(KEYS[128], usage).refused(code, ECB, sym(PLAIN)) is ErrorCode.UNSUPPORTED_EXTENSION
        assert keyed(KEYS[128], 0x33).ok(code, ECB, sym(PLAIN))


def test_the_execute_condition_guards_the_key() -> None:
    probe = keyed(KEYS[128])
    probe.set_tags(KEY_OID, {Tag.EXECUTE: NEVER})
    for code in (ENCRYPT, DECRYPT):
        assert probe.refused(code, ECB, sym(PLAIN)) is DENIED
    probe.set_tags(KEY_OID, {Tag.EXECUTE: BELOW_OPERATIONAL})
    assert probe.ok(ENCRYPT, ECB, sym(PLAIN))


def make(oid: int = KEY_OID, usage: int = 0x02) -> bytes:
    return tlv.encode(0x01, two(oid)) + tlv.encode(0x02, bytes([usage]))


@pytest.mark.parametrize(("algorithm", "size"), [(0x81, 16), (0x82, 24), (0x83, 32)])
def test_a_key_is_made_and_kept(algorithm: int, size: int) -> None:
    store = MemoryStore(FACTORY.load())
    probe = Probe(store)
    assert probe.refused(GEN, algorithm, make()) is DENIED  # a new chip's is locked
    probe.set_tags(KEY_OID, {Tag.CHANGE: ALWAYS})
    assert probe.ok(GEN, algorithm, make(usage=0x13)) == b""
    metadata = probe.metadata(KEY_OID)
    assert metadata.get(Tag.ALGORITHM) == bytes([algorithm])
    assert metadata.get(Tag.KEY_USAGE) == b"\x13"
    assert len(store.load()[KEY_OID].data) == size
    protected = value(probe.ok(ENCRYPT, ECB, sym(PLAIN)))
    again = Probe(store)
    assert value(again.ok(DECRYPT, ECB, sym(protected))) == PLAIN
    again.ok(GEN, algorithm, make())
    assert value(again.ok(ENCRYPT, ECB, sym(PLAIN))) != protected
    assert again.read_refused(KEY_OID) is DENIED
    assert again.write_refused(KEY_OID, bytes(size)) is DENIED


@pytest.mark.parametrize(("algorithm", "size"), [(0x81, 16), (0x82, 24), (0x83, 32)])
def test_a_key_is_made_and_given_out(algorithm: int, size: int) -> None:
    probe = Probe(MemoryStore(FACTORY.load()))
    keys = {probe.ok(GEN, algorithm, bytes.fromhex("070000")) for _ in range(10)}
    assert len(keys) == 10
    for key in keys:
        assert [(tag, len(content)) for tag, content in tlv.decode(key)] == [(0x01, size)]


@pytest.mark.parametrize("algorithm", [0x00, 0x03, 0x41, 0x80, 0x84, 0xE2])
def test_algorithms_that_are_no_secret_keys(algorithm: int) -> None:
    assert keyed(KEYS[128]).refused(GEN, algorithm, make()) is ErrorCode.INVALID_PARAM


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", ErrorCode.INVALID_LENGTH),
        (b"\x07\x00", ErrorCode.INVALID_LENGTH),
        (tlv.encode(0x07, b"\0"), ErrorCode.INVALID_LENGTH),
        (tlv.encode(0x01, b"\xe2") + tlv.encode(0x02, b"\x02"), ErrorCode.INVALID_LENGTH),
        (tlv.encode(0x01, two(KEY_OID)) + tlv.encode(0x02, b"\0\x02"), ErrorCode.INVALID_LENGTH),
        (tlv.encode(0x01, two(KEY_OID)), ErrorCode.INVALID_DATA),
        (make() + tlv.encode(0x07, b""), ErrorCode.INVALID_DATA),
        (make() + make(), ErrorCode.INVALID_DATA),
        (make(usage=0x00), ErrorCode.INVALID_DATA),
        (make(usage=0x04), ErrorCode.INVALID_DATA),
        (make(oid=0xE0F1), ErrorCode.INVALID_OID),
        (make(oid=0xE100), ErrorCode.INVALID_OID),
        (make(oid=0xF1D0), ErrorCode.INVALID_OID),
        (make(oid=0xBEEF), ErrorCode.INVALID_OID),
    ],
)
def test_bad_data_of_gen_sym_key(data: bytes, error: ErrorCode) -> None:
    probe = keyed(KEYS[128])
    assert probe.refused(GEN, 0x81, data) is error
    assert value(probe.ok(ENCRYPT, ECB, sym(PLAIN))).hex() == ECB_VECTORS[128]


def test_metadata_that_would_grow_too_long_take_no_key() -> None:
    probe = Probe(MemoryStore(FACTORY.load()))
    long = bytes.fromhex("e1fc07fde1fb00fde1fb00fde1fb00fde1fb00")
    probe.set_tags(KEY_OID, {Tag.EXECUTE: long, Tag.READ: long[:11], Tag.CHANGE: ALWAYS})
    assert probe.refused(GEN, 0x81, make()) is ErrorCode.METADATA_TRUNCATION


def test_a_shared_secret_is_no_aes_key() -> None:
    probe = keyed(KEYS[128])
    probe.machine.sessions[0xE100] = SessionSecret(bytes(16), Origin.AGREED)
    assert probe.refused(ENCRYPT, CMAC_MODE, sym(PLAIN, oid=0xE100)) is ErrorCode.INVALID_OID
