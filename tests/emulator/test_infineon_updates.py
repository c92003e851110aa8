"""Infineon's published update sets, on a chip that is set up as its example sets it up."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from optiga.protocol import tlv
from optiga.protocol.codes import CommandCode, ErrorCode
from optiga.protocol.fragments import FragmentCipher
from optiga.protocol.manifest import SignedManifest
from optiga.protocol.metadata import Tag
from tests.support import infineon_updates as infineon
from tests.support.emulator.emulated import ERASE, METADATA, Probe, in_der
from tests.support.emulator.updating import CONTINUE, FINAL, START, send, send_refused
from tests.support.infineon_updates import ANCHOR_OID, SAMPLES, SECRET_OID, Sample
from tests.support.sampling import sampled

BY_NAME = {sample.name: sample for sample in SAMPLES}


def prepared(*samples: Sample) -> Probe:
    probe = Probe()
    for oid, metadata, data in (
        (ANCHOR_OID, infineon.ANCHOR_METADATA, infineon.ANCHOR),
        (SECRET_OID, infineon.SECRET_METADATA, infineon.SECRET),
    ):
        probe.write(oid, bytes.fromhex(metadata), how=METADATA)
        probe.write(oid, bytes.fromhex(data), how=ERASE)
    for sample in samples:
        probe.write(sample.target_oid, bytes.fromhex(sample.target_metadata), how=METADATA)
    return probe


def apply(probe: Probe, sample: Sample) -> None:
    send(probe, START, bytes.fromhex(sample.manifest))
    for fragment in sample.fragments[:-1]:
        send(probe, CONTINUE, bytes.fromhex(fragment))
    send(probe, FINAL, bytes.fromhex(sample.fragments[-1]))


def payload(sample: Sample) -> bytes:
    """What is in a sample of one encrypted fragment."""
    manifest = SignedManifest.decode(bytes.fromhex(sample.manifest)).manifest
    assert manifest.encryption is not None
    cipher = FragmentCipher(
        manifest.encryption, bytes.fromhex(infineon.SECRET), manifest.payload_version, manifest.size
    )
    return cipher.decrypt(1, 0, bytes.fromhex(sample.fragments[0]))


def test_all_one_after_another_as_the_example_does() -> None:
    probe = prepared()
    for sample in SAMPLES:
        probe.write(sample.target_oid, bytes.fromhex(sample.target_metadata), how=METADATA)
        apply(probe, sample)
        assert probe.metadata(sample.target_oid).get(Tag.VERSION) == b"\x00\x03"
        probe.set_tags(sample.target_oid, {Tag.VERSION: b"\x00\x00"})


def test_data_in_plain() -> None:
    sample = BY_NAME["integrity"]
    probe = prepared(sample)
    apply(probe, sample)
    whole = bytes.fromhex(sample.fragments[0])[:608] + bytes.fromhex(sample.fragments[1])
    assert probe.read(0xE0E1, 0, 700) == whole + bytes(42), "it overwrites zeros, and erases nothing"
    assert len(whole) == 658


def test_encrypted_data_are_the_tools_sample_text() -> None:
    probe = prepared(BY_NAME["confidentiality"])
    apply(probe, BY_NAME["confidentiality"])
    text = probe.read(0xE0E1, 0, 814)
    assert probe.read(0xE0E1, 814, 100) == bytes(100)
    assert text.startswith(b"line1 : This is a sample payload to demo")
    assert text.rstrip().endswith(b"to demonstrate the protected update data set generator.")


def test_the_aes_key_is_the_tools_sample_key() -> None:
    """``samples/payload/key/aes_key_128.txt``."""
    probe = prepared(BY_NAME["aes key"])
    apply(probe, BY_NAME["aes key"])
    stored = probe.stored(0xE200)
    assert stored.data.hex() == "a2f9fab4814f6806423f6fc621d02e10"
    assert (stored.metadata.get(Tag.ALGORITHM), stored.metadata.get(Tag.KEY_USAGE)) == (b"\x81", b"\x02")


def test_the_ec_key_signs() -> None:
    sample = BY_NAME["ecc key"]
    probe = prepared(sample)
    apply(probe, sample)
    point = b"\x04" + dict(tlv.decode(payload(sample)))[2]
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    digest = hashlib.sha256(b"updated").digest()
    signature = in_der(probe.sign(0xE0F1, digest))
    public.verify(signature, digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))


def test_the_rsa_key_signs() -> None:
    sample = BY_NAME["rsa key"]
    probe = prepared(sample)
    apply(probe, sample)
    parts = dict(tlv.decode(payload(sample)))
    modulus, exponent = (int.from_bytes(parts[tag], "big") for tag in (2, 3))
    digest = hashlib.sha256(b"updated").digest()
    signature = int.from_bytes(probe.sign(0xE0FC, digest, 0x01), "big")
    assert pow(signature, exponent, modulus).to_bytes(128, "big").endswith(digest)


def test_metadata() -> None:
    sample = BY_NAME["metadata"]
    probe = prepared(sample)
    apply(probe, sample)
    metadata = probe.metadata(0xE0E2)
    changed = {Tag.LCSO: b"\x03", Tag.READ: b"\x00", Tag.CHANGE: bytes.fromhex("e1fc07"), Tag.VERSION: b"\x00\x03"}
    assert {tag: metadata.get(tag) for tag in changed} == changed
    assert metadata.get(Tag.METADATA_UPDATE) == bytes.fromhex("21e0e3fd20f1d1")


@pytest.mark.long
@pytest.mark.parametrize("sample", sampled(SAMPLES, keep=2), ids=[sample.name for sample in SAMPLES])
def test_a_manifest_with_any_byte_changed(sample: Sample) -> None:
    """Outside the signature stand only the array's frame and the trust anchor."""
    probe = prepared(sample)
    good = bytes.fromhex(sample.manifest)
    codes = {}
    for position in range(len(good)):
        bad = bytearray(good)
        bad[position] ^= 0x01
        codes[position] = send_refused(probe, START, bytes(bad))
    own = sample.name == "metadata"  # whose target is 0xE0E2, and no object vouches for itself
    assert codes[8] is ErrorCode.INVALID_OID, "there is no trust anchor 0xE1E3"
    assert codes[9] is (ErrorCode.INVALID_MANIFEST if own else ErrorCode.INVALID_OID), "0xE0E2 is no trust anchor"
    rest = [code for position, code in codes.items() if position not in (8, 9)]
    assert set(rest) == {ErrorCode.INVALID_MANIFEST, ErrorCode.SIGNATURE_VERIFICATION_FAILURE}
    assert set(rest[-64:]) == {ErrorCode.SIGNATURE_VERIFICATION_FAILURE}
    apply(probe, sample)


@pytest.mark.parametrize("sample", SAMPLES, ids=[sample.name for sample in SAMPLES])
def test_a_fragment_with_a_bit_changed(sample: Sample) -> None:
    probe = prepared(sample)
    for index, fragment in enumerate(sample.fragments):
        for position in (0, len(fragment) // 4, len(fragment) // 2 - 1):
            send(probe, START, bytes.fromhex(sample.manifest))
            for earlier in sample.fragments[:index]:
                send(probe, CONTINUE, bytes.fromhex(earlier))
            bad = bytearray.fromhex(fragment)
            bad[position] ^= 0x80
            tag = FINAL if index == len(sample.fragments) - 1 else CONTINUE
            assert send_refused(probe, tag, bytes(bad)) is ErrorCode.INTEGRITY_VALIDATION_FAILURE
    apply(probe, sample)


def test_a_chip_without_the_examples_preparations() -> None:
    manifest = bytes.fromhex(BY_NAME["integrity"].manifest)
    probe = Probe()
    assert send_refused(probe, START, manifest) is ErrorCode.INVALID_OID, "0xE0E3 is no trust anchor yet"
    probe = prepared()
    assert send_refused(probe, START, manifest) is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED
    probe.set_tags(ANCHOR_OID, {Tag.EXECUTE: b"\xff"})
    assert send_refused(probe, START, manifest) is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED
    assert probe.ok(CommandCode.GET_DATA_OBJECT, 0, bytes.fromhex("e0e10000000a")) == bytes(10)
