"""Which protected updates may begin: manifest, signature, access, secret (SRM, "SetObjectProtected")."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from optiga.emulator.models import TRUST_M_V1
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import ErrorCode, KeyUsage
from optiga.protocol.manifest import DataUpdate, KeyUpdate
from optiga.protocol.metadata import Metadata, Tag
from optiga.update.make import UpdateSecret
from optiga.update.payloads import key_payload, metadata_payload
from tests.support.emulator.emulated import ALWAYS, ERASE, NEVER, Clock, Probe
from tests.support.emulator.updating import (
    ANCHOR_OID,
    BY_ANCHOR,
    BY_ANCHOR_AND_SECRET,
    LONG,
    SECRET,
    SECRET_OID,
    START,
    TARGET,
    apply,
    begin,
    certificate_of,
    final_refused,
    made,
    resigned,
    send_refused,
    signer,
    start_refused,
    updatable,
    version,
)

probe = pytest.fixture(updatable)


# --- manifest


@pytest.mark.parametrize("payload_version", [0x8000, 0x8001, 0xFFFF])
def test_a_version_with_the_invalid_flag(probe: Probe, payload_version: int) -> None:
    assert start_refused(probe, resigned(made(b"x"), payload_version=payload_version)) is ErrorCode.INVALID_MANIFEST


def test_a_payload_of_nothing(probe: Probe) -> None:
    assert start_refused(probe, resigned(made(b"x"), size=0)) is ErrorCode.INVALID_MANIFEST


def test_an_update_for_one_chip(probe: Probe) -> None:
    uid = probe.read(0xE0C2)
    apply(probe, made(b"for you", uid=uid))
    assert probe.read(TARGET) == b"for you"
    assert start_refused(probe, made(b"x", 2, uid=uid[:-3] + bytes(3))) is ErrorCode.INVALID_MANIFEST


def test_a_v1_takes_data_in_plain_for_every_chip() -> None:
    """Notes to SetObjectProtected, and the V1's own CDDL of Infineon."""
    probe = Probe(model=TRUST_M_V1)
    probe.write(ANCHOR_OID, certificate_of(signer()), how=ERASE)
    probe.set_tags(TARGET, {Tag.CHANGE: BY_ANCHOR})
    uid = probe.read(0xE0C2)[:25]
    for update in (
        made(b"x", secret=SECRET),
        made(b"x", uid=uid),
        made(metadata_payload(Metadata({Tag.READ: NEVER}))),
        made(key_payload(ec.generate_private_key(ec.SECP256R1()), KeyUsage.SIGNATURE), target_oid=0xE0F1),
    ):
        assert start_refused(probe, update) is ErrorCode.INVALID_MANIFEST
    apply(probe, made(b"for you all"))
    assert probe.read(TARGET) == b"for you all"


def test_an_object_is_not_updated_by_means_of_itself(probe: Probe) -> None:
    for oid in (ANCHOR_OID, SECRET_OID):
        probe.set_tags(oid, {Tag.CHANGE: BY_ANCHOR})
        update = resigned(made(b"x", secret=SECRET), target_oid=oid)
        assert start_refused(probe, update) is ErrorCode.INVALID_MANIFEST


@pytest.mark.parametrize(
    "oid", [0xE0C0, 0xE0C1, 0xE0C2, 0xE0C3, 0xE0C4, 0xE0C5, 0xE0C6, 0xF1C0, 0xF1C1, 0xF1C2, 0xE100, 0xE0E4, 0x0000]
)
def test_objects_that_take_no_update(probe: Probe, oid: int) -> None:
    assert start_refused(probe, resigned(made(b"x"), target_oid=oid)) is ErrorCode.INVALID_OID


@pytest.mark.parametrize(
    ("oid", "kind"),
    [
        (0xE0F1, DataUpdate()),
        (0xE200, DataUpdate()),
        (TARGET, KeyUpdate(KeyAlgorithm.SECP256R1, KeyUsage.SIGNATURE)),
        (0xE0FC, KeyUpdate(KeyAlgorithm.SECP256R1, KeyUsage.SIGNATURE)),
        (0xE0F1, KeyUpdate(KeyAlgorithm.RSA1024, KeyUsage.SIGNATURE)),
        (0xE0F1, KeyUpdate(KeyAlgorithm.AES128, KeyUsage.ENCRYPTION)),
        (0xE200, KeyUpdate(KeyAlgorithm.SECP256R1, KeyUsage.SIGNATURE)),
    ],
)
def test_objects_that_hold_something_else(probe: Probe, oid: int, kind: Any) -> None:
    probe.set_tags(oid, {Tag.CHANGE: BY_ANCHOR})
    assert start_refused(probe, resigned(made(b"x"), target_oid=oid, kind=kind)) is ErrorCode.INVALID_MANIFEST


def test_offset_and_payload_lie_within_the_object(probe: Probe) -> None:
    apply(probe, resigned(made(b"12345"), kind=DataUpdate(1495)))
    assert probe.read(TARGET) == bytes(1495) + b"12345"
    for offset in (1496, 1500, 1 << 31):
        update = resigned(made(b"12345", 2), kind=DataUpdate(offset))
        assert start_refused(probe, update) is ErrorCode.DATA_OBJECT_BOUNDARY_EXCEEDED


@pytest.mark.parametrize(("conditions", "fits"), [(6, True), (7, False)])
def test_the_version_must_fit_into_the_metadata(probe: Probe, conditions: int, fits: bool) -> None:
    probe.set_tags(TARGET, {Tag.EXECUTE: b"\xfd".join([bytes.fromhex("9020")] * conditions)})
    assert len(probe.metadata(TARGET).encode()) == (40 if fits else 43)
    if fits:
        apply(probe, made(b"x"))
    else:
        assert start_refused(probe, made(b"x")) is ErrorCode.METADATA_TRUNCATION


# --- signature


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP521R1()),
        ec.generate_private_key(ec.BrainpoolP256R1()),
        ec.generate_private_key(ec.BrainpoolP384R1()),
        ec.generate_private_key(ec.BrainpoolP512R1()),
        rsa.generate_private_key(65537, 1024),
        rsa.generate_private_key(65537, 2048),
    ],
    ids=["p384", "p521", "bp256", "bp384", "bp512", "rsa1024", "rsa2048"],
)
def test_keys_that_sign(key: Any) -> None:
    probe = updatable(key)
    update = made(b"signed", signer=key)
    apply(probe, update)
    assert probe.read(TARGET) == b"signed"
    assert start_refused(probe, made(b"x", 2)) is ErrorCode.SIGNATURE_VERIFICATION_FAILURE, "another key's"
    broken = replace(update.signed, signature=update.signed.signature[:-1] + b"\x00").encode()
    if broken != update.manifest:
        assert send_refused(probe, START, broken) is ErrorCode.SIGNATURE_VERIFICATION_FAILURE


@pytest.mark.parametrize("size", [96, 128, 132, 256])
def test_signatures_of_another_length_than_the_keys(probe: Probe, size: int) -> None:
    signed = replace(made(b"x").signed, signature=bytes([1]) * size)
    assert send_refused(probe, START, signed.encode()) is ErrorCode.SIGNATURE_VERIFICATION_FAILURE


def test_a_signature_of_zeros(probe: Probe) -> None:
    signed = replace(made(b"x").signed, signature=bytes(64))
    assert send_refused(probe, START, signed.encode()) is ErrorCode.SIGNATURE_VERIFICATION_FAILURE


def test_the_trust_anchor_is_one_and_may_be_used(probe: Probe) -> None:
    probe.write(0xE0E9, b"no certificate", how=ERASE)
    assert start_refused(probe, made(b"x", anchor_oid=0xE0E9)) is ErrorCode.INVALID_CERTIFICATE_FORMAT
    for oid in (0xE0E1, 0xF1E1, 0xE0F1, 0xE0E4):
        assert start_refused(probe, made(b"x", anchor_oid=oid)) is ErrorCode.INVALID_OID
    probe.set_tags(ANCHOR_OID, {Tag.EXECUTE: NEVER})
    assert start_refused(probe, made(b"x")) is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED


# --- access


@pytest.mark.parametrize(
    ("condition", "plain", "encrypted"),
    [
        ("21e0e8", True, True),
        ("21e0e8fd20f1db", False, True),
        ("20f1dbfd21e0e8", False, True),
        ("21e0e8fd20f1d0", False, False),
        ("e1fc07fe21e0e8", True, True),
        ("e1fc01fe21e0e8", True, True),
        ("21e0e9fe21e0e8", True, True),
        ("21e0e8fde1fc07", True, True),
        ("21e0e8fde1fc01", False, False),
        ("21e0e8fd23f1d5", False, False),
        ("21e0e9", False, False),
        ("20f1db", False, False),
        ("e1fc07", False, False),
        ("00", False, False),
        ("ff", False, False),
    ],
)
def test_the_change_condition_names_the_trust_anchor(condition: str, plain: bool, encrypted: bool) -> None:
    for secret, allowed in ((None, plain), (SECRET, encrypted)):
        probe = updatable()
        probe.set_tags(TARGET, {Tag.CHANGE: bytes.fromhex(condition)})
        update = made(b"x", secret=secret)
        if allowed:
            apply(probe, update)
            assert probe.read(TARGET) == b"x"
        else:
            assert start_refused(probe, update) is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED


def test_an_absent_condition_is_never(probe: Probe) -> None:
    metadata = metadata_payload(Metadata({Tag.READ: NEVER}))
    assert start_refused(probe, made(metadata)) is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED


def test_an_operational_object_is_updated_too(probe: Probe) -> None:
    probe.set_tags(TARGET, {Tag.LCSO: b"\x07"})
    apply(probe, made(b"in the field"))
    assert probe.read(TARGET) == b"in the field"
    assert probe.write_refused(TARGET, b"x") is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED


def test_the_states_of_an_update_end_with_its_manifest(probe: Probe) -> None:
    probe.set_tags(0xF1D0, {Tag.READ: BY_ANCHOR_AND_SECRET})
    update = made(LONG, secret=SECRET)
    begin(probe, update, 1)
    assert probe.read_refused(0xF1D0) is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED
    assert probe.write_refused(TARGET, b"x") is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED


def test_a_linked_counter_counts_updates(probe: Probe) -> None:
    probe.write(0xE120, bytes.fromhex("0000000000000001"))
    probe.set_tags(TARGET, {Tag.CHANGE: bytes.fromhex("21e0e8fd40e120")})
    apply(probe, made(LONG))
    assert probe.read(0xE120).hex() == "0000000100000001"
    assert start_refused(probe, made(b"x", 2)) is ErrorCode.COUNTER_THRESHOLD_EXCEEDED


# --- secret


def test_the_secret_is_an_update_secret_and_may_be_used(probe: Probe) -> None:
    update = made(b"x", secret=SECRET)
    for tags, code in (
        ({Tag.EXECUTE: NEVER}, ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED),
        ({Tag.EXECUTE: ALWAYS, Tag.TYPE: b"\x21"}, ErrorCode.INVALID_OID),
        ({Tag.TYPE: b"\x00"}, ErrorCode.INVALID_OID),
    ):
        probe.set_tags(SECRET_OID, tags)
        assert start_refused(probe, update) is code
    assert start_refused(probe, made(b"x", secret=replace(SECRET, oid=0xF1EF))) is ErrorCode.INVALID_OID


def test_a_secret_has_at_most_64_bytes(probe: Probe) -> None:
    secret = UpdateSecret(SECRET_OID, bytes(range(64)))
    probe.write(SECRET_OID, secret.value, how=ERASE)
    apply(probe, made(b"x", secret=secret))
    assert probe.write_refused(SECRET_OID, bytes(65), how=ERASE) is ErrorCode.DATA_OBJECT_BOUNDARY_EXCEEDED
    probe.install(SECRET_OID, bytes(65), {Tag.USED_SIZE: b"\x41"})
    assert start_refused(probe, made(b"x", 2, secret=secret)) is ErrorCode.INVALID_DATA


def test_another_secret_and_the_security_monitor() -> None:
    """SRM, "Security Events": a decryption failure is one, and so is the use of the secret."""
    probe = updatable(clock=Clock())
    update = made(b"x", secret=UpdateSecret(SECRET_OID, bytes(32)))
    before = probe.read(0xE0C5)[0]
    assert final_refused(probe, update) is ErrorCode.INTEGRITY_VALIDATION_FAILURE
    assert probe.read(0xE0C5)[0] == before + 2
    assert version(probe) is None
