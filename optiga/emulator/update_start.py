"""Whether a protected update may begin: its manifest, who signed it, and what the target allows.

SRM, "SetObjectProtected", "Protected Update", and the error codes 0x0F to 0x11. Where the manual names no code for a
mistake in a manifest, it is 0x0F.
"""

from __future__ import annotations

import hashlib

from optiga.emulator.certificates import signing_key
from optiga.emulator.machine import CommandError, Machine, check_room
from optiga.emulator.objects import StoredObject
from optiga.emulator.protected_update import RunningUpdate
from optiga.emulator.sizes import room_of
from optiga.protocol import der
from optiga.protocol import objects as oids
from optiga.protocol.algorithms import CURVES
from optiga.protocol.codes import ErrorCode, ObjectType, SignatureScheme
from optiga.protocol.fragments import FragmentCipher
from optiga.protocol.manifest import (
    UID_SIZE,
    DataUpdate,
    KeyUpdate,
    Manifest,
    ManifestSignature,
    MetadataUpdate,
    SignedManifest,
)
from optiga.protocol.metadata import MAX_UPDATE_SECRET, MAX_VERSION, Tag
from optiga.protocol.objects import ObjectInfo, ObjectKind

_UNSUPPORTED = (
    oids.LCS_GLOBAL,
    oids.LCS_APPLICATION,
    oids.SECURITY_STATUS_GLOBAL,
    oids.SECURITY_STATUS_APPLICATION,
    oids.UID,
    oids.SLEEP_DELAY,
    oids.CURRENT_LIMIT,
    oids.SECURITY_EVENT_COUNTER,
    oids.LAST_ERROR_CODE,
    oids.BUFFER_SIZE,
)


def begin(machine: Machine, data: bytes) -> RunningUpdate:
    """Judge a manifest. Nothing is changed yet.

    :raises CommandError: if the update may not begin.
    """
    try:
        signed = SignedManifest.decode(data)
    except ValueError:
        raise CommandError(ErrorCode.INVALID_MANIFEST) from None
    manifest = signed.manifest
    _check_values(machine, signed)
    _verify(machine, signed)
    stored = machine.object(manifest.target_oid)
    if manifest.target_oid in _UNSUPPORTED:
        raise CommandError(ErrorCode.INVALID_OID)
    _check_kind(machine, manifest)
    is_plain_data = isinstance(manifest.kind, DataUpdate) and manifest.encryption is None and not manifest.uid
    if machine.model.kind.updates_data_only and not is_plain_data:
        raise CommandError(ErrorCode.INVALID_MANIFEST)
    secret_oid = None if manifest.encryption is None else manifest.encryption.secret_oid
    access = Tag.METADATA_UPDATE if isinstance(manifest.kind, MetadataUpdate) else Tag.CHANGE
    machine.require_update(manifest.target_oid, access, signed.anchor_oid, secret_oid)
    _check_version(stored, manifest)
    _check_room(machine.info(manifest.target_oid), stored, manifest)
    return RunningUpdate(manifest, _cipher(machine, manifest))


def _check_values(machine: Machine, signed: SignedManifest) -> None:
    manifest = signed.manifest
    encryption = manifest.encryption
    same_object = manifest.target_oid == signed.anchor_oid or (
        encryption is not None and manifest.target_oid == encryption.secret_oid
    )
    other_chip = bool(manifest.uid) and manifest.uid != machine.data(oids.UID)[:UID_SIZE]
    if manifest.payload_version > MAX_VERSION or not manifest.size or same_object or other_chip:
        raise CommandError(ErrorCode.INVALID_MANIFEST)


def _verify(machine: Machine, signed: SignedManifest) -> None:
    """Check the signature with the certificate in the trust anchor."""
    from optiga.emulator import keys

    anchor = machine.object(signed.anchor_oid)
    if anchor.metadata.get(Tag.TYPE) != bytes([ObjectType.TRUST_ANCHOR]):
        raise CommandError(ErrorCode.INVALID_OID)
    machine.require(signed.anchor_oid, Tag.EXECUTE)
    algorithm, public_key = signing_key(anchor.data)
    if algorithm not in machine.model.kind.algorithms:
        raise CommandError(ErrorCode.UNSUPPORTED_CERTIFICATE)
    is_ecdsa = signed.algorithm is ManifestSignature.ECDSA_SHA256
    scheme = SignatureScheme.ECDSA if is_ecdsa else SignatureScheme.RSASSA_PKCS1_V15_SHA256
    signature: bytes | None = signed.signature
    if algorithm.is_ec:
        signature = _two_integers(signed.signature, CURVES[algorithm].coordinate_size)
    digest = hashlib.sha256(signed.to_be_signed).digest()
    fits = keys.fits_scheme(algorithm, scheme) and signature is not None
    if not fits or not keys.verifies(public_key, algorithm, scheme, digest, signature or b""):
        raise CommandError(ErrorCode.SIGNATURE_VERIFICATION_FAILURE)


def _two_integers(signature: bytes, size: int) -> bytes | None:
    """A raw signature, r and s of ``size`` bytes each, as the chip's other commands have it; None for another size."""
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    if len(signature) != 2 * size:
        return None
    whole = encode_dss_signature(int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big"))
    return der.content_of(der.SEQUENCE, whole)


def _check_kind(machine: Machine, manifest: Manifest) -> None:
    """Whether the target can hold what the manifest brings."""
    target, kind = machine.kind(manifest.target_oid), manifest.kind
    if isinstance(kind, MetadataUpdate):
        return
    if isinstance(kind, DataUpdate):
        fits = not target.is_key
    elif kind.algorithm.is_ec or kind.algorithm.is_rsa:
        wanted = ObjectKind.EC_KEY if kind.algorithm.is_ec else ObjectKind.RSA_KEY
        fits = target is wanted and kind.algorithm in machine.model.algorithms
    else:
        fits = target is ObjectKind.SYMMETRIC_KEY
    if not fits:
        raise CommandError(ErrorCode.INVALID_MANIFEST)


def _check_version(stored: StoredObject, manifest: Manifest) -> None:
    """A version must be a new one; to end what was interrupted, the same again."""
    wanted, version = manifest.payload_version, stored.metadata.version
    is_right = wanted == version if stored.metadata.is_invalid else wanted > version
    if not is_right:
        raise CommandError(ErrorCode.INVALID_PAYLOAD_VERSION)


def _check_room(info: ObjectInfo, stored: StoredObject, manifest: Manifest) -> None:
    kind, metadata = manifest.kind, stored.metadata
    tags: dict[int, bytes] = {Tag.VERSION: manifest.payload_version.to_bytes(2, "big")}
    if isinstance(kind, MetadataUpdate):
        if metadata.get(Tag.RESET_TYPE) is None:
            raise CommandError(ErrorCode.INVALID_METADATA)
        return
    if isinstance(kind, DataUpdate) and kind.offset + manifest.size > room_of(info, metadata):
        raise CommandError(ErrorCode.DATA_OBJECT_BOUNDARY_EXCEEDED)
    if isinstance(kind, KeyUpdate):
        tags.update({Tag.ALGORITHM: bytes([kind.algorithm]), Tag.KEY_USAGE: bytes([kind.usage])})
    check_room(metadata.with_tags(tags))


def _cipher(machine: Machine, manifest: Manifest) -> FragmentCipher | None:
    """What decrypts the fragments; None if they come in plain."""
    if manifest.encryption is None:
        return None
    secret = machine.stored_secret(manifest.encryption.secret_oid, ObjectType.UPDATE_SECRET)
    if len(secret) > MAX_UPDATE_SECRET:  # as an object that became one held, written or not
        raise CommandError(ErrorCode.INVALID_DATA)
    return FragmentCipher(manifest.encryption, secret, manifest.payload_version, manifest.size)
