"""CalcSign. SRM, section of the same name."""

from __future__ import annotations

from optiga.emulator import keys
from optiga.emulator.fields import take_exactly, take_number
from optiga.emulator.machine import CommandError, Machine
from optiga.protocol.codes import ErrorCode, KeyUsage, SignatureScheme
from optiga.protocol.commands.calc_sign import TAG_DIGEST, TAG_KEY_OID

OBJECT_TAG: int = TAG_KEY_OID
"""Where the identifier of its object stands."""

_SIGNING = int(KeyUsage.SIGNATURE | KeyUsage.AUTHENTICATION)
_SCHEMES = {scheme.value: scheme for scheme in SignatureScheme}


def execute(machine: Machine, param: int, data: bytes) -> bytes:
    """Sign a digest with a key of the chip."""
    scheme = _SCHEMES[param]
    digest, where = take_exactly(data, TAG_DIGEST, TAG_KEY_OID)
    key = machine.key(take_number(where, 2))
    sizes = keys.digest_sizes(key.algorithm, scheme)
    if sizes is None:
        raise CommandError(ErrorCode.INVALID_PARAM)
    if not int(key.usage) & _SIGNING:
        raise CommandError(ErrorCode.UNSUPPORTED_EXTENSION)
    if len(digest) not in sizes:
        raise CommandError(ErrorCode.INVALID_DATA)
    return keys.sign(key.private, key.algorithm, scheme, digest)
