"""Reading an object of the chip for people: certificates as PEM, all else as a hex dump."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from optiga.errors import CertificateError, ChipError, ConfigurationError, Reason, counted
from optiga.identity.forms import Form, form_of, may_have_type
from optiga.identity.hexdump import hex_dump
from optiga.objects.stored import decode_stored, is_empty
from optiga.pki.certificate import Certificate
from optiga.protocol import der, tls_identity, type_c_identity
from optiga.protocol.codes import SECRET_TYPES, ErrorCode
from optiga.protocol.metadata import Tag
from optiga.protocol.objects import ObjectKind

if TYPE_CHECKING:
    from optiga.chip import Chip
    from optiga.objects.addressing import Target
    from optiga.protocol.objects import ObjectInfo


_FIRST_BYTES = tuple(bytes([tag]) for tag in (der.SEQUENCE, tls_identity.TAG, type_c_identity.TAG))
"""What certificates begin with, as they lie on the chip."""


@dataclass(frozen=True)
class ReadResult:
    """What an object holds.

    :param data: its bytes.
    :param certificates: those in it, leaf first; empty if it holds something else.
    :param note: why an object for certificates is shown as bytes; else empty.
    :param offset: where in the object the bytes begin.
    """

    target: Target
    data: bytes
    certificates: tuple[Certificate, ...] = ()
    note: str = ""
    offset: int = 0

    @property
    def text(self) -> str:
        """For people: PEM of the whole chain, or a hex dump; ends with a line break."""
        return self._pem or hex_dump(self.data, self.offset)

    @property
    def file_content(self) -> bytes:
        """For a file: PEM of the whole chain, or the bytes as they are."""
        return self._pem.encode("ascii") or self.data

    @property
    def _pem(self) -> str:
        return "".join(certificate.pem for certificate in self.certificates)


def read_object(chip: Chip, target: Target) -> ReadResult:
    """Read an object.

    :param target: from :func:`optiga.objects.addressing.resolve`.
    :raises ChipError: if the chip refuses.
    :raises CertificateError: if it is an object for certificates that holds nothing yet.
    """
    data = chip.objects.read(target.oid)
    if target.kind is ObjectKind.DATA and not _is_typed(chip, target, data):
        return ReadResult(target, data)
    if not may_have_type(target.info):
        return ReadResult(target, data)
    if is_empty(data):
        raise CertificateError(
            f"{target.info.label} holds no certificate", hint="Write one first", oid=target.oid, reason=Reason.NOT_FOUND
        )
    try:
        return ReadResult(target, data, tuple(decode_stored(data, Certificate.parse_leniently)))
    except ValueError as error:
        return ReadResult(target, data, note=f"{target.info.label} holds no readable certificate: {error}")


def check_part(info: ObjectInfo, offset: int, length: int | None) -> None:
    """Refuse bytes that the object cannot have, before the chip is touched.

    :raises ConfigurationError: if its size is less.
    """
    if info.size and offset + (length or 0) > info.size:
        raise _ends_before(info, f"has room for {counted(info.size, 'byte')}", offset, length)


def read_part(chip: Chip, target: Target, offset: int, length: int | None) -> ReadResult:
    """Read some bytes of an object, as they are.

    :param length: how many; None for all from the offset on.
    :raises ConfigurationError: if the object ends before.
    :raises ChipError: if the chip refuses.
    """
    try:
        data = chip.objects.read(target.oid, offset, length)
    except ChipError as error:
        if error.code != ErrorCode.DATA_OBJECT_BOUNDARY_EXCEEDED:
            raise
        data = b""
    if len(data) < (length or bool(offset)):
        used = offset + len(data) if data else chip.objects.metadata(target.oid).used_size
        raise _ends_before(target.info, f"has {counted(used or 0, 'byte')}", offset, length)
    return ReadResult(target, data, offset=offset)


def _ends_before(info: ObjectInfo, has: str, offset: int, length: int | None) -> ConfigurationError:
    what = "no bytes" if length is None else f"not {counted(length, 'byte')}"
    where = f" at offset {offset}" if offset else ""
    said, parameter = f"{info.label} {has}, {what}{where}", "offset" if length is None else "length"
    return ConfigurationError(said, oid=info.oid, reason=Reason.TOO_LARGE, parameter=parameter)


def _is_typed(chip: Chip, target: Target, data: bytes) -> bool:
    """Whether a data object has the type of one for certificates. One exchange where its data may be some."""
    if data[:1] not in _FIRST_BYTES:
        return False
    return form_of(target.info, chip.objects.metadata(target.oid)) is not Form.DATA


def is_secret(chip: Chip, target: Target) -> bool:
    """Whether what an object holds is a secret. One exchange for data objects, whose type says so."""
    if target.kind is not ObjectKind.DATA:
        return target.kind is ObjectKind.SECRET
    return chip.objects.metadata(target.oid).get(Tag.TYPE) in [bytes([kind]) for kind in SECRET_TYPES]
