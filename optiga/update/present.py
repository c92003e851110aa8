"""Whether what an update brings is on the chip already, as after a run that was cut off behind its last fragment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga.chip.unusable import find_unusable
from optiga.identity.possession import prove_public_key
from optiga.objects.objects import read_data
from optiga.pki.public_keys import public_key_of_numbers, public_key_of_secret
from optiga.protocol import tlv
from optiga.protocol.manifest import DataUpdate, KeyPart, KeyUpdate, WriteType
from optiga.protocol.metadata import Metadata
from optiga.protocol.objects import OBJECTS
from optiga.protocol.rules.values import fixed_size

if TYPE_CHECKING:
    from optiga.chip import Chip
    from optiga.protocol.public_key import PublicKey
    from optiga.update.update_set import UpdateSet


def is_there(chip: Chip, target: Metadata, update: UpdateSet) -> bool | None:
    """Whether the chip's object has an update's version and content. Only reads, and has a key sign that is compared.

    :param target: the metadata of the object as they are.
    :returns: False if it has another version or content; None if the version is the same and the content cannot be
        compared: the payload is encrypted, the data cannot be read, the key may not sign.
    """
    manifest, payload = update.signed.manifest, update.payload
    if target.is_invalid or target.version != manifest.payload_version:
        return False
    if payload is None:
        return None
    if isinstance(manifest.kind, DataUpdate):
        return _has_data(chip, target, update.oid, manifest.kind, payload)
    if isinstance(manifest.kind, KeyUpdate):
        return _has_key(chip, target, update.oid, manifest.kind, payload)
    new = update.new_metadata
    return new is not None and all(target.get(tag) == value for tag, value in new.items())


def _has_data(chip: Chip, target: Metadata, oid: int, kind: DataUpdate, payload: bytes) -> bool | None:
    info = OBJECTS.get(oid)
    if info is None or find_unusable(oid, target):
        return None
    held = read_data(chip, info, target)
    if held is None:
        return None
    if kind.write_type is not WriteType.ERASE_AND_WRITE:
        return held[kind.offset : kind.offset + len(payload)] == payload
    whole, size = bytes(kind.offset) + payload, fixed_size(info, target)
    return held == (whole if size is None else whole[:size].ljust(size, b"\x00"))


def _has_key(chip: Chip, target: Metadata, oid: int, kind: KeyUpdate, payload: bytes) -> bool | None:
    """Whether the object's key signs as the update's would; the key itself is nowhere to be read."""
    if target.algorithm is not kind.algorithm or target.key_usage != kind.usage:
        return False
    public_key = _public_key(kind, payload)
    return None if public_key is None else prove_public_key(chip, oid, public_key, sparing=True).key_match


def _public_key(kind: KeyUpdate, payload: bytes) -> PublicKey | None:
    """The public key of the private one that an update brings; None of an AES key, and of what is no key."""
    try:
        parts = dict(tlv.decode(payload))
        if kind.algorithm.is_rsa:
            modulus, exponent = (int.from_bytes(parts[part], "big") for part in (KeyPart.PUBLIC, KeyPart.EXPONENT))
            return public_key_of_numbers(modulus, exponent)
        if kind.algorithm.is_ec:
            return public_key_of_secret(kind.algorithm, int.from_bytes(parts[KeyPart.SECRET], "big"))
    except (ValueError, KeyError):
        pass
    return None
