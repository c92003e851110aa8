"""Certificates as they lie on the chip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga.errors import CertificateError, Reason
from optiga.objects.reading import HEAD
from optiga.pki.certificate import Certificate, Parser
from optiga.protocol import der, tls_identity, type_c_identity
from optiga.protocol.objects import format_oid

if TYPE_CHECKING:
    from optiga.chip import Chip


def is_empty(data: bytes) -> bool:
    """Whether an object of a certificate holds nothing: it was never written, or erased."""
    return not data.strip(b"\x00\xff")


def read_stored(chip: Chip, oid: int) -> bytes:
    """Data of an object of certificates; of one that holds none, a part can be all.

    :raises ChipError: if the chip refuses.
    """
    head = chip.objects.read(oid, length=HEAD)
    if len(head) < HEAD or is_empty(head):  # no certificate begins so, and a new chip has zeros to the end
        return head
    return head[:-1] + chip.objects.read(oid, HEAD - 1)


def decode_stored(data: bytes, parse: Parser = Certificate.parse) -> list[Certificate]:
    """The certificates in an object's data: a TLS identity, a USB Type-C identity, or one in plain DER; leaf first.

    :param parse: :meth:`Certificate.parse_leniently` for what is only shown.
    :raises ValueError: if they are neither, or do not parse.
    """
    for identity, name in ((tls_identity, "TLS"), (type_c_identity, "USB Type-C")):
        if data[:1] == bytes([identity.TAG]):
            ders = identity.decode(data)
            if not ders:
                raise ValueError(f"a {name} identity without a certificate")
            return [parse(der) for der in ders]
    size = der.size_of(data)
    if data[:1] != bytes([der.SEQUENCE]) or size is None or size > len(data):
        raise ValueError("neither a TLS or USB Type-C identity nor a certificate in DER")
    return [parse(data[:size])]


def read_certificates(
    chip: Chip, oid: int, *, meaning: str = "", hint: str = "", parse: Parser = Certificate.parse
) -> list[Certificate]:
    """The certificates in an object, leaf first, at least one.

    :param parse: as for :func:`decode_stored`.
    :param meaning: what it means that there is none, for the message.
    :param hint: what to do then.
    :raises CertificateError: if there is none, or nothing that parses.
    :raises ChipError: if the chip refuses.
    """
    data, label = chip.objects.read(oid), format_oid(oid)
    if is_empty(data):
        raise CertificateError(f"{label} holds no certificate{meaning}", hint=hint, oid=oid, reason=Reason.NOT_FOUND)
    try:
        return decode_stored(data, parse)
    except ValueError as error:
        raise CertificateError(
            f"{label} holds no readable certificate: {error}", oid=oid, reason=Reason.DAMAGED
        ) from None
