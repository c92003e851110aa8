"""CalcSSec: Diffie-Hellman on elliptic curves. SRM, section of the same name."""

from __future__ import annotations

from optiga.emulator import keys
from optiga.emulator.commands.verify_sign import take_public_key
from optiga.emulator.fields import expect_tags, take_number, take_tags
from optiga.emulator.machine import CommandError, Machine, is_session
from optiga.emulator.sessions import Origin
from optiga.protocol.codes import ErrorCode, KeyUsage

_TAG_KEY_OID = 0x01
_TAG_ALGORITHM = 0x05
_TAG_PUBLIC_KEY = 0x06
_TAG_EXPORT = 0x07
_TAG_SESSION = 0x08


def execute(machine: Machine, _param: int, data: bytes) -> bytes:
    """Agree on a secret with the holder of a public key; the secret goes out or into a session context."""
    tags = take_tags(data)
    target = take_target(tags)
    where, which, bit_string = expect_tags(tags, _TAG_KEY_OID, _TAG_ALGORITHM, _TAG_PUBLIC_KEY)
    key = machine.key(take_number(where, 2))
    if not key.algorithm.is_ec or not int(key.usage) & KeyUsage.KEY_AGREEMENT:
        raise CommandError(ErrorCode.UNSUPPORTED_EXTENSION)
    algorithm, public_key = take_public_key(machine, take_number(which, 1), bit_string)
    if algorithm is not key.algorithm:
        raise CommandError(ErrorCode.INVALID_DATA)
    return give_secret(machine, target, keys.agree(key.private, public_key), Origin.AGREED)


def take_target(tags: dict[int, bytes]) -> int | None:
    """Where a new secret goes: a session, or None for out. Its tag is taken from the others.

    :raises CommandError: if there is not exactly one of the two ways, or what is named is no session.
    """
    if (_TAG_EXPORT in tags) == (_TAG_SESSION in tags):
        raise CommandError(ErrorCode.INVALID_DATA)
    if _TAG_EXPORT in tags:
        take_number(tags.pop(_TAG_EXPORT), 0)
        return None
    oid = take_number(tags.pop(_TAG_SESSION), 2)
    if not is_session(oid):
        raise CommandError(ErrorCode.INVALID_OID)
    return oid


def give_secret(machine: Machine, target: int | None, secret: bytes, origin: Origin) -> bytes:
    """Put a secret where it goes; what the command answers."""
    if target is None:
        return secret
    machine.keep_secret(target, secret, origin)
    return b""
