"""Whether a protected update may begin: its manifest, who signed it, and what the target allows.

SRM, "SetObjectProtected", "Protected Update", and the error codes 0x0F to 0x11. Where the manual names no code for a
mistake in a manifest, it is 0x0F.
"""

from __future__ import annotations

import hashlib

from optiga.emulator import keys
from optiga.emulator.certificates import signing_key
from optiga.emulator.machine import CommandError, Machine, check_room
from optiga.emulator.protected_update import RunningUpdate
from optiga.protocol import der
from optiga.protocol import objects as oids
from optiga.protocol.algorithms import AES_KEY_SIZES, CURVES
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
from optiga.protocol.metadata import MAX_UPDATE_SECRET, MAX_VERSION, Metadata, Tag
from optiga.protocol.objects import ObjectInfo
from optiga.protocol.rules.updates import access_of, apply, can_hold, has_updates, is_next_version, takes_updates
from optiga.protocol.rules.values import room_of


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
    metadata, info = machine.object(manifest.target_oid).metadata, machine.info(manifest.target_oid)
    if not takes_updates(info):
        raise CommandError(ErrorCode.INVALID_OID)
    _check_kind(machine, info, manifest)
    secret_oid = None if manifest.encryption is None else manifest.encryption.secret_oid
    machine.require_update(info.oid, access_of(manifest.kind), signed.anchor_oid, secret_oid)
    if not is_next_version(metadata, manifest.payload_version):
        raise CommandError(ErrorCode.INVALID_PAYLOAD_VERSION)
    _check_room(info, metadata, manifest)
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
    anchor = machine.object(signed.anchor_oid)
    if anchor.metadata.get(Tag.TYPE) != bytes([ObjectType.TRUST_ANCHOR]):
        raise CommandError(ErrorCode.INVALID_OID)
    machine.require(signed.anchor_oid, Tag.EXECUTE)
    public_key = signing_key(anchor.data)
    algorithm = public_key.chip_algorithm
    if algorithm not in machine.model.kind.algorithms:
        raise CommandError(ErrorCode.UNSUPPORTED_CERTIFICATE)
    is_ecdsa = signed.algorithm is ManifestSignature.ECDSA_SHA256
    scheme = SignatureScheme.ECDSA if is_ecdsa else SignatureScheme.RSASSA_PKCS1_V15_SHA256
    signature: bytes | None = signed.signature
    if algorithm.is_ec:
        signature = _two_integers(signed.signature, CURVES[algorithm].coordinate_size)
    digest = hashlib.sha256(signed.to_be_signed).digest()
    fits = keys.digest_sizes(algorithm, scheme) is not None and signature is not None
    if not fits or not keys.verifies(public_key, scheme, digest, signature or b""):
        raise CommandError(ErrorCode.SIGNATURE_VERIFICATION_FAILURE)


def _two_integers(signature: bytes, size: int) -> bytes | None:
    """A raw signature, r and s of ``size`` bytes each, as the chip's other commands have it; None for another size."""
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    if len(signature) != 2 * size:
        return None
    whole = encode_dss_signature(int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big"))
    return der.content_of(der.SEQUENCE, whole)


def _check_kind(machine: Machine, info: ObjectInfo, manifest: Manifest) -> None:
    """Whether the target can hold what the manifest brings, and the model has updates of the kind."""
    model, kind = machine.model.kind, manifest.kind
    has_algorithm = (
        not isinstance(kind, KeyUpdate) or kind.algorithm in AES_KEY_SIZES or kind.algorithm in model.algorithms
    )
    if not can_hold(info, kind) or not has_algorithm or not has_updates(model, manifest):
        raise CommandError(ErrorCode.INVALID_MANIFEST)


def _check_room(info: ObjectInfo, metadata: Metadata, manifest: Manifest) -> None:
    kind = manifest.kind
    if isinstance(kind, MetadataUpdate):
        if metadata.get(Tag.RESET_TYPE) is None:
            raise CommandError(ErrorCode.INVALID_METADATA)
        return
    if isinstance(kind, DataUpdate) and kind.offset + manifest.size > room_of(info, metadata):
        raise CommandError(ErrorCode.DATA_OBJECT_BOUNDARY_EXCEEDED)
    check_room(apply(info, metadata, manifest))


def _cipher(machine: Machine, manifest: Manifest) -> FragmentCipher | None:
    """What decrypts the fragments; None if they come in plain."""
    if manifest.encryption is None:
        return None
    secret = machine.stored_secret(manifest.encryption.secret_oid, ObjectType.UPDATE_SECRET)
    if len(secret) > MAX_UPDATE_SECRET:  # as an object that became one held, written or not
        raise CommandError(ErrorCode.INVALID_DATA)
    return FragmentCipher(manifest.encryption, secret, manifest.payload_version, manifest.size)
