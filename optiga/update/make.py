"""Making an update set: the payload is cut, encrypted if it is to be, and its manifest signed."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from optiga.errors import ConfigurationError, Reason, counted, naming
from optiga.pki.public_keys import public_key_of
from optiga.protocol import manifest as mf
from optiga.protocol.algorithms import CURVES
from optiga.protocol.fragments import FragmentCipher, cut
from optiga.protocol.manifest import DataUpdate, Encryption, KeyUpdate, Manifest, ManifestSignature, SignedManifest
from optiga.protocol.metadata import MAX_UPDATE_SECRET, MAX_VERSION
from optiga.protocol.objects import COUNTER_SIZE, OBJECTS, ObjectInfo, ObjectKind, format_oid
from optiga.protocol.rules.updates import can_hold, takes_updates
from optiga.update.payloads import SUPPORTED_KEYS, Payload
from optiga.update.update_set import UpdateSet

if TYPE_CHECKING:
    from optiga.update.payloads import PrivateKey

DEFAULT_LABEL = b"Confidentiality"
_MAX_LABEL = 32
_SEED_SIZE = 64


@dataclass(frozen=True, repr=False)
class UpdateSecret:
    """The secret that a payload is encrypted with.

    :param oid: object of the chip that holds it, of the type UPDATSEC.
    :param value: 1 to 64 bytes.
    :param label: at most 32 bytes, which go into the key with a fresh random seed.
    """

    oid: int
    value: bytes
    label: bytes = DEFAULT_LABEL


def make_update(
    payload: Payload,
    *,
    target_oid: int,
    payload_version: int,
    anchor_oid: int,
    signer: PrivateKey,
    secret: UpdateSecret | None = None,
    uid: bytes = b"",
) -> UpdateSet:
    """Make and sign an update set. No chip is needed.

    :param payload_version: 1 to 32767; greater than that of the object on every chip it is for.
    :param anchor_oid: object with the signer's certificate.
    :param signer: private key on one of the chip's curves, or of RSA-1024 or RSA-2048.
    :param secret: None to send the payload in plain.
    :param uid: of the one chip that it is for, 25 bytes or the whole 27; empty for every chip.
    :raises ConfigurationError: if no chip would take such an update.
    """
    _check_target(payload, target_oid)
    if not 0 < payload_version <= MAX_VERSION:
        raise ConfigurationError(
            f"the update cannot have the version {payload_version}", hint=f"Use a version from 1 to {MAX_VERSION}"
        )
    if target_oid == anchor_oid or (secret and target_oid == secret.oid):
        what = "trust anchor" if target_oid == anchor_oid else "secret"
        raise ConfigurationError(
            f"{format_oid(target_oid)} cannot be the {what} of its own update",
            hint=f"Use another object of a {what}",
            oid=target_oid,
        )
    if uid and len(uid) not in (mf.UID_SIZE, mf.UID_SIZE + 2):
        raise ConfigurationError(
            f"a UID of {counted(len(uid), 'byte')}", hint="Give the 27 bytes of the chip's object 0xE0C2"
        )
    encryption, cipher = _encryption(secret, payload_version, len(payload.content))
    fragments = tuple(cut(payload.content, cipher))
    manifest = Manifest(
        target_oid=target_oid,
        kind=payload.kind,
        size=len(payload.content),
        payload_version=payload_version,
        digest=hashlib.sha256(fragments[0]).digest(),
        encryption=encryption,
        uid=uid[: mf.UID_SIZE],
    )
    try:
        signed = _sign(manifest, anchor_oid, signer)
        return UpdateSet.parse(signed.encode(), fragments, "the update")
    except ValueError as error:
        raise ConfigurationError(
            f"the update cannot be written: {error}", hint="Use other values", oid=target_oid
        ) from None


def _check_target(payload: Payload, oid: int) -> None:
    """Whether the object can hold what the update brings, as far as the object map tells."""
    info = OBJECTS.get(oid)
    if info is None:
        raise ConfigurationError(
            f"the chip has no object {format_oid(oid)}",
            hint=naming("Use an object that {objects.list_objects} shows"),
            oid=oid,
            reason=Reason.NOT_FOUND,
        )
    if not takes_updates(info):
        raise ConfigurationError(
            f"{info.label} ({info.name}) does not accept protected updates",
            hint="Use an object of a key, a certificate, a trust anchor, a counter, a secret or data",
            oid=oid,
            reason=Reason.UNSUPPORTED,
        )
    kind = payload.kind
    if isinstance(kind, KeyUpdate):
        if not can_hold(info, kind):
            raise ConfigurationError(
                f"{info.label} ({info.name}) cannot hold {kind.algorithm.title} keys",
                hint=f"Use {', '.join(one.label for one in OBJECTS.values() if can_hold(one, kind))}",
                oid=oid,
                reason=Reason.UNSUPPORTED,
            )
    elif isinstance(kind, DataUpdate):
        _check_data(kind, len(payload.content), info)


def _check_data(kind: DataUpdate, size: int, info: ObjectInfo) -> None:
    if not can_hold(info, kind):
        raise ConfigurationError(
            f"{info.label} is for a key, not data",
            hint="Use 'python -m optiga update make key'",
            oid=info.oid,
            reason=Reason.WRONG_TYPE,
        )
    if kind.offset < 0 or kind.offset + size > info.size:
        do = "does" if size == 1 else "do"
        raise ConfigurationError(
            f"{counted(size, 'byte')} at {kind.offset} {do} not fit in {info.label}, which has room for {info.size}",
            hint="Use less data, or an object with more room",
            oid=info.oid,
            reason=Reason.TOO_LARGE,
        )
    if info.kind is ObjectKind.COUNTER and (kind.offset, size) != (0, COUNTER_SIZE):
        raise ConfigurationError(
            f"{info.label} is a counter, which has {COUNTER_SIZE} bytes, not {size} at {kind.offset}",
            hint="Give four bytes of value and four bytes of threshold",
            oid=info.oid,
        )


def _encryption(
    secret: UpdateSecret | None, payload_version: int, size: int
) -> tuple[Encryption | None, FragmentCipher | None]:
    if secret is None:
        return None, None
    if not 0 < len(secret.value) <= MAX_UPDATE_SECRET:
        raise ConfigurationError(
            f"a secret of {counted(len(secret.value), 'byte')}",
            hint=f"Use a secret of 1 to {MAX_UPDATE_SECRET} bytes",
            parameter="secret",
        )
    if len(secret.label) > _MAX_LABEL:
        raise ConfigurationError(
            f"a label of {counted(len(secret.label), 'byte')}",
            hint=f"Use at most {_MAX_LABEL} bytes",
            parameter="label",
        )
    encryption = Encryption(secret.oid, secret.label, secrets.token_bytes(_SEED_SIZE))
    return encryption, FragmentCipher(encryption, secret.value, payload_version, size)


def _sign(manifest: Manifest, anchor_oid: int, signer: PrivateKey) -> SignedManifest:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    public = public_key_of(signer.public_key())
    if public.algorithm is None:
        raise ConfigurationError(
            f"no chip can verify signatures of {public.title} keys", hint=SUPPORTED_KEYS, reason=Reason.UNSUPPORTED
        )
    if isinstance(signer, ec.EllipticCurvePrivateKey):
        algorithm = ManifestSignature.ECDSA_SHA256
        der = signer.sign(mf.to_be_signed(manifest, algorithm), ec.ECDSA(hashes.SHA256()))
        size = CURVES[public.algorithm].coordinate_size
        signature = b"".join(number.to_bytes(size, "big") for number in decode_dss_signature(der))
    else:
        algorithm = ManifestSignature.RSASSA_PKCS1_V15_SHA256
        signature = signer.sign(mf.to_be_signed(manifest, algorithm), padding.PKCS1v15(), hashes.SHA256())
    return SignedManifest(manifest, anchor_oid, algorithm, signature)
