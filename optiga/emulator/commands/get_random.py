"""GetRandom. SRM, section of the same name."""

from __future__ import annotations

import os

from optiga.emulator.fields import take_exactly, take_number
from optiga.emulator.machine import CommandError, Machine
from optiga.emulator.sessions import Origin
from optiga.protocol.codes import ErrorCode
from optiga.protocol.commands.get_random import PARAM_PRE_MASTER_SECRET, RANDOM_SIZES, TAG_PREPENDED


def execute(machine: Machine, param: int, data: bytes) -> bytes:
    """Random bytes, out or into a session context; both generators are the operating system's here."""
    size, target = take_number(data[:2], 2), data[2:]
    if size not in RANDOM_SIZES:
        raise CommandError(ErrorCode.INVALID_DATA)
    drawn = os.urandom(size)
    if target:
        _keep(machine, target, drawn, Origin.PRE_MASTER if param == PARAM_PRE_MASTER_SECRET else Origin.RANDOM)
    elif param == PARAM_PRE_MASTER_SECRET:
        raise CommandError(ErrorCode.INVALID_LENGTH)
    return b"" if param == PARAM_PRE_MASTER_SECRET else drawn


def _keep(machine: Machine, target: bytes, drawn: bytes, origin: Origin) -> None:
    """Put random bytes into the session named, behind the data given."""
    if origin is Origin.RANDOM and not machine.model.kind.stores_random:
        raise CommandError(ErrorCode.INVALID_LENGTH)
    oid = take_number(target[:2], 2)
    (prepended,) = take_exactly(target[2:], TAG_PREPENDED)
    if len(prepended) + len(drawn) > machine.max_session_secret:
        raise CommandError(ErrorCode.INVALID_DATA)
    machine.keep_secret(oid, prepended + drawn, origin)
