"""CalcSign. SRM, section of the same name."""

from __future__ import annotations

from optiga.emulator import keys
from optiga.emulator.fields import expect_tags, take_number, take_tags
from optiga.emulator.machine import CommandError, Machine
from optiga.protocol.codes import ErrorCode, KeyUsage, SignatureScheme

_TAG_DIGEST = 0x01
_TAG_OID = 0x03
_SIGNING = int(KeyUsage.SIGNATURE | KeyUsage.AUTHENTICATION)

_SCHEMES: dict[int, SignatureScheme] = {int(scheme): scheme for scheme in SignatureScheme}


def execute(machine: Machine, param: int, data: bytes) -> bytes:
    """Sign a digest with a key of the chip."""
    scheme = take_scheme(param)
    digest, where = expect_tags(take_tags(data), _TAG_DIGEST, _TAG_OID)
    key = machine.key(take_number(where, 2))
    if not keys.fits_scheme(key.algorithm, scheme):
        raise CommandError(ErrorCode.INVALID_PARAM)
    if not int(key.usage) & _SIGNING:
        raise CommandError(ErrorCode.UNSUPPORTED_EXTENSION)
    if not keys.fits_digest(key.algorithm, scheme, digest):
        raise CommandError(ErrorCode.INVALID_DATA)
    return keys.sign(key.private, key.algorithm, scheme, digest)


def take_scheme(param: int) -> SignatureScheme:
    """The signature scheme that a Param field names.

    :raises CommandError: if it names none.
    """
    scheme = _SCHEMES.get(param)
    if scheme is None:
        raise CommandError(ErrorCode.INVALID_PARAM)
    return scheme
