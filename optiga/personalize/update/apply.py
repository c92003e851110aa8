"""Applying an update set to a chip: everything that the chip shows is checked before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from optiga.errors import CertificateError, ChipError, ConfigurationError
from optiga.protocol import manifest as mf
from optiga.protocol.codes import ErrorCode, ObjectType
from optiga.protocol.manifest import DataUpdate, ManifestSignature, MetadataUpdate
from optiga.protocol.metadata import Condition, Metadata, Tag
from optiga.protocol.objects import UID, format_oid

if TYPE_CHECKING:
    from optiga.chip import Chip
    from optiga.personalize.public_keys import PublicKey
    from optiga.personalize.update.update_set import UpdateSet

_INVALID = mf.MAX_PAYLOAD_VERSION + 1


@dataclass(frozen=True)
class UpdateResult:
    """What has been done.

    :param version: payload version of the object now.
    :param resumed: whether an update that had been interrupted was ended by this one.
    :param warnings: one sentence each.
    """

    oid: int
    version: int
    resumed: bool
    warnings: tuple[str, ...] = ()


def apply_update(chip: Chip, update: UpdateSet) -> UpdateResult:
    """Check an update set against the chip, and send it.

    :raises ConfigurationError: if the chip would refuse it; nothing has been sent then.
    :raises CertificateError: if its signature is not that of the trust anchor's certificate; nothing has been sent.
    :raises ChipError: if the chip refuses. From the second fragment on the object may be written in part; the same
        set can be applied once more.
    """
    resumed, warnings = check_update(chip, update)
    send_update(chip, update)
    return UpdateResult(update.oid, update.signed.manifest.payload_version, resumed, tuple(warnings))


def send_update(chip: Chip, update: UpdateSet) -> None:
    """Send an update set as it is: one exchange for its manifest and one for each fragment.

    :raises ChipError: if the chip refuses.
    """
    from optiga.chip.commands.set_object_protected import SetObjectProtected, UpdateStep

    chip.execute(SetObjectProtected(UpdateStep.START, update.manifest, update.oid))
    *first, last = update.fragments
    for fragment in first:
        chip.execute(SetObjectProtected(UpdateStep.CONTINUE, fragment, update.oid))
    chip.execute(SetObjectProtected(UpdateStep.FINAL, last, update.oid))


def check_update(chip: Chip, update: UpdateSet) -> tuple[bool, list[str]]:
    """Whether the chip would take an update set. Only reads: five exchanges at the most, and one for a certificate.

    :returns: whether it ends one that was interrupted, and what could not be checked.
    :raises ConfigurationError: if the chip would not.
    :raises CertificateError: if the signature is wrong.
    """
    manifest = update.signed.manifest
    if manifest.uid and chip.read(UID)[: mf.UID_SIZE] != manifest.uid:
        raise ConfigurationError(f"the update is for another chip: {manifest.uid.hex()}", oid=update.oid)
    target = chip.metadata(update.oid)
    _check_condition(target, update)
    resumed = _check_version(target, update)
    if isinstance(manifest.kind, MetadataUpdate) and target.get(Tag.RESET_TYPE) is None:
        raise ConfigurationError(
            f"the metadata of {format_oid(update.oid)} cannot be updated: they have no reset type (tag 0xF0)",
            oid=update.oid,
        )
    if isinstance(manifest.kind, DataUpdate) and manifest.kind.offset + manifest.size > (target.max_size or 0):
        raise ConfigurationError(
            f"{manifest.size} bytes at {manifest.kind.offset} do not fit {format_oid(update.oid)}, "
            f"which has room for {target.max_size or 0}",
            oid=update.oid,
        )
    if manifest.encryption is not None:
        _check_type(chip, manifest.encryption.secret_oid, ObjectType.UPDATE_SECRET)
    _check_type(chip, update.signed.anchor_oid, ObjectType.TRUST_ANCHOR)
    return resumed, _check_signature(chip, update)


def _check_condition(target: Metadata, update: UpdateSet) -> None:
    """Whether any alternative of the target's condition names the trust anchor, and no other secret."""
    manifest = update.signed.manifest
    is_metadata = isinstance(manifest.kind, MetadataUpdate)
    secret = None if manifest.encryption is None else manifest.encryption.secret_oid
    condition = target.access(Tag.METADATA_UPDATE if is_metadata else Tag.CHANGE)
    for token in condition.alternatives:
        anchors = [simple.value for simple in token if simple.kind is Condition.INTEGRITY]
        keys = [simple.value for simple in token if simple.kind is Condition.CONFIDENTIALITY]
        if anchors == [update.signed.anchor_oid] and keys in ([], [secret]):
            return
    wanted = f"int {format_oid(update.signed.anchor_oid)}"
    if secret is not None:
        wanted += f" && conf {format_oid(secret)}"
    raise ConfigurationError(
        f"{format_oid(update.oid)} does not let itself be updated so: its condition of "
        f"{'metadata update' if is_metadata else 'change'} is {condition}, the update comes with {wanted}",
        oid=update.oid,
    )


def _check_version(target: Metadata, update: UpdateSet) -> bool:
    wanted = update.signed.manifest.payload_version
    held = int.from_bytes(target.get(Tag.VERSION) or b"", "big")
    is_interrupted, version = bool(held & _INVALID), held & mf.MAX_PAYLOAD_VERSION
    if is_interrupted and wanted != version:
        raise ConfigurationError(
            f"an update of {format_oid(update.oid)} to version {version} was begun and not ended",
            hint=f"Apply that one again, or one of version {version}, not of {wanted}",
            oid=update.oid,
        )
    if not is_interrupted and wanted <= version:
        raise ConfigurationError(
            f"{format_oid(update.oid)} has version {version}, the update brings {wanted}",
            hint="An update must bring a greater version",
            oid=update.oid,
        )
    return is_interrupted


def _check_type(chip: Chip, oid: int, wanted: ObjectType) -> None:
    if chip.metadata(oid).get(Tag.TYPE) != bytes([wanted]):
        what = wanted.name.lower().replace("_", " ")
        raise ConfigurationError(f"{format_oid(oid)} is no {what} (metadata tag 0xE8: 0x{wanted:02X})", oid=oid)


def _check_signature(chip: Chip, update: UpdateSet) -> list[str]:
    """Verify the signature with the certificate in the trust anchor, where that can be read."""
    from asn1crypto import x509

    from optiga.personalize.public_keys import PublicKey

    oid = update.signed.anchor_oid
    try:
        data = chip.read(oid)
    except ChipError as error:
        if error.code != ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED:
            raise
        return [f"{format_oid(oid)} cannot be read, so the signature was not checked beforehand"]
    try:
        # asn1crypto, because it takes the certificates that the chip takes; the other library is stricter.
        info = x509.Certificate.load(data, strict=True)["tbs_certificate"]["subject_public_key_info"]
        key = PublicKey.of_info(info.dump())
    except (ValueError, TypeError, KeyError):
        raise CertificateError(f"{format_oid(oid)} holds no certificate", hint="Write it first", oid=oid) from None
    if not _verifies(key, update):
        raise CertificateError(
            f"the update is not signed with the key of the certificate in {format_oid(oid)}",
            hint="Is it made for this chip's trust anchor?",
            oid=oid,
        )
    return []


def _verifies(key: PublicKey, update: UpdateSet) -> bool:
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    if key.algorithm is None:
        return False
    signed = update.signed
    signature = signed.signature
    if (signed.algorithm is ManifestSignature.ECDSA_SHA256) is not key.algorithm.is_ec:
        return False
    if key.algorithm.is_ec:
        half = len(signature) // 2
        r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
        signature = encode_dss_signature(r, s)
    return key.verifies(signature, signed.to_be_signed, "sha256")
