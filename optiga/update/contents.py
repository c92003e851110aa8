"""What a person says of an update that is to be made: contents of files. No chip is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga.errors import ConfigurationError
from optiga.identity.forms import Form, form_of
from optiga.identity.keys_on_chip import check_usage, parse_usage
from optiga.identity.write import plan_content
from optiga.objects.addressing import Target
from optiga.protocol.codes import KeyUsage
from optiga.protocol.manifest import ContentReset, KeyUpdate, WriteType
from optiga.protocol.objects import ObjectInfo, ObjectKind
from optiga.update.payloads import Payload, aes_payload, data_payload, key_payload, metadata_payload

if TYPE_CHECKING:
    from optiga.protocol.metadata import Metadata
    from optiga.update.payloads import PrivateKey


def is_aes(info: ObjectInfo) -> bool:
    """Whether an object is that of the AES key."""
    return info.kind is ObjectKind.SYMMETRIC_KEY


def data_contents(data: bytes, name: str, *, offset: int = 0, erase: bool = True) -> Payload:
    """Data for an object: bytes as they are.

    :param name: what to call the data in messages.
    :raises ConfigurationError: if there are none.
    """
    if not data:
        raise ConfigurationError(f"{name} is empty", hint="Give at least one byte")
    write_type = WriteType.ERASE_AND_WRITE if erase else WriteType.WRITE
    return data_payload(data, offset=offset, write_type=write_type)


def certificate_contents(
    info: ObjectInfo, data: bytes, name: str, form: Form | None = None
) -> tuple[Payload, tuple[str, ...]]:
    """A certificate or chain, PEM or DER, as the object is to hold it. Nobody proves that it belongs to the chip's key.

    :param name: what to call the data in messages.
    :param form: that of the object's type on the chips; None for the usual one.
    :returns: and what a person should know about the certificates, one sentence each.
    :raises CertificateError: if it is none, or the object has no room for it.
    """
    plan = plan_content(data, Target(info, None), name, form=form or form_of(info))
    return data_payload(plan.data), plan.warnings


def key_contents(key: PrivateKey, usage: str | None) -> Payload:
    """A private key.

    :param usage: names of usages with commas between; None for what a key of the kind is mostly for.
    :raises ConfigurationError: if the chip has no such keys, or a usage is none.
    """
    from cryptography.hazmat.primitives.asymmetric import rsa

    further = KeyUsage.ENCRYPTION if isinstance(key, rsa.RSAPrivateKey) else KeyUsage.KEY_AGREEMENT
    usages = parse_usage(usage) or KeyUsage.AUTHENTICATION | further
    return _usable(key_payload(key, usages), usages)


def aes_contents(key: bytes, usage: str | None) -> Payload:
    """An AES key of 16, 24 or 32 bytes.

    :param usage: as for :func:`key_contents`.
    :raises ConfigurationError: if it has another size, or a usage is none.
    """
    usages = parse_usage(usage) or KeyUsage.ENCRYPTION
    return _usable(aes_payload(key, usages), usages)


def _usable(payload: Payload, usage: KeyUsage) -> Payload:
    """The payload of a key, if the chip can use the key so."""
    if isinstance(payload.kind, KeyUpdate):
        check_usage(payload.kind.algorithm, usage)
    return payload


def metadata_contents(wanted: Metadata, reset: str | None) -> Payload:
    """Metadata.

    :param reset: what becomes of the content: ``as_metadata``, ``zeros`` or ``random``; None for the first.
    :raises ConfigurationError: if an update cannot set them.
    """
    chosen = ContentReset[reset.upper()] if reset else ContentReset.AS_METADATA
    return metadata_payload(wanted, reset=chosen)
