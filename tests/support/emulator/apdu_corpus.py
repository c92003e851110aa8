"""Sound commands of every kind, in the sequences that they belong in, and a chip on which they succeed."""

from __future__ import annotations

import hashlib
from functools import cache

from optiga.emulator import MemoryStore, keys
from optiga.protocol import tlv
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import APPLICATION_ID, ObjectType
from optiga.protocol.codes import CommandCode as Code
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.public_key import PublicKey
from tests.support import infineon_updates as updates
from tests.support.emulator.agreeing import install_key
from tests.support.emulator.certificates import certify, signature_of
from tests.support.emulator.emulated import (
    ALWAYS,
    COUNT,
    ERASE,
    METADATA,
    WRITE,
    Probe,
    command,
    key_target,
    to_sign,
    two,
)

EC_KEY, LARGE_EC_KEY, RSA_KEY, AES_KEY = 0xE0F3, 0xE0F2, 0xE0FD, 0xE200
SHARED, AUTHORIZATION, SMALL, LARGE = 0xF1D2, 0xF1D3, 0xF1D4, 0xF1E0
COUNTER, LINKED, CERTIFICATE = 0xE120, 0xF1D5, 0xE0E8
SESSIONS = tuple(range(0xE100, 0xE104))
DIGEST = hashlib.sha256(b"message").digest()
ECDSA, RSA_SHA256 = 0x11, 0x01
ALL_USAGES = 0x33
MADE_OR_UPDATED = bytes.fromhex("e1fc07fe21e0e3")
"""A change condition that lets the chip make a key, and Infineon's update sets replace it."""

Sequence = tuple[bytes, ...]


@cache
def private_keys() -> dict[int, object]:
    return {
        EC_KEY: keys.generate(KeyAlgorithm.SECP256R1),
        LARGE_EC_KEY: keys.generate(KeyAlgorithm.SECP521R1),
        RSA_KEY: keys.generate(KeyAlgorithm.RSA1024),
    }


@cache
def prepared_store() -> MemoryStore:
    """A chip with keys, secrets, a linked counter, a certificate, and all that Infineon's update sets need."""
    store = MemoryStore()
    probe = Probe(store)
    algorithms = {EC_KEY: 0x03, LARGE_EC_KEY: 0x05, RSA_KEY: 0x41}
    for oid, private in private_keys().items():
        install_key(probe, oid, algorithms[oid], private, ALL_USAGES)
    tags = {Tag.ALGORITHM: b"\x81", Tag.KEY_USAGE: b"\x02", Tag.CHANGE: MADE_OR_UPDATED}
    probe.install(AES_KEY, bytes(range(16)), tags)
    for oid, kind in ((SHARED, ObjectType.PRE_SHARED_SECRET), (AUTHORIZATION, ObjectType.AUTHORIZATION_REFERENCE)):
        probe.write(oid, bytes(range(64)))
        probe.set_tags(oid, {Tag.TYPE: bytes([kind]), Tag.EXECUTE: ALWAYS})
    probe.write(CERTIFICATE, certify(private_keys()[EC_KEY], usages={"digital_signature"}), how=ERASE)
    probe.set_tags(CERTIFICATE, {Tag.EXECUTE: ALWAYS})
    probe.write(LARGE, bytes(range(256)) * 4)
    probe.set_tags(LINKED, {Tag.READ: bytes([0x40]) + two(COUNTER)})
    probe.write(COUNTER, bytes(4) + (50).to_bytes(4, "big"), how=ERASE)
    probe.write(updates.ANCHOR_OID, bytes.fromhex(updates.ANCHOR), how=ERASE)
    probe.write(updates.ANCHOR_OID, bytes.fromhex(updates.ANCHOR_METADATA), how=METADATA)
    probe.write(updates.SECRET_OID, bytes.fromhex(updates.SECRET), how=ERASE)
    probe.write(updates.SECRET_OID, bytes.fromhex(updates.SECRET_METADATA), how=METADATA)
    for sample in updates.SAMPLES:
        if sample.name not in ("aes key", "confidentiality"):
            probe.write(sample.target_oid, bytes.fromhex(sample.target_metadata), how=METADATA)
    probe.set_tags(0xE0F1, {Tag.CHANGE: MADE_OR_UPDATED})
    return store


def tlvs(*items: tuple[int, bytes]) -> bytes:
    return b"".join(tlv.encode(tag, value) for tag, value in items)


@cache
def sequences() -> tuple[Sequence, ...]:
    """Sound sequences. Those that take a chip long are few: each is as likely to be drawn as any other."""
    return (*_objects(), *_hashes(), *_keys(), *_secrets(), *_symmetric(), *_asymmetric(), *_updates(), *_application())


def _write(oid: int, data: bytes, offset: int = 0, how: int = WRITE) -> bytes:
    return command(Code.SET_DATA_OBJECT, how, two(oid) + two(offset) + data)


def _read(oid: int, *part: int) -> bytes:
    return command(Code.GET_DATA_OBJECT, 0, b"".join(map(two, (oid, *part))))


def _metadata(oid: int, tags: dict[int, bytes]) -> bytes:
    return _write(oid, Metadata(tags).encode(), how=METADATA)


def _objects() -> list[Sequence]:
    system = [(_read(oid), command(Code.GET_DATA_OBJECT, 1, two(oid))) for oid in (0xE0C2, 0xE0C5, 0xF1C0, 0xF1C2)]
    return [
        *system,
        (_read(LARGE, 10, 300), _read(LARGE), _read(LINKED), _read(LINKED)),
        (_write(SMALL, b"0123456789"), _write(SMALL, b"abc", 5), _read(SMALL), _write(SMALL, b"new", how=ERASE)),
        (_write(LARGE, bytes(1500), how=ERASE), _read(LARGE, 1400, 200)),
        (_write(0xF1D7, b"\x01"), _metadata(0xF1D7, {Tag.CHANGE: bytes.fromhex("e1fc07"), Tag.READ: ALWAYS})),
        (_metadata(0xF1D8, {Tag.READ: bytes.fromhex("23f1d3fd40e120fe9020")}), _read(0xF1D8)),
        (_metadata(0xF1D9, {Tag.LCSO: b"\x03"}), _metadata(0xF1D9, {Tag.LCSO: b"\x07"}), _write(0xF1D9, b"x")),
        (_metadata(0xF1DA, {Tag.TYPE: b"\x01"}), _write(0xF1DA, b"\0\0\0\1\0\0\0\5"), _write(0xF1DA, b"\2", how=COUNT)),
        (_write(COUNTER, b"\x01", how=COUNT), _read(COUNTER)),
        (_write(0xE0C3, b"\x20"), _write(0xE0C4, b"\x0a"), _write(0xE0C1, b"\x00"), _write(0xF1C0, b"\x03")),
        (_read(0xE0C9), _write(0xE0C9, bytes.fromhex("3200050100000000"))),
    ]


def _hashes() -> list[Sequence]:
    def part(*items: tuple[int, bytes]) -> bytes:
        return command(Code.CALC_HASH, 0xE2, tlvs(*items))

    piece = two(LARGE) + two(16) + two(64)
    return [
        (part((0x01, b"message")), part((0x11, piece))),
        (part((0x00, b"mess")), part((0x02, b"a")), part((0x05, b"g")), part((0x03, b"e"))),
        (part((0x00, b"mess" * 20), (0x07, b"")), part((0x02, b"age"), (0x07, b"")), part((0x10, piece))),
        (part((0x00, b"x")), part((0x04, b""))),
    ]


def _keys() -> list[Sequence]:
    def make(algorithm: int, data: bytes) -> bytes:
        return command(Code.GEN_KEY_PAIR, algorithm, data)

    public_key = keys.public_bit_string(private_keys()[EC_KEY])  # type: ignore[arg-type]
    signature = signature_of(private_keys()[EC_KEY])  # type: ignore[arg-type]
    given = tlvs((0x01, DIGEST), (0x02, signature), (0x05, b"\x03"), (0x06, public_key))
    return [
        (make(0x03, key_target(0xE0F1)), command(Code.CALC_SIGN, ECDSA, to_sign(0xE0F1, DIGEST))),
        (make(0x03, key_target(SESSIONS[0])), command(Code.CALC_SIGN, ECDSA, to_sign(SESSIONS[0], DIGEST))),
        (make(0x03, tlvs((0x07, b""))), make(0x04, tlvs((0x07, b"")))),
        (command(Code.CALC_SIGN, ECDSA, to_sign(EC_KEY, DIGEST)),) * 2,
        (command(Code.CALC_SIGN, RSA_SHA256, to_sign(RSA_KEY, DIGEST)),),
        (command(Code.CALC_SIGN, ECDSA, to_sign(LARGE_EC_KEY, DIGEST)),),
        (command(Code.VERIFY_SIGN, ECDSA, given),),
        (command(Code.VERIFY_SIGN, ECDSA, tlvs((0x01, DIGEST), (0x02, signature), (0x04, two(CERTIFICATE)))),),
    ]


def _secrets() -> list[Sequence]:
    public_key = keys.public_bit_string(private_keys()[EC_KEY])  # type: ignore[arg-type]

    def agree(*target: tuple[int, bytes]) -> bytes:
        return command(Code.CALC_SSEC, 0x01, tlvs((0x01, two(EC_KEY)), (0x05, b"\x03"), (0x06, public_key), *target))

    def derive(method: int, source: int, *target: tuple[int, bytes]) -> bytes:
        items = ((0x01, two(source)), (0x02, b"salt or seed"), (0x03, two(48)), *target)
        return command(Code.DERIVE_KEY, method, tlvs(*items))

    out, session = (0x07, b""), (0x08, two(SESSIONS[1]))
    random = command(Code.GET_RANDOM, 0, two(16))
    kept = two(16) + two(SESSIONS[2]) + tlvs((0x41, b"prepended"))
    return [
        (agree(out),),
        (agree(session), derive(0x01, SESSIONS[1], (0x08, two(SESSIONS[3]))), derive(0x08, SESSIONS[3], out)),
        *((derive(method, SHARED, out),) for method in (0x01, 0x02, 0x03, 0x08, 0x09, 0x0A)),
        (derive(0x08, SHARED, (0x04, b"info"), out),),
        (random, command(Code.GET_RANDOM, 1, two(256)), command(Code.GET_RANDOM, 0, kept)),
    ]


def _symmetric() -> list[Sequence]:
    def step(code: Code, mode: int, oid: int, *items: tuple[int, bytes]) -> bytes:
        return command(code, mode, two(oid) + tlvs(*items))

    block, both = bytes(32), (Code.ENCRYPT_SYM, Code.DECRYPT_SYM)
    challenge = two(16) + two(SESSIONS[0]) + tlvs((0x41, b""))
    answer = step(Code.DECRYPT_SYM, 0x20, AUTHORIZATION, (0x01, two(SESSIONS[0]) + bytes(16)), (0x43, bytes(32)))
    return [
        *((step(code, 0x08, AES_KEY, (0x01, block)),) for code in both),
        *((step(code, 0x09, AES_KEY, (0x01, block), (0x41, bytes(16))),) for code in both),
        tuple(step(Code.ENCRYPT_SYM, 0x09, AES_KEY, (tag, block)) for tag in (0x00, 0x02, 0x03)),
        tuple(step(Code.ENCRYPT_SYM, 0x0B, AES_KEY, (tag, block)) for tag in (0x00, 0x02, 0x03)),
        (step(Code.ENCRYPT_SYM, 0x0A, AES_KEY, (0x01, block)), step(Code.ENCRYPT_SYM, 0x0B, AES_KEY, (0x01, b"x"))),
        *((step(Code.ENCRYPT_SYM, mode, SHARED, (0x01, b"message")),) for mode in (0x20, 0x21, 0x22)),
        (command(Code.GET_RANDOM, 0, challenge), answer),
        (command(Code.GEN_SYM_KEY, 0x81, key_target(AES_KEY, 0x02)), step(both[0], 0x08, AES_KEY, (0x01, block))),
        (command(Code.GEN_SYM_KEY, 0x83, tlvs((0x07, b""))),),
    ]


def _asymmetric() -> list[Sequence]:
    private = private_keys()[RSA_KEY]
    public_key = keys.public_bit_string(private)  # type: ignore[arg-type]
    protected = keys.encrypt(PublicKey.of_chip(KeyAlgorithm.RSA1024, public_key), b"message")
    recipient = ((0x05, b"\x41"), (0x06, public_key))
    drawn = command(Code.GET_RANDOM, 0x04, two(46) + two(SESSIONS[3]) + tlvs((0x41, b"\x03\x03")))
    return [
        (command(Code.ENCRYPT_ASYM, 0x11, tlvs((0x61, b"message"), *recipient)),),
        (drawn, command(Code.ENCRYPT_ASYM, 0x11, tlvs((0x02, two(SESSIONS[3])), *recipient))),
        (command(Code.DECRYPT_ASYM, 0x11, tlvs((0x61, protected), (0x03, two(RSA_KEY)))),),
    ]


def _updates() -> list[Sequence]:
    made = []
    for sample in updates.SAMPLES:
        if sample.name == "rsa key":
            continue  # its primes are searched for, which takes a while
        steps = [(0x30, sample.manifest), *((0x32, fragment) for fragment in sample.fragments)]
        steps[-1] = (0x31, steps[-1][1])
        made.append(
            tuple(command(Code.SET_OBJECT_PROTECTED, 1, tlvs((tag, bytes.fromhex(text)))) for tag, text in steps)
        )
    return made


def _application() -> list[Sequence]:
    opened = command(Code.OPEN_APPLICATION, 0, APPLICATION_ID)
    return [
        (command(Code.CLOSE_APPLICATION, 0), _read(SMALL), opened),
        (command(Code.CLOSE_APPLICATION, 1), command(Code.OPEN_APPLICATION, 1, APPLICATION_ID + bytes(8)), opened),
        (opened,),
    ]
