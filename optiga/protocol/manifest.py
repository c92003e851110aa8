"""The manifest of a protected update: what is updated, how, and who has signed it.

SRM, "Protected Update". The encoding is CBOR (RFC 8949), in the shape of a COSE_Sign1 (RFC 9052); its fields are those
of the CDDL files that Infineon publishes with its host library (``OPTIGA_Trust_M_V3_manifest.cddl``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import unique
from typing import Any, TypeVar

from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import ALL_KEY_USAGES, CodeEnum, Flush, KeyUsage

MANIFEST_VERSION = 1
"""The one version there is: Param of SetObjectProtected, and first field of a manifest."""
UID_SIZE = 25
"""Bytes of a UID by which a manifest names one chip: all but the build number at its end."""
DIGEST_SIZE = 32

_SHA256 = 41
_AES_CCM_16_64_128 = 10
_TLS_PRF_SHA256 = -65720
_CHECK_INTEGRITY = -1
_DECRYPT = 1
_HEADER_ALGORITHM = 1
_HEADER_KEY = 4
_HEADER_IV = 5
_CONTEXT = b"Signature1"
"""A byte string: RFC 9052 has a text, but what Infineon's tool signs, and chips accept, is this."""
_SIGNATURE_SIZES = (64, 96, 128, 132, 256)
_MAX_LABEL = 32
_SEED_SIZES = range(16, 65)
_UINT16, _UINT32 = range(1 << 16), range(1 << 32)

E = TypeVar("E", bound=CodeEnum)


@unique
class PayloadType(CodeEnum):
    """What an update replaces."""

    DATA = -1
    METADATA = -2
    KEY = -3


@unique
class ManifestSignature(CodeEnum):
    """How a manifest is signed; always over a SHA-256 digest, whatever the curve."""

    ECDSA_SHA256 = -7
    RSASSA_PKCS1_V15_SHA256 = -65700


@unique
class WriteType(CodeEnum):
    """What becomes of data beside those that are written."""

    WRITE = 1
    ERASE_AND_WRITE = 2


@unique
class KeyPart(CodeEnum):
    """Tags of a key in a payload. SRM, "Format of keys in Payload"."""

    SECRET = 0x01
    """The private key of EC, the private exponent of RSA, the key of AES."""
    PUBLIC = 0x02
    """The public key of EC (x and y), the modulus of RSA."""
    EXPONENT = 0x03


EXPONENT_SIZE = 4
"""Bytes of RSA's public exponent there."""


@unique
class ContentReset(CodeEnum):
    """What becomes of an object's content when its metadata are updated, and they do not say it themselves."""

    AS_METADATA = 0
    ZEROS = 1
    RANDOM = 2

    @property
    def flush(self) -> Flush | None:
        """How it overwrites content; None where it leaves that to the metadata."""
        return {ContentReset.ZEROS: Flush.ZEROS, ContentReset.RANDOM: Flush.RANDOM}.get(self)


@dataclass(frozen=True)
class DataUpdate:
    """Data are written from an offset within the object."""

    offset: int = 0
    write_type: WriteType = WriteType.ERASE_AND_WRITE


@dataclass(frozen=True)
class KeyUpdate:
    """A key of an algorithm is written."""

    algorithm: KeyAlgorithm
    usage: KeyUsage


@dataclass(frozen=True)
class MetadataUpdate:
    """Metadata are changed.

    :param flags: one byte, reserved.
    """

    reset: ContentReset = ContentReset.AS_METADATA
    flags: int = 0


UpdateKind = DataUpdate | KeyUpdate | MetadataUpdate
_TYPES: dict[type, PayloadType] = {
    DataUpdate: PayloadType.DATA,
    KeyUpdate: PayloadType.KEY,
    MetadataUpdate: PayloadType.METADATA,
}


@dataclass(frozen=True)
class Encryption:
    """How the key is derived that the payload is encrypted with, by AES-CCM-16-64-128.

    :param secret_oid: object with the shared secret, of the type UPDATSEC.
    :param label: at most 32 bytes.
    :param seed: 16 to 64 random bytes.
    """

    secret_oid: int
    label: bytes
    seed: bytes


@dataclass(frozen=True)
class Manifest:
    """A manifest, not yet signed.

    :param kind: what is done with the payload.
    :param size: bytes of payload in all fragments, in plain.
    :param payload_version: 1 to 32767; must be greater than the object's.
    :param digest: SHA-256 of the first fragment as it is sent.
    :param encryption: None if the payload is sent in plain.
    :param uid: first 25 bytes of the UID of the one chip that it is for; empty for every chip.
    """

    target_oid: int
    kind: UpdateKind
    size: int
    payload_version: int
    digest: bytes
    encryption: Encryption | None = None
    uid: bytes = b""

    def encode(self) -> bytes:
        """The CBOR that is signed as the payload of the COSE_Sign1.

        :raises ValueError: if a field has a value that it cannot have.
        """
        encoded = _dumps(self._tree())
        _parse_manifest(encoded)
        return encoded

    @classmethod
    def decode(cls, data: bytes) -> Manifest:
        """From the bytes of :meth:`encode`.

        :raises ValueError: if they are not exactly one manifest in its one encoding.
        """
        return _parse_manifest(data)

    def _tree(self) -> list[Any]:
        kind = self.kind
        if isinstance(kind, DataUpdate):
            details = [kind.offset, int(kind.write_type)]
        elif isinstance(kind, KeyUpdate):
            details = [int(kind.algorithm), int(kind.usage)]
        else:
            details = [int(kind.reset), kind.flags]
        resource = [int(_TYPES[type(kind)]), self.size, self.payload_version, details]
        integrity = [_CHECK_INTEGRITY, _dumps([_SHA256, self.digest])]
        decryption = None if self.encryption is None else [_DECRYPT, _encryption_tree(self.encryption)]
        target = [self.uid, _oid_bytes(self.target_oid)]
        return [MANIFEST_VERSION, None, None, resource, [integrity, decryption], target]


@dataclass(frozen=True)
class SignedManifest:
    """A manifest with its signature: what starts an update.

    :param anchor_oid: object with the certificate whose key verifies the signature. It stands outside the signature.
    :param signature: for ECDSA r and s, each as long as the curve's order; for RSA the bare number.
    """

    manifest: Manifest
    anchor_oid: int
    algorithm: ManifestSignature
    signature: bytes

    def encode(self) -> bytes:
        """The COSE_Sign1, untagged.

        :raises ValueError: if a field has a value that it cannot have.
        """
        header = {_HEADER_KEY: _oid_bytes(self.anchor_oid)}
        encoded = _dumps([_protected(self.algorithm), header, self.manifest.encode(), self.signature])
        _parse_signed(encoded)
        return encoded

    @classmethod
    def decode(cls, data: bytes) -> SignedManifest:
        """From the bytes of :meth:`encode`.

        :raises ValueError: if they are not exactly one signed manifest in its one encoding.
        """
        return _parse_signed(data)

    @property
    def to_be_signed(self) -> bytes:
        """What the signature is made over."""
        return to_be_signed(self.manifest, self.algorithm)


def to_be_signed(manifest: Manifest, algorithm: ManifestSignature) -> bytes:
    """The Sig_structure (RFC 9052, 4.4) of a manifest: what a signature is made over."""
    return _dumps([_CONTEXT, _protected(algorithm), b"", manifest.encode()])


def _protected(algorithm: ManifestSignature) -> bytes:
    return _dumps({_HEADER_ALGORITHM: int(algorithm)})


def _encryption_tree(encryption: Encryption) -> list[Any]:
    recipient = {
        _HEADER_KEY: _oid_bytes(encryption.secret_oid),
        _HEADER_ALGORITHM: _TLS_PRF_SHA256,
        _HEADER_IV: [encryption.label, encryption.seed],
    }
    return [_dumps({_HEADER_ALGORITHM: _AES_CCM_16_64_128}), [[_dumps(recipient), None]], None]


def _parse_signed(data: bytes) -> SignedManifest:
    protected, unprotected, payload, signature = _list(_loads(data), 4, "COSE_Sign1")
    header = _map(_loads(_bytes(protected, "protected header")), _HEADER_ALGORITHM)
    algorithm = _enum(ManifestSignature, header[_HEADER_ALGORITHM], "signature algorithm")
    anchor_oid = _oid(_map(unprotected, _HEADER_KEY)[_HEADER_KEY], "trust anchor")
    manifest = _parse_manifest(_bytes(payload, "manifest"))
    return SignedManifest(manifest, anchor_oid, algorithm, _bytes(signature, "signature", *_SIGNATURE_SIZES))


def _parse_manifest(data: bytes) -> Manifest:
    version, before, after, resource, processors, target = _list(_loads(data), 6, "manifest")
    _constant(version, MANIFEST_VERSION, "manifest version")
    _constant(before, None, "preconditions")
    _constant(after, None, "postconditions")
    type_, size, payload_version, details = _list(resource, 4, "resource")
    integrity, decryption = _list(processors, 2, "processors")
    check, parameters = _list(integrity, 2, "integrity step")
    _constant(check, _CHECK_INTEGRITY, "integrity step")
    hash_, digest = _list(_loads(_bytes(parameters, "digest")), 2, "digest")
    _constant(hash_, _SHA256, "digest algorithm")
    uid, oid = _list(target, 2, "target")
    return Manifest(
        target_oid=_oid(oid, "target"),
        kind=_parse_kind(_enum(PayloadType, type_, "payload type"), details),
        size=_number(size, _UINT32, "payload size"),
        payload_version=_number(payload_version, _UINT16, "payload version"),
        digest=_bytes(digest, "digest", DIGEST_SIZE),
        encryption=None if decryption is None else _parse_encryption(decryption),
        uid=_bytes(uid, "chip", 0, UID_SIZE),
    )


def _parse_kind(payload: PayloadType, details: object) -> UpdateKind:
    first, second = _list(details, 2, "additional information")
    if payload is PayloadType.DATA:
        return DataUpdate(_number(first, _UINT32, "offset"), _enum(WriteType, second, "write type"))
    if payload is PayloadType.KEY:
        usage = _number(second, range(1, 256), "key usage")
        if usage & ~ALL_KEY_USAGES:
            raise ValueError(f"manifest: 0x{usage:02x} is not a key usage")
        return KeyUpdate(_enum(KeyAlgorithm, first, "key algorithm"), KeyUsage(usage))
    return MetadataUpdate(_enum(ContentReset, first, "content reset"), _number(second, range(256), "flags"))


def _parse_encryption(tree: object) -> Encryption:
    step, parameters = _list(tree, 2, "decryption step")
    _constant(step, _DECRYPT, "decryption step")
    protected, recipients, extra = _list(parameters, 3, "encryption")
    header = _map(_loads(_bytes(protected, "encryption header")), _HEADER_ALGORITHM)
    _constant(header[_HEADER_ALGORITHM], _AES_CCM_16_64_128, "encryption algorithm")
    _constant(extra, None, "additional information")
    (recipient,) = _list(recipients, 1, "recipients")
    key_header, ciphertext = _list(recipient, 2, "recipient")
    _constant(ciphertext, None, "ciphertext")
    derivation = _map(_loads(_bytes(key_header, "recipient header")), _HEADER_KEY, _HEADER_ALGORITHM, _HEADER_IV)
    _constant(derivation[_HEADER_ALGORITHM], _TLS_PRF_SHA256, "key derivation")
    label, seed = _list(derivation[_HEADER_IV], 2, "label and seed")
    return Encryption(
        secret_oid=_oid(derivation[_HEADER_KEY], "shared secret"),
        label=_bytes(label, "label", *range(_MAX_LABEL + 1)),
        seed=_bytes(seed, "seed", *_SEED_SIZES),
    )


def _dumps(tree: object) -> bytes:
    import cbor2

    return cbor2.dumps(tree)


def _loads(data: bytes) -> object:
    """One CBOR item in its shortest encoding, and nothing behind it; the order of a map is kept.

    :raises ValueError: if the bytes are anything else.
    """
    import cbor2

    try:
        tree: object = cbor2.loads(data)
        same = _is_plain(tree) and cbor2.dumps(tree) == data
    except (cbor2.CBORError, ValueError, OverflowError, TypeError, RecursionError, MemoryError) as error:
        raise ValueError(f"manifest: not CBOR: {error}") from None
    if not same:
        raise ValueError("manifest: not the shortest CBOR of arrays, maps, byte strings and whole numbers")
    return tree


def _is_plain(tree: object) -> bool:
    """Whether there is nothing in it but what manifests are made of; tags and floating point numbers are not."""
    if isinstance(tree, list):
        return all(_is_plain(item) for item in tree)
    if isinstance(tree, dict):
        return all(type(key) is int and _is_plain(value) for key, value in tree.items())
    return tree is None or type(tree) in (int, bytes)


def _list(tree: object, size: int, what: str) -> list[Any]:
    if not isinstance(tree, list) or len(tree) != size:
        raise ValueError(f"manifest: {what} is not an array of {size}")
    return tree


def _map(tree: object, *keys: int) -> dict[int, Any]:
    """A map with exactly these keys in this order."""
    if not isinstance(tree, dict) or tuple(tree) != keys:
        raise ValueError(f"manifest: not a map of {', '.join(map(str, keys))}")
    return tree


def _bytes(tree: object, what: str, *sizes: int) -> bytes:
    if not isinstance(tree, bytes) or (sizes and len(tree) not in sizes):
        raise ValueError(f"manifest: {what} is not a byte string, or has a wrong size")
    return tree


def _number(tree: object, allowed: range, what: str) -> int:
    if type(tree) is not int or tree not in allowed:
        raise ValueError(f"manifest: {what} is {tree!r}")
    return tree


def _enum(kind: type[E], tree: object, what: str) -> E:
    known = kind.of(tree) if type(tree) is int else None
    if known is not None:
        return known
    raise ValueError(f"manifest: {what} {tree!r} is not supported")


def _constant(tree: object, wanted: int | None, what: str) -> None:
    if tree != wanted or type(tree) is not type(wanted):
        raise ValueError(f"manifest: {what} is {tree!r} instead of {wanted!r}")


def _oid(tree: object, what: str) -> int:
    return int.from_bytes(_bytes(tree, what, 2), "big")


def _oid_bytes(oid: int) -> bytes:
    try:
        return oid.to_bytes(2, "big")
    except OverflowError:
        raise ValueError(f"manifest: 0x{oid:x} is not an OID") from None
