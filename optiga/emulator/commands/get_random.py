"""GetRandom. SRM, section of the same name. Random into a session context is not modelled."""

from __future__ import annotations

import secrets

from optiga.emulator.fields import take_number
from optiga.emulator.machine import CommandError, Machine
from optiga.protocol.codes import ErrorCode

_TRNG = 0x00
_DRNG = 0x01
_SIZES = range(8, 257)


def execute(machine: Machine, param: int, data: bytes) -> bytes:  # noqa: ARG001
    """Random bytes; both generators are the operating system's here."""
    if param not in (_TRNG, _DRNG):
        raise CommandError(ErrorCode.INVALID_PARAM)
    size = take_number(data, 2)
    if size not in _SIZES:
        raise CommandError(ErrorCode.INVALID_DATA)
    return secrets.token_bytes(size)
