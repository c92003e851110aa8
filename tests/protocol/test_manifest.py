"""Manifests and fragments of protected updates (SRM, "Protected Update"), against Infineon's published update sets."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import cbor2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import KeyUsage
from optiga.protocol.fragments import FragmentCipher, cut, is_chain
from optiga.protocol.manifest import (
    ContentReset,
    DataUpdate,
    Encryption,
    KeyUpdate,
    Manifest,
    ManifestSignature,
    MetadataUpdate,
    SignedManifest,
    WriteType,
)
from optiga.protocol.prf import tls_prf
from tests.support import infineon_updates as infineon
from tests.support.infineon_updates import SAMPLES, Sample

BY_NAME = {sample.name: sample for sample in SAMPLES}
every_sample = pytest.mark.parametrize("sample", SAMPLES, ids=[sample.name for sample in SAMPLES])

OIDS = st.integers(0, 0xFFFF)
KINDS = st.one_of(
    st.builds(DataUpdate, st.integers(0, 0xFFFFFFFF), st.sampled_from(WriteType)),
    st.builds(KeyUpdate, st.sampled_from(KeyAlgorithm), st.sampled_from([KeyUsage(0x01), KeyUsage(0x33)])),
    st.builds(MetadataUpdate, st.sampled_from(ContentReset), st.integers(0, 255)),
)
ENCRYPTIONS = st.builds(Encryption, OIDS, st.binary(max_size=32), st.binary(min_size=16, max_size=64))
MANIFESTS = st.builds(
    Manifest,
    target_oid=OIDS,
    kind=KINDS,
    size=st.integers(0, 0xFFFFFFFF),
    payload_version=st.integers(0, 0xFFFF),
    digest=st.binary(min_size=32, max_size=32),
    encryption=st.none() | ENCRYPTIONS,
    uid=st.sampled_from([b"", bytes(range(25))]),
)
SIGNED = st.builds(
    SignedManifest,
    MANIFESTS,
    OIDS,
    st.sampled_from(ManifestSignature),
    st.sampled_from([64, 96, 128, 132, 256]).map(bytes),
)
PLAIN = Manifest(0xF1E0, DataUpdate(), 1, 1, bytes(32))


def decoded(sample: Sample) -> SignedManifest:
    return SignedManifest.decode(bytes.fromhex(sample.manifest))


# --- Infineon's


@every_sample
def test_a_published_manifest_is_encoded_to_the_same_bytes(sample: Sample) -> None:
    assert decoded(sample).encode().hex() == sample.manifest


@every_sample
def test_what_a_published_manifest_says(sample: Sample) -> None:
    signed = decoded(sample)
    manifest = signed.manifest
    assert (signed.anchor_oid, manifest.target_oid) == (0xE0E3, sample.target_oid)
    assert (manifest.payload_version, manifest.uid) == (3, b"")
    assert signed.algorithm is ManifestSignature.ECDSA_SHA256
    if sample.name == "integrity":
        assert manifest.encryption is None
    else:
        assert manifest.encryption is not None
        assert (manifest.encryption.secret_oid, manifest.encryption.label) == (0xF1D1, b"test")
        assert len(manifest.encryption.seed) == 64


@pytest.mark.parametrize(
    ("name", "kind", "size"),
    [
        ("integrity", DataUpdate(0, WriteType.WRITE), 658),
        ("confidentiality", DataUpdate(0, WriteType.WRITE), 814),
        ("aes key", KeyUpdate(KeyAlgorithm.AES128, KeyUsage.ENCRYPTION), 19),
        ("ecc key", KeyUpdate(KeyAlgorithm.SECP256R1, KeyUsage.SIGNATURE), 102),
        ("rsa key", KeyUpdate(KeyAlgorithm.RSA1024, KeyUsage.ENCRYPTION | KeyUsage.SIGNATURE), 269),
        ("metadata", MetadataUpdate(), 13),
    ],
)
def test_what_is_updated(name: str, kind: Any, size: int) -> None:
    manifest = decoded(BY_NAME[name]).manifest
    assert (manifest.kind, manifest.size) == (kind, size)


@every_sample
def test_a_published_signature_is_over_what_is_to_be_signed(sample: Sample) -> None:
    signed = decoded(sample)
    key = x509.load_der_x509_certificate(bytes.fromhex(infineon.ANCHOR)).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    r, s = (int.from_bytes(half, "big") for half in (signed.signature[:32], signed.signature[32:]))
    key.verify(encode_dss_signature(r, s), signed.to_be_signed, ec.ECDSA(hashes.SHA256()))


@every_sample
def test_published_fragments_are_cut_and_encrypted_as_ours(sample: Sample) -> None:
    """Decrypted by one's own hand, then made again: the same bytes."""
    manifest = decoded(sample).manifest
    fragments = [bytes.fromhex(fragment) for fragment in sample.fragments]
    assert is_chain(manifest.digest, fragments)
    pieces = [fragment[:-32] for fragment in fragments[:-1]] + fragments[-1:]
    cipher = None
    if manifest.encryption is not None:
        secret = bytes.fromhex(infineon.SECRET)
        cipher = FragmentCipher(manifest.encryption, secret, manifest.payload_version, manifest.size)
        pieces = [cipher.decrypt(index + 1, index * 600, piece) for index, piece in enumerate(pieces)]
    payload = b"".join(pieces)
    assert len(payload) == manifest.size
    assert cut(payload, cipher) == fragments


# --- ours


@given(SIGNED)
def test_any_manifest_survives(signed: SignedManifest) -> None:
    data = signed.encode()
    assert SignedManifest.decode(data) == signed
    assert Manifest.decode(signed.manifest.encode()) == signed.manifest


@given(st.binary(max_size=300))
def test_any_bytes_are_a_manifest_or_a_value_error(data: bytes) -> None:
    try:
        signed = SignedManifest.decode(data)
    except ValueError:
        return
    assert signed.encode() == data


@given(SIGNED, st.data())
def test_a_changed_byte_is_another_manifest_or_none(signed: SignedManifest, data: st.DataObject) -> None:
    good = signed.encode()
    position = data.draw(st.integers(0, len(good) - 1))
    bad = bytearray(good)
    bad[position] ^= data.draw(st.integers(1, 255))
    try:
        other = SignedManifest.decode(bytes(bad))
    except ValueError:
        return
    assert other != signed
    assert other.encode() == bytes(bad)


JSON_LIKE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.binary(max_size=40)
    | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.integers(-9, 9), inner, max_size=3),
)


@given(st.lists(JSON_LIKE, min_size=4, max_size=4))
def test_any_tree_is_no_manifest(parts: list[Any]) -> None:
    for tree in (parts[0], parts, [cbor2.dumps(part) for part in parts]):
        with pytest.raises(ValueError):
            SignedManifest.decode(cbor2.dumps(tree))


@pytest.mark.parametrize(
    "change",
    [
        {"target_oid": 0x10000},
        {"target_oid": -1},
        {"kind": DataUpdate(-1)},
        {"kind": DataUpdate(1 << 32)},
        {"kind": KeyUpdate(KeyAlgorithm.AES128, KeyUsage(0))},
        {"kind": MetadataUpdate(flags=256)},
        {"size": -1},
        {"size": 1 << 32},
        {"payload_version": 1 << 16},
        {"digest": bytes(31)},
        {"uid": bytes(27)},
        {"encryption": Encryption(0xF1D0, bytes(33), bytes(64))},
        {"encryption": Encryption(0xF1D0, b"", bytes(15))},
        {"encryption": Encryption(0xF1D0, b"", bytes(65))},
    ],
)
def test_values_that_a_field_cannot_have(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="manifest"):
        replace(PLAIN, **change).encode()


@pytest.mark.parametrize("size", [0, 63, 65, 255, 257])
def test_signatures_of_a_size_that_none_has(size: int) -> None:
    with pytest.raises(ValueError, match="signature"):
        SignedManifest(PLAIN, 0xE0E8, ManifestSignature.ECDSA_SHA256, bytes(size)).encode()


def tree_of(manifest: Manifest) -> Any:
    return cbor2.loads(manifest.encode())


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ((0,), 2),
        ((0,), True),
        ((1,), 0),
        ((2,), []),
        ((3, 0), -4),
        ((3, 0), -1.0),
        ((3, 1), b"\x01"),
        ((3, 3), [0]),
        ((3, 3, 1), 3),
        ((3, 3, 1), True),
        ((4, 0, 0), 1),
        ((4, 0, 1), cbor2.dumps([5, bytes(32)])),
        ((4, 0, 1), cbor2.dumps([41, bytes(32)]) + b"\x00"),
        ((4, 1), [2, None]),
        ((4, 1), []),
        ((5, 0), b"x"),
        ((5, 1), b"\xe0"),
        ((5, 1), 0xE0E1),
    ],
)
def test_values_that_are_not_supported(place: tuple[int, ...], value: object) -> None:
    tree = tree_of(PLAIN)
    node = tree
    for index in place[:-1]:
        node = node[index]
    node[place[-1]] = value
    with pytest.raises(ValueError, match="manifest"):
        Manifest.decode(cbor2.dumps(tree))


@pytest.mark.parametrize(
    ("found", "put"),
    [
        (b"\x86\x01", b"\x86\x18\x01"),  # a number in more bytes than it needs
        (b"\x86\x01", b"\x9f\x01"),  # an array without a length (and without an end)
        (b"\x86\x01", b"\xc1\x86\x01"),  # a tag
        (b"\xf6\xf6", b"\xf6\xf7"),  # undefined for null
    ],
)
def test_cbor_that_says_the_same_otherwise(found: bytes, put: bytes) -> None:
    data = PLAIN.encode()
    assert data.count(found) >= 1
    with pytest.raises(ValueError, match="manifest"):
        Manifest.decode(data.replace(found, put, 1))


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x81" * 1500, b"\xd8\x23\x61(", b"\xa1\x80\x00", b"\xfb" + bytes(8)])
def test_cbor_that_is_none_or_strange(data: bytes) -> None:
    with pytest.raises(ValueError, match="manifest"):
        SignedManifest.decode(data)


def test_the_protected_header_is_a_map_of_one() -> None:
    tree = cbor2.loads(bytes.fromhex(SAMPLES[0].manifest))
    for header in ({1: -7, 4: b""}, {}, {4: -7}, {1: -8}, {1: b"\x26"}):
        with pytest.raises(ValueError, match="manifest"):
            SignedManifest.decode(cbor2.dumps([cbor2.dumps(header), *tree[1:]]))
    with pytest.raises(ValueError, match="manifest"):
        SignedManifest.decode(cbor2.dumps(cbor2.CBORTag(18, tree)))


# --- fragments


@given(st.binary(min_size=1, max_size=2500), st.booleans())
def test_any_payload_can_be_cut_and_put_together(payload: bytes, encrypted: bool) -> None:
    cipher = FragmentCipher(Encryption(0xF1D0, b"x", bytes(16)), b"secret", 1, len(payload)) if encrypted else None
    fragments = cut(payload, cipher)
    assert all(len(fragment) == 640 for fragment in fragments[:-1])
    digest = hashlib.sha256(fragments[0]).digest()
    assert is_chain(digest, fragments)
    assert not is_chain(digest, [*fragments[:-1], fragments[-1] + b"x"])
    assert len(fragments) == 1 or not is_chain(digest, fragments[:-1])
    pieces = [fragment[:-32] for fragment in fragments[:-1]] + fragments[-1:]
    if cipher is not None:
        pieces = [cipher.decrypt(index + 1, index * 600, piece) for index, piece in enumerate(pieces)]
    assert b"".join(pieces) == payload


def test_a_piece_belongs_to_its_place() -> None:
    cipher = FragmentCipher(Encryption(0xF1D0, b"", bytes(16)), b"secret", 1, 100)
    sealed = cipher.encrypt(1, 0, b"piece")
    others = [(2, 0, cipher), (1, 600, cipher)]
    for version, size in ((2, 100), (1, 101)):
        others.append((1, 0, FragmentCipher(Encryption(0xF1D0, b"", bytes(16)), b"secret", version, size)))
    for number, offset, other in others:
        with pytest.raises(ValueError, match="MAC"):
            other.decrypt(number, offset, sealed)


def test_the_prf_is_that_of_tls() -> None:
    """The vector for P_SHA256 published on the mailing list of the IETF's TLS group."""
    secret = bytes.fromhex("9bbe436ba940f017b17652849a71db35")
    seed = b"test label" + bytes.fromhex("a0ba9f936cda311827a6f796ffd5198c")
    assert (
        tls_prf("sha256", secret, seed, 32).hex() == "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a"
    )
