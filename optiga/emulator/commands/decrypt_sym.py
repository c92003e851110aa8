"""DecryptSym: AES back to plain data, and the HMAC that authorizes the outside world. SRM, section of the same name."""

from __future__ import annotations

import hmac

from optiga.emulator import symmetric
from optiga.emulator.fields import AT_THE_BEGINNING
from optiga.emulator.machine import CommandError, Machine, is_session
from optiga.emulator.sessions import Origin, SessionSecret
from optiga.emulator.symmetric_parts import Part, run, take_part
from optiga.protocol.codes import CommandCode, ErrorCode, ObjectType
from optiga.protocol.commands.decrypt_sym import MAX_AUTHORIZED, TAG_VERIFICATION_VALUE
from optiga.protocol.commands.encrypt_sym import SymStep
from optiga.protocol.symmetric import HMACS, MAC_SIZES, SymmetricMode

OBJECT_TAG: int = AT_THE_BEGINNING
"""Where the identifier of its object stands: at the beginning."""


def execute(machine: Machine, param: int, data: bytes) -> bytes:
    """Decrypt, or verify an HMAC, which answers nothing; a wrong one is an error."""
    mode = SymmetricMode(param)
    if mode in HMACS:
        # Whatever goes wrong from here on, the state that stood before is gone (note 4 to the command).
        machine.authorized.discard(int.from_bytes(data[:2], "big"))
        machine.chain = None  # an HMAC comes whole: what else was being decrypted has been broken into
        _verify(machine, mode, take_part(data))
        return b""
    return run(machine, CommandCode.DECRYPT_SYM, mode, take_part(data), symmetric.decryption)


def _verify(machine: Machine, mode: SymmetricMode, part: Part) -> None:
    """Set the state Auto(X) of an authorization reference if its holder has answered this chip's random."""
    session = int.from_bytes(part.data[:2], "big")
    challenge = _use_up_random(machine, session)
    if part.step != SymStep.START_AND_FINAL or part.optional.keys() - {TAG_VERIFICATION_VALUE}:
        raise CommandError(ErrorCode.UNSUPPORTED_PARAMETERS)
    value = part.optional.get(TAG_VERIFICATION_VALUE)
    if value is None:
        raise CommandError(ErrorCode.INVALID_DATA)
    if len(value) != MAC_SIZES[mode] or len(part.data) < 2:
        raise CommandError(ErrorCode.INVALID_LENGTH)
    if not is_session(session):
        raise CommandError(ErrorCode.INVALID_OID)
    if len(machine.authorized) >= MAX_AUTHORIZED:
        raise CommandError(ErrorCode.INSUFFICIENT_BUFFER)
    running = symmetric.encryption(mode, machine.stored_secret(part.oid, ObjectType.AUTHORIZATION_REFERENCE), b"")
    running.add(part.data[2:])  # the session's identifier says where the random is, and is not signed
    is_answer = challenge is not None and part.data[2:].startswith(challenge)
    if not hmac.compare_digest(running.end(), value) or not is_answer:
        raise CommandError(ErrorCode.AUTHORIZATION_FAILURE)
    machine.authorized.add(part.oid)


def _use_up_random(machine: Machine, session: int) -> bytes | None:
    """The random that a session holds, with what was put before it; it serves once, whether it helps or not."""
    held = machine.sessions.get(session)
    if not isinstance(held, SessionSecret) or held.origin is not Origin.RANDOM:
        return None
    del machine.sessions[session]
    return held.value
