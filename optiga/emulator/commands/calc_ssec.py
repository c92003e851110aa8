"""CalcSSec: Diffie-Hellman on elliptic curves. SRM, section of the same name."""

from __future__ import annotations

from optiga.emulator import keys
from optiga.emulator.fields import expect_tags, take_number, take_public_key, take_tags, take_target
from optiga.emulator.machine import CommandError, Machine
from optiga.emulator.sessions import Origin
from optiga.protocol.codes import ErrorCode, KeyUsage
from optiga.protocol.commands import TAG_ALGORITHM, TAG_PUBLIC_KEY
from optiga.protocol.commands.calc_ssec import TAG_KEY_OID

OBJECT_TAG: int = TAG_KEY_OID
"""Where the identifier of its object stands."""


def execute(machine: Machine, _param: int, data: bytes) -> bytes:
    """Agree on a secret with the holder of a public key; the secret goes out or into a session context."""
    tags = take_tags(data)
    target = take_target(tags)
    where, which, bit_string = expect_tags(tags, TAG_KEY_OID, TAG_ALGORITHM, TAG_PUBLIC_KEY)
    # As real chips say of an object without a key, and not what they say of one in the other commands.
    key = machine.key(take_number(where, 2), empty=ErrorCode.COMMAND_OUT_OF_SEQUENCE)
    if not key.algorithm.is_ec or not int(key.usage) & KeyUsage.KEY_AGREEMENT:
        raise CommandError(ErrorCode.UNSUPPORTED_EXTENSION)
    try:
        public_key = take_public_key(machine, which, bit_string)
    except CommandError as error:
        # Real chips find a point off the curve only in using the key with it, which counts as a use.
        if error.code is ErrorCode.INVALID_DATA and which == bytes([key.algorithm]):
            raise CommandError(error.code, is_use=keys.is_whole_point(key.algorithm, bit_string)) from None
        raise
    if public_key.algorithm is not key.algorithm:
        raise CommandError(ErrorCode.INVALID_DATA)
    return machine.give_secret(target, keys.agree(key.private, public_key), Origin.AGREED)
