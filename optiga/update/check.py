"""Whether a chip would take an update set, as far as it shows; nothing is sent for it, and nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from optiga.chip.unusable import find_unusable
from optiga.errors import CertificateError, ChipError, ConfigurationError, Reason, counted
from optiga.identity.forms import Form, form_of, warnings_about_anchor
from optiga.objects.key_usages import check_key_usage
from optiga.objects.lost_uses import lost_uses
from optiga.objects.stored import decode_stored
from optiga.pki.certificate import Certificate
from optiga.pki.public_keys import public_key_of_info, verifies
from optiga.protocol import manifest as mf
from optiga.protocol import metadata as md
from optiga.protocol.codes import CommandCode, ObjectType
from optiga.protocol.conditions import NEVER, AccessCondition, Condition
from optiga.protocol.der import SEQUENCE
from optiga.protocol.manifest import DataUpdate, KeyUpdate, ManifestSignature, MetadataUpdate, WriteType
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.models import MODELS, find_model
from optiga.protocol.objects import format_oid
from optiga.protocol.rules.access import evaluate
from optiga.protocol.rules.known import Known, access_now, can_be_updated
from optiga.protocol.rules.updates import access_of, flush_of, has_updates, is_next_version
from optiga.protocol.rules.values import room_of
from optiga.update.effects import info_of, metadata_after, what_stays_updated
from optiga.update.payloads import metadata_payload
from optiga.update.present import is_there

if TYPE_CHECKING:
    from optiga.chip import Chip
    from optiga.protocol.public_key import PublicKey
    from optiga.update.update_set import UpdateSet

_SAME_VERSION = {
    False: "this update may already be on the chip, but the object cannot be read",
    True: "this update may already have been applied, but the object has other content now",
}
"""What an update of the object's own version may mean, by whether the content is known to be another."""
_SIGNING = ("digital_signature", "key_cert_sign")


@dataclass(frozen=True)
class UpdatePlan:
    """What a chip says of an update that it would take.

    :param before: the metadata of the object as they are.
    :param resumed: whether the update ends one that had been interrupted.
    :param there_already: whether the object has its version and content: there is nothing to send.
    :param stays: what can never be undone of it, one sentence each.
    :param warnings: what could not be checked, and what a key can no longer do, one sentence each.
    """

    before: Metadata
    resumed: bool
    stays: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    there_already: bool = False


def check_update(chip: Chip, update: UpdateSet) -> UpdatePlan:
    """Whether the chip would take an update set, or has taken it. Only reads: six exchanges at the most, and those for
    a certificate and for the content of an object that has the update's version.

    That the chip holds the secret which a payload is encrypted with, nobody can see beforehand.

    :raises ConfigurationError: if it would not.
    :raises CertificateError: if the signature is wrong; a warning if the update is there already.
    :raises ChipError: if it neither reads nor uses the trust anchor or the secret.
    """
    manifest = update.signed.manifest
    _check_model(chip, update)
    if manifest.uid and bytes.fromhex(chip.uid.hex)[: mf.UID_SIZE] != manifest.uid:
        raise ConfigurationError(
            f"the update is for another chip: {manifest.uid.hex()}",
            hint=f"This chip is {chip.uid.hex[: 2 * mf.UID_SIZE]}. Both are without the last two bytes of a UID, the "
            "firmware build, which an update leaves out",
            oid=update.oid,
            reason=Reason.MISMATCH,
        )
    target = chip.objects.metadata(update.oid)
    has_content = is_there(chip, target, update)
    if has_content:
        return UpdatePlan(target, resumed=False, warnings=_why_not_again(chip, update), there_already=True)
    _check_condition(target, update)
    _check_usage(target, update)
    resumed = _check_version(target, update, is_other=has_content is False)
    _check_room(target, update)
    if manifest.encryption is not None:
        _check_helper(chip, manifest.encryption.secret_oid, ObjectType.UPDATE_SECRET)
    _check_helper(chip, update.signed.anchor_oid, ObjectType.TRUST_ANCHOR)
    warnings = [*_check_signature(chip, update), *_warnings_of_anchor(target, update)]
    kind = manifest.kind
    if isinstance(kind, mf.MetadataUpdate) and not flush_of(target, kind):  # of a key that is overwritten, more is said
        after = metadata_after(target, update) or target
        warnings = [*warnings, *lost_uses(update.oid, target, after)]
    return UpdatePlan(target, resumed, tuple(what_stays_updated(target, update)), tuple(warnings))


def _why_not_again(chip: Chip, update: UpdateSet) -> tuple[str, ...]:
    """Why an update that is there is not proven to be the one that the chip took: its signature. No error, because an
    update may have replaced its own trust anchor.
    """
    try:
        return tuple(_check_signature(chip, update))
    except (CertificateError, ChipError, ConfigurationError) as error:
        return (f"{error.message}: the chip would not accept this update now",)


def _check_model(chip: Chip, update: UpdateSet) -> None:
    """Whether the chip's model has updates of this kind. At most one exchange."""
    chip.require(CommandCode.SET_OBJECT_PROTECTED, mf.MANIFEST_VERSION)
    manifest = update.signed.manifest
    if all(has_updates(model, manifest) for model in MODELS):
        return
    model = find_model(chip.uid.firmware_build)
    if model is not None and not has_updates(model, manifest):
        raise ConfigurationError(
            f"the chip is an {model.title}, which supports no updates of keys or metadata, no encrypted updates, and "
            "no updates for a single chip",
            hint="Use an unencrypted update of data for every chip",
            oid=update.oid,
            reason=Reason.UNSUPPORTED,
        )


def _check_condition(target: Metadata, update: UpdateSet) -> None:
    """Whether any alternative of the target's condition names the trust anchor, and no other secret, and can hold."""
    manifest = update.signed.manifest
    secret = None if manifest.encryption is None else manifest.encryption.secret_oid
    tag = access_of(manifest.kind)
    what = tag.name.lower().replace("_", " ")
    try:
        condition = target.access(tag)
    except ValueError as error:
        raise ConfigurationError(
            f"the {what} condition of {format_oid(update.oid)} is unknown: {error}",
            hint=f"If the object is not yet operational, use 'python -m optiga object metadata "
            f'{format_oid(update.oid)} "{tag.name.lower()}: int {format_oid(update.signed.anchor_oid)}"\'',
            oid=update.oid,
        ) from None
    anchor = update.signed.anchor_oid
    known = Known(target.state, confidential=() if secret is None else (secret,), integrity=(anchor,))
    if evaluate(condition, known, anchor=anchor) is not False:
        return
    wanted = f"int {format_oid(anchor)}"
    has = f"is for the trust anchor {format_oid(anchor)}, and not encrypted"
    if secret is not None:
        wanted += f" && conf {format_oid(secret)}"
        has = f"is for the trust anchor {format_oid(anchor)}, encrypted with the secret in {format_oid(secret)}"
    raise ConfigurationError(
        f"{format_oid(update.oid)} does not accept this update: its {what} condition is {condition}, but the update "
        f"{has}",
        hint=_how_to_accept(target, update, condition, wanted),
        oid=update.oid,
        reason=Reason.DENIED,
    )


def _how_to_accept(target: Metadata, update: UpdateSet, condition: AccessCondition, wanted: str) -> str:
    """What makes an object take such an update: another update, or another condition.

    :param wanted: the condition that the update fulfils.
    """
    tag = access_of(update.signed.manifest.kind)
    ways = []
    for alternative in condition.alternatives:
        anchors = [simple.value for simple in alternative if simple.kind is Condition.INTEGRITY]
        secrets = [simple.value for simple in alternative if simple.kind is Condition.CONFIDENTIALITY]
        known = Known(target.state, confidential=secrets, integrity=anchors)
        if anchors and evaluate(AccessCondition((alternative,)), known, anchor=anchors[0]) is not False:
            with_secret = f", encrypted with the secret in {format_oid(secrets[0])}" if secrets else ""
            ways.append(f"make the update for the trust anchor {format_oid(anchors[0])}{with_secret}")
    if evaluate(access_now(target, Tag.CHANGE), Known(target.state, integrity=())) is not False:
        setting = f'object metadata {format_oid(update.oid)} "{tag.name.lower()}: {wanted}"'
        ways.append(f"use 'python -m optiga {setting}'")
    if tag is Tag.CHANGE and can_be_updated(target):
        ways.append("change the condition with an update of the object's metadata first")
    hint = ", or ".join(ways) or "use another object: the condition of this one can never be met"
    return hint[0].upper() + hint[1:]


def _check_usage(target: Metadata, update: UpdateSet) -> None:
    """Whether a key can be used at all once the update is there: the chip would put it over one that can."""
    kind = update.signed.manifest.kind
    if isinstance(kind, MetadataUpdate) and not flush_of(target, kind):
        check_key_usage(update.oid, target, update.new_metadata or Metadata({}), partly=True)
    if isinstance(kind, KeyUpdate) and not kind.usage & kind.algorithm.usages:
        raise ConfigurationError(
            f"the chip could not use the {kind.algorithm.title} key of the update: its key usage is "
            f"{', '.join(kind.usage.words) or 'nothing'}",
            hint=f"The chip can use these keys for {', '.join(kind.algorithm.usages.words)}",
            oid=update.oid,
            reason=Reason.UNSUPPORTED,
        )


def _check_version(target: Metadata, update: UpdateSet, *, is_other: bool) -> bool:
    """Whether the update ends one that was interrupted; its version must be right.

    :param is_other: whether it is known that the object's content is not the update's.
    """
    wanted = update.signed.manifest.payload_version
    version = target.version
    if is_next_version(target, wanted):
        return target.is_invalid
    if target.is_invalid:
        raise ConfigurationError(
            f"an update of {format_oid(update.oid)} to version {version} was started but not finished",
            hint=f"Apply that update again. The object accepts only updates with version {version} until then",
            oid=update.oid,
            reason=Reason.CONFLICT,
        )
    but = f"but the update has {wanted}"
    raise ConfigurationError(
        f"{format_oid(update.oid)} has version {version}, {'and so has the update' if wanted == version else but}",
        hint="Use an update with a greater version" + (f": {_SAME_VERSION[is_other]}" if wanted == version else ""),
        oid=update.oid,
        reason=Reason.CONFLICT,
    )


def _check_room(target: Metadata, update: UpdateSet) -> None:
    """Whether the object can take what the update brings, and its metadata what they become."""
    label, manifest = format_oid(update.oid), update.signed.manifest
    if isinstance(manifest.kind, MetadataUpdate) and target.get(Tag.RESET_TYPE) is None:
        raise ConfigurationError(
            f"the metadata of {label} cannot be updated: they have no reset type (tag 0xF0)",
            hint='If the object is not yet operational, set one with "reset_type: …"',
            oid=update.oid,
            reason=Reason.DENIED,
        )
    room = room_of(info_of(update.oid, target), target)
    if isinstance(manifest.kind, DataUpdate) and manifest.kind.offset + manifest.size > room:
        do = "does" if manifest.size == 1 else "do"
        raise ConfigurationError(
            f"{counted(manifest.size, 'byte')} at {manifest.kind.offset} {do} not fit {label}, which has room for "
            f"{room}",
            hint="Make the update again with less data, or for an object with more room",
            oid=update.oid,
            reason=Reason.TOO_LARGE,
        )
    if isinstance(manifest.kind, MetadataUpdate) and manifest.encryption is None:
        new = update.new_metadata
        if new is None:
            raise ConfigurationError(
                f"the update of the metadata of {label} has no metadata",
                hint="Make the update again",
                oid=update.oid,
                reason=Reason.DAMAGED,
            )
        metadata_payload(new)  # which refuses what no update can set
    after = metadata_after(target, update)
    size = 0 if after is None else len(after.encode())
    if size > md.MAX_SIZE:
        raise ConfigurationError(
            f"the metadata of {label} would take {size} bytes, but there is room for {md.MAX_SIZE}",
            hint="Make the update again with shorter conditions",
            oid=update.oid,
            reason=Reason.TOO_LARGE,
        )


def _check_helper(chip: Chip, oid: int, wanted: ObjectType) -> None:
    """Whether the object of a trust anchor or secret is one, and may be used."""
    metadata = chip.objects.metadata(oid)
    what = wanted.name.lower()
    if metadata.get(Tag.TYPE) != bytes([wanted]):
        raise ConfigurationError(
            f"{format_oid(oid)} is not a {what.replace('_', ' ')} (metadata tag 0xE8: 0x{wanted:02X})",
            hint=f"If the object is not yet operational, use "
            f"'python -m optiga object metadata {format_oid(oid)} \"type: {what}\"'",
            oid=oid,
            reason=Reason.WRONG_TYPE,
        )
    if unusable := find_unusable(oid, metadata):
        raise unusable.error(chip.port)
    if access_now(metadata, Tag.EXECUTE) == NEVER:
        raise ConfigurationError(
            f"{format_oid(oid)} cannot be used as {what.replace('_', ' ')}: its execute access condition is "
            f"{metadata.in_words().get('execute', 'absent')}",
            hint=f"If the object is not yet operational, use "
            f"'python -m optiga object metadata {format_oid(oid)} \"execute: always\"'",
            oid=oid,
            reason=Reason.DENIED,
        )


def _check_signature(chip: Chip, update: UpdateSet) -> list[str]:
    """Verify the signature with the certificate in the trust anchor, where that can be read."""
    from asn1crypto import x509

    oid = update.signed.anchor_oid
    data = chip.objects.read_if_allowed(oid)
    if data is None:
        return [f"{format_oid(oid)} cannot be read, so the signature was not checked beforehand"]
    try:
        # asn1crypto, because it takes the certificates that the chip takes; the other library is stricter.
        certificate = x509.Certificate.load(data, strict=True)
        key = public_key_of_info(certificate["tbs_certificate"]["subject_public_key_info"].dump())
        usages = certificate.key_usage_value
        allowed: set[str] = set() if usages is None else usages.native
    except (ValueError, TypeError, KeyError):
        raise CertificateError(
            f"{format_oid(oid)} has no certificate in plain DER",
            hint=_how_to_anchor(oid, data),
            oid=oid,
            reason=Reason.NOT_FOUND,
        ) from None
    if allowed.isdisjoint(_SIGNING):
        raise CertificateError(
            f"the certificate in {format_oid(oid)} is not for signatures",
            hint="Use a certificate with the key usage digitalSignature or keyCertSign",
            oid=oid,
            reason=Reason.DENIED,
        )
    if not _verifies(key, update):
        raise CertificateError(
            f"the update is not signed with the key of the certificate in {format_oid(oid)}",
            hint="Check that the update was made for this chip's trust anchor",
            oid=oid,
            reason=Reason.BAD_SIGNATURE,
        )
    return []


def _how_to_anchor(oid: int, data: bytes) -> str:
    """What to do about an object that holds no anchor, by what it holds."""
    try:
        is_devices = data[:1] != bytes([SEQUENCE]) and bool(decode_stored(data, Certificate.parse_leniently))
    except ValueError:
        is_devices = False
    if is_devices:
        typed = f"'python -m optiga object metadata {format_oid(oid)} \"type: trust_anchor\"'"
        return f"It holds a device's: {typed}, and write it anew"
    return "Write the signer's certificate to it first"


def _warnings_of_anchor(target: Metadata, update: UpdateSet) -> list[str]:
    """Why the chip will not use the trust anchor that an update brings, one sentence each."""
    kind, payload = update.signed.manifest.kind, update.payload
    if form_of(info_of(update.oid, target), target) is not Form.TRUST_ANCHOR or payload is None:
        return []
    if not isinstance(kind, DataUpdate) or kind.offset or kind.write_type is not WriteType.ERASE_AND_WRITE:
        return []
    try:
        return warnings_about_anchor(Certificate.parse_leniently(payload))
    except ValueError:
        return [
            f"the update has no certificate in plain DER, but {format_oid(update.oid)} is a trust anchor: "
            "the chip will not use it"
        ]


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
    return verifies(key, signature, signed.to_be_signed, "sha256")
