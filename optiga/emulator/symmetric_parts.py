"""What EncryptSym and DecryptSym have in common: a key, one part of the data, and what a mode needs besides.

SRM, sections of the same names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from optiga.emulator import symmetric
from optiga.emulator.fields import take_tags
from optiga.emulator.machine import Chain, CommandError, Machine
from optiga.emulator.sessions import Origin
from optiga.protocol import tlv
from optiga.protocol.codes import CommandCode, ErrorCode
from optiga.protocol.commands import TAG_DATA
from optiga.protocol.commands.decrypt_sym import TAG_VERIFICATION_VALUE
from optiga.protocol.commands.encrypt_sym import MAX_DATA, TAG_ADDITIONAL_DATA, TAG_IV, TAG_WHOLE_LENGTH, SymStep
from optiga.protocol.symmetric import BLOCK_SIZE, HMACS, SymmetricMode

_STEPS = tuple(SymStep)
_OPTIONAL = (TAG_ADDITIONAL_DATA, TAG_IV, TAG_WHOLE_LENGTH, TAG_VERIFICATION_VALUE)

Begin = Callable[[SymmetricMode, bytes, bytes], symmetric.Running]
"""How an operation begins: with its mode, key and initialization vector."""


class Part(NamedTuple):
    """What one command carries.

    :param oid: of the key or secret.
    :param step: place of the command in its chain.
    :param optional: values of other tags, by their tags.
    """

    oid: int
    step: SymStep
    data: bytes
    optional: dict[int, bytes]


def take_part(data: bytes) -> Part:
    """The key's identifier, which has no tag, and the TLVs behind it.

    :raises CommandError: if there is not exactly one part of data with at least one byte, or a tag is unknown.
    """
    if not 2 <= len(data) <= MAX_DATA:
        raise CommandError(ErrorCode.INVALID_LENGTH)
    tags = take_tags(data[2:])
    steps = [tag for tag in tags if tag in _STEPS]
    if len(steps) != 1 or any(tag not in _OPTIONAL for tag in tags if tag not in _STEPS):
        raise CommandError(ErrorCode.INVALID_DATA)
    content = tags.pop(steps[0])
    if not content:
        raise CommandError(ErrorCode.INVALID_LENGTH)
    return Part(int.from_bytes(data[:2], "big"), SymStep(steps[0]), content, tags)


def run(machine: Machine, code: CommandCode, mode: SymmetricMode, part: Part, begin: Begin) -> bytes:
    """Take one part of the data; the answer of the command.

    :raises CommandError: if the part does not fit the mode, the chain or the key.
    """
    begins, ends = part.step.is_first, part.step.is_last
    iv = _take_iv(part, allowed=begins and mode is SymmetricMode.CBC)
    whole_blocks = mode not in HMACS and not (ends and mode is SymmetricMode.CMAC)
    if whole_blocks and len(part.data) % BLOCK_SIZE:
        raise CommandError(ErrorCode.INVALID_LENGTH)
    running = begin(mode, _key(machine, mode, part.oid), iv) if begins else _running(machine, mode)
    output = running.add(part.data)
    if ends:
        machine.chain = None
        output += running.end()
    else:
        machine.chain = Chain(code, running)
    return tlv.encode(TAG_DATA, output) if output else b""


def _take_iv(part: Part, *, allowed: bool) -> bytes:
    """The initialization vector, zeros if none is given; nothing else may stand beside the data."""
    if part.optional.keys() - ({TAG_IV} if allowed else set()):
        raise CommandError(ErrorCode.UNSUPPORTED_PARAMETERS)
    iv = part.optional.get(TAG_IV, bytes(BLOCK_SIZE))
    if len(iv) != BLOCK_SIZE:
        raise CommandError(ErrorCode.INVALID_LENGTH)
    return iv


def _key(machine: Machine, mode: SymmetricMode, oid: int) -> bytes:
    """What a mode works with: an AES key, or for HMAC a shared secret."""
    if mode in HMACS:
        return machine.secret(oid, Origin.AGREED, Origin.DERIVED)
    return machine.symmetric_key(oid)


def _running(machine: Machine, mode: SymmetricMode) -> symmetric.Running:
    """What the commands before have begun; the identifier that a later one carries is not looked at."""
    if machine.chain is None:
        raise CommandError(ErrorCode.COMMAND_OUT_OF_SEQUENCE)
    running: symmetric.Running = machine.chain.state
    if running.mode is not mode:
        raise CommandError(ErrorCode.COMMAND_OUT_OF_SEQUENCE)
    return running
