"""Keys and metadata in protected updates (SRM, "Format of keys in Payload", "Metadata update", table 50)."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from optiga.protocol import tlv
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import ErrorCode, KeyUsage
from optiga.protocol.manifest import ContentReset, KeyUpdate, MetadataUpdate
from optiga.protocol.metadata import Metadata, Tag
from optiga.update.payloads import Payload, aes_payload, key_payload, metadata_payload
from tests.support.emulator.emulated import ALWAYS, ERASE, NEVER, Probe, in_der
from tests.support.emulator.updating import (
    BY_ANCHOR,
    TARGET,
    apply,
    final_refused,
    made,
    start_refused,
    updatable,
    version,
)

DIGEST = hashlib.sha256(b"updated").digest()
SIGN = KeyUsage.SIGNATURE
EC_SIZES = {"SECP256R1": 32, "SECP384R1": 48, "SECP521R1": 66, "BrainpoolP256R1": 32, "BrainpoolP512R1": 64}


probe = pytest.fixture(updatable)


# --- keys


@pytest.mark.parametrize("curve", sorted(EC_SIZES))
def test_an_ec_key_signs(probe: Probe, curve: str) -> None:
    key = ec.generate_private_key(getattr(ec, curve)())
    probe.set_tags(0xE0F2, {Tag.CHANGE: BY_ANCHOR})
    apply(probe, made(key_payload(key, SIGN), target_oid=0xE0F2))
    signature = in_der(probe.sign(0xE0F2, DIGEST))
    key.public_key().verify(signature, DIGEST, ec.ECDSA(Prehashed(hashes.SHA256())))
    assert probe.metadata(0xE0F2).key_usage == SIGN
    assert version(probe, 0xE0F2) == "0001"


@pytest.mark.long
@pytest.mark.parametrize("bits", [1024, 2048])
def test_an_rsa_key_signs(probe: Probe, bits: int) -> None:
    key = rsa.generate_private_key(65537, bits)
    probe.set_tags(0xE0FD, {Tag.CHANGE: BY_ANCHOR})
    apply(probe, made(key_payload(key, SIGN), target_oid=0xE0FD))
    signature = probe.sign(0xE0FD, DIGEST, 0x01)
    key.public_key().verify(signature, DIGEST, padding.PKCS1v15(), Prehashed(hashes.SHA256()))


@pytest.mark.parametrize("size", [16, 24, 32])
def test_an_aes_key(probe: Probe, size: int) -> None:
    probe.set_tags(0xE200, {Tag.CHANGE: BY_ANCHOR})
    apply(probe, made(aes_payload(bytes(range(size))), target_oid=0xE200))
    assert probe.stored(0xE200).data == bytes(range(size))
    assert probe.metadata(0xE200).algorithm is {16: KeyAlgorithm.AES128, 24: KeyAlgorithm.AES192}.get(
        size, KeyAlgorithm.AES256
    )


def p256(*parts: tuple[int, bytes]) -> Payload:
    kind = KeyUpdate(KeyAlgorithm.SECP256R1, SIGN)
    return Payload(kind, b"".join(tlv.encode(tag, value) for tag, value in parts))


ONE = (1).to_bytes(32, "big")


@pytest.mark.parametrize(
    "payload",
    [
        p256((1, ONE)),
        p256((2, bytes(64)), (1, ONE)),  # in any order; and the public key is not looked at
    ],
)
def test_ec_keys_that_are_taken(probe: Probe, payload: Payload) -> None:
    probe.set_tags(0xE0F1, {Tag.CHANGE: BY_ANCHOR})
    apply(probe, made(payload, target_oid=0xE0F1))
    assert probe.stored(0xE0F1).data == ONE


def rsa_parts(**changes: int) -> Payload:
    numbers = {"d": 7, "n": (1 << 1023) + 1, "e": 65537, **changes}
    content = tlv.encode_integer(1, numbers["d"], 128) + tlv.encode_integer(2, numbers["n"], 128)
    return Payload(KeyUpdate(KeyAlgorithm.RSA1024, SIGN), content + tlv.encode_integer(3, numbers["e"], 4))


@pytest.mark.parametrize(
    ("oid", "payload"),
    [
        (0xE0F1, p256((2, bytes(64)))),
        (0xE0F1, p256((1, ONE), (1, ONE))),
        (0xE0F1, p256((1, ONE[1:]))),
        (0xE0F1, p256((1, b"\x00" + ONE))),
        (0xE0F1, p256((1, ONE), (2, bytes(65)))),
        (0xE0F1, p256((1, ONE), (3, b"x"))),
        (0xE0F1, p256((1, bytes(32)))),
        (0xE0F1, p256((1, b"\xff" * 32))),
        (0xE0F1, Payload(KeyUpdate(KeyAlgorithm.SECP256R1, SIGN), b"\x01\x00\x20" + ONE[:31])),
        (0xE0FC, rsa_parts()),
        (0xE0FC, rsa_parts(n=(1 << 1022) + 1)),
        (0xE0FC, rsa_parts(d=0)),
        (0xE0FC, rsa_parts(e=1)),
        (0xE0FC, Payload(KeyUpdate(KeyAlgorithm.RSA1024, SIGN), tlv.encode(1, bytes(128)))),
        (0xE200, Payload(KeyUpdate(KeyAlgorithm.AES256, KeyUsage.ENCRYPTION), tlv.encode(1, bytes(16)))),
        (0xE200, Payload(KeyUpdate(KeyAlgorithm.AES128, KeyUsage.ENCRYPTION), tlv.encode(2, bytes(16)))),
    ],
)
def test_keys_that_are_none(probe: Probe, oid: int, payload: Payload) -> None:
    probe.set_tags(oid, {Tag.CHANGE: BY_ANCHOR})
    before = probe.metadata(oid)
    assert final_refused(probe, made(payload, target_oid=oid)) is ErrorCode.INVALID_DATA
    assert (probe.stored(oid).data, probe.metadata(oid)) == (b"", before)


def test_a_key_replaces_the_one_before(probe: Probe) -> None:
    probe.generate(0x03, 0xE0F1)
    probe.set_tags(0xE0F1, {Tag.CHANGE: BY_ANCHOR})
    apply(probe, made(p256((1, ONE)), target_oid=0xE0F1))
    signature = in_der(probe.sign(0xE0F1, DIGEST))
    public = ec.derive_private_key(1, ec.SECP256R1()).public_key()
    public.verify(signature, DIGEST, ec.ECDSA(Prehashed(hashes.SHA256())))


# --- metadata


def ready(probe: Probe, reset_type: int, oid: int = TARGET, **tags: bytes) -> None:
    """Let the metadata of an object be updated."""
    probe.set_tags(oid, {Tag.METADATA_UPDATE: BY_ANCHOR, Tag.RESET_TYPE: bytes([reset_type])})


def updated(probe: Probe, tags: dict[int, bytes], number: int = 1, oid: int = TARGET, **keywords: Any) -> None:
    apply(probe, made(metadata_payload(Metadata(tags), **keywords), number, target_oid=oid))


def test_tags_in_the_payload_change_and_no_others(probe: Probe) -> None:
    ready(probe, 0x01)
    before = dict(probe.metadata(TARGET).items())
    updated(probe, {Tag.READ: NEVER, Tag.TYPE: b"\x21"})
    changes = {Tag.READ: NEVER, Tag.TYPE: b"\x21", Tag.VERSION: b"\x00\x01"}
    assert dict(probe.metadata(TARGET).items()) == {**before, **changes}


@pytest.mark.parametrize("now", [1, 3, 7, 15])
@pytest.mark.parametrize("given", [None, 1, 3, 7, 15])
@pytest.mark.parametrize("reset", [0x00, 0x01, 0x03, 0x07, 0x0F])
def test_the_life_cycle_state_afterwards(probe: Probe, now: int, given: int | None, reset: int) -> None:
    """That of the payload, otherwise that of the reset type; it may go back."""
    ready(probe, reset)
    probe.set_tags(TARGET, {Tag.LCSO: bytes([now])})
    updated(probe, {} if given is None else {Tag.LCSO: bytes([given])})
    assert probe.metadata(TARGET).life_cycle_state == (given or reset or now)


@pytest.mark.parametrize(
    ("reset_type", "reset", "flushed"),
    [
        (0x01, ContentReset.AS_METADATA, False),
        (0x01, ContentReset.ZEROS, True),
        (0x01, ContentReset.RANDOM, True),
        (0x11, ContentReset.AS_METADATA, True),
        (0x21, ContentReset.AS_METADATA, True),
        (0x11, ContentReset.RANDOM, True),
    ],
)
def test_flushing(probe: Probe, reset_type: int, reset: ContentReset, flushed: bool) -> None:
    probe.set_tags(TARGET, {Tag.CHANGE: bytes.fromhex("e1fc07")})
    probe.write(TARGET, b"content", how=ERASE)
    ready(probe, reset_type)
    updated(probe, {}, reset=reset)
    assert probe.metadata(TARGET).used_size == (0 if flushed else 7)
    assert probe.stored(TARGET).data == (b"" if flushed else b"content")
    if flushed:  # even offset 0 lies behind what is there
        assert probe.read_refused(TARGET) is ErrorCode.DATA_OBJECT_BOUNDARY_EXCEEDED
        assert probe.read_refused(TARGET, 0, 1) is ErrorCode.DATA_OBJECT_BOUNDARY_EXCEEDED


def test_a_flushed_key_is_gone(probe: Probe) -> None:
    probe.generate(0x03, 0xE0F1)
    ready(probe, 0x11, 0xE0F1)
    updated(probe, {Tag.EXECUTE: ALWAYS}, oid=0xE0F1)
    metadata = probe.metadata(0xE0F1)
    assert (metadata.algorithm, probe.stored(0xE0F1).data) == (None, b"")
    probe.generate(0x03, 0xE0F1)
    probe.sign(0xE0F1, DIGEST)


def test_a_key_that_is_not_flushed_stays(probe: Probe) -> None:
    probe.generate(0x03, 0xE0F1)
    ready(probe, 0x01, 0xE0F1)
    updated(probe, {Tag.KEY_USAGE: b"\x11"}, oid=0xE0F1)
    assert probe.metadata(0xE0F1).algorithm is KeyAlgorithm.SECP256R1
    probe.sign(0xE0F1, DIGEST)


def test_what_is_terminated_is_neither_read_nor_used(probe: Probe) -> None:
    probe.generate(0x03, 0xE0F1)
    for oid in (TARGET, 0xE0F1):
        ready(probe, 0x0F, oid)
        updated(probe, {}, oid=oid)
    assert probe.read_refused(TARGET) is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED
    to_sign = tlv.encode(1, DIGEST) + tlv.encode(3, b"\xe0\xf1")
    assert probe.refused(0x31, 0x11, to_sign) is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED
    updated(probe, {Tag.LCSO: b"\x01"}, 2)
    assert probe.read(TARGET) == bytes(1500)


def test_without_a_reset_type(probe: Probe) -> None:
    probe.set_tags(TARGET, {Tag.METADATA_UPDATE: BY_ANCHOR})
    update = made(metadata_payload(Metadata({Tag.READ: NEVER})))
    assert start_refused(probe, update) is ErrorCode.INVALID_METADATA


@pytest.mark.parametrize(
    "content",
    [
        "",
        "2003c1020005",
        "2004c1020005",
        "2003c40110",
        "2003c50110",
        "2003e00103",
        "2003c2010000",
        "2003c20100",
        "2003c00102",
        "2003d10101",
        "2006d10100d10100",
        "2003e80199",
        "2003f00131",
    ],
)
def test_metadata_that_an_update_cannot_bring(probe: Probe, content: str) -> None:
    ready(probe, 0x11)
    before = probe.metadata(TARGET)
    payload = Payload(MetadataUpdate(), bytes.fromhex(content) or b"\x20")
    assert final_refused(probe, made(payload)) is ErrorCode.INVALID_DATA
    assert probe.metadata(TARGET) == before


def test_metadata_that_become_too_long(probe: Probe) -> None:
    ready(probe, 0x01)
    long = b"\xfd".join([bytes.fromhex("9020")] * 7)
    update = made(metadata_payload(Metadata({Tag.EXECUTE: long})))
    assert final_refused(probe, update) is ErrorCode.METADATA_TRUNCATION


def test_the_security_monitors_configuration_goes_back_to_its_defaults(probe: Probe) -> None:
    """SRM, "Security Monitor Policy". No factory lets it be updated: a test opens it."""
    factory = probe.read(0xE0C9)
    tags = {Tag.METADATA_UPDATE: BY_ANCHOR, Tag.RESET_TYPE: b"\x11"}
    probe.install(0xE0C9, bytes.fromhex("1400030200000000"), tags)
    updated(probe, {}, oid=0xE0C9)
    assert probe.read(0xE0C9) == factory
