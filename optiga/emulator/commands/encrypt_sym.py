"""EncryptSym: AES and HMAC, whole or in parts. SRM, section of the same name."""

from __future__ import annotations

from optiga.emulator import symmetric
from optiga.emulator.fields import AT_THE_BEGINNING
from optiga.emulator.machine import Machine
from optiga.emulator.symmetric_parts import run, take_part
from optiga.protocol.codes import CommandCode
from optiga.protocol.symmetric import SymmetricMode

OBJECT_TAG: int = AT_THE_BEGINNING
"""Where the identifier of its object stands: at the beginning."""


def execute(machine: Machine, param: int, data: bytes) -> bytes:
    """Encrypt, or make a MAC; the MAC is answered at the end."""
    return run(machine, CommandCode.ENCRYPT_SYM, SymmetricMode(param), take_part(data), symmetric.encryption)
