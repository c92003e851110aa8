"""EncryptSym: AES and HMAC on the chip, with a key or secret that it holds. SRM, "EncryptSym"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from optiga.chip.commands.base import Command
from optiga.errors import ConfigurationError
from optiga.protocol import tlv
from optiga.protocol.codes import CommandCode, ErrorCode
from optiga.protocol.commands import TAG_DATA
from optiga.protocol.commands.encrypt_sym import MAX_DATA, TAG_IV, TYPICAL_MS, SymStep
from optiga.protocol.request import Returns, Traits, longest_ms
from optiga.protocol.symmetric import BLOCK_SIZE, CIPHERS, HMACS, MAC_SIZES, SymmetricMode
from optiga.values import frozen

_HEAD_SIZE = 5
"""Bytes of the key's identifier, and of tag and length of a part."""
_TL_SIZE = 3


@frozen
class SymPart(Command[bytes]):
    """A part of what is encrypted, decrypted or given a MAC.

    :param oid: of an AES key; for HMAC of a session with a shared secret, or of a data object of the type
        pre-shared secret.
    :param part: at least one byte. Whole blocks of 16 bytes, but for HMAC and the last part of a CMAC.
    :param iv: of CBC, 16 bytes, with the first step only; empty for zeros.
    """

    oid: int
    mode: SymmetricMode
    part: bytes
    step: SymStep = SymStep.START_AND_FINAL
    iv: bytes = b""

    @property
    def param(self) -> int:
        return self.mode

    @property
    def data(self) -> bytes:
        data = self.oid.to_bytes(2, "big") + tlv.encode(self.step, self.part)
        return check_size(data + tlv.encode(TAG_IV, self.iv) if self.iv else data)

    def hint(self, error: ErrorCode) -> str:
        return symmetric_hint(error, self.mode)


@frozen
class EncryptSym(SymPart):
    """Encrypt, or make a MAC. The result is as long as the part for a cipher; for a MAC it comes with the last step."""

    code: ClassVar[CommandCode] = CommandCode.ENCRYPT_SYM

    @property
    def secrets(self) -> tuple[str, ...]:
        return ("part",) if self.mode in CIPHERS else ()

    @property
    def traits(self) -> Traits:
        encrypts = self.mode in CIPHERS
        return Traits(
            Returns.DATA if encrypts or self.step.is_last else Returns.NOTHING,
            TYPICAL_MS,
            longest_ms(TYPICAL_MS),
            is_repeatable=self.step is SymStep.START_AND_FINAL,  # anything else would break the chain
            hides_command=encrypts,
            hides_answer=not encrypts,  # somebody may make a key of a MAC
        )

    def parse(self, answer: bytes) -> bytes:
        if self.mode in CIPHERS:
            return take_answer(answer, len(self.part))
        return take_answer(answer, MAC_SIZES[self.mode] if self.step.is_last else 0)


def check_size(data: bytes) -> bytes:
    """InData as it is.

    :raises ValueError: if it is more than these commands take.
    """
    if len(data) > MAX_DATA:
        raise ValueError(f"{len(data)} bytes of data exceed its {MAX_DATA}")
    return data


def take_answer(answer: bytes, size: int) -> bytes:
    """What an answer carries in its one TLV; none for a size of 0.

    :raises ValueError: if that is not of the size.
    """
    items = tlv.decode(answer)
    if [(tag, len(value)) for tag, value in items] != ([(TAG_DATA, size)] if size else []):
        raise ValueError(f"not the {size} bytes that the command returns")
    return items[0][1] if items else b""


def symmetric_hint(error: ErrorCode, mode: SymmetricMode) -> str:
    """What to do about an error of EncryptSym or DecryptSym."""
    if error == ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED:
        return "The execute access condition of the key or secret does not allow its use"
    if error == ErrorCode.COMMAND_OUT_OF_SEQUENCE:
        return "Another command interrupted the chain, or the session has no secret"
    if mode in HMACS and error == ErrorCode.INVALID_OID:
        return "For HMAC, use a session or a data object of the type pre_shared_secret"
    if mode not in HMACS and error == ErrorCode.INVALID_OID:
        return "For AES, use the key in 0xE200"
    if error == ErrorCode.UNSUPPORTED_EXTENSION:
        without = "no secret" if mode in HMACS else "no key, or a key without the key usage encryption"
        return f"The object has {without}"
    return ""


def encrypt_in_parts(oid: int, mode: SymmetricMode, message: bytes, iv: bytes = b"") -> Iterator[EncryptSym]:
    """The commands that encrypt a message of any length, or make its MAC: their results, joined, are the result.

    They are to be sent one after the other, with nothing in between.

    :raises ConfigurationError: before the first of them, if message or initialization vector do not fit the mode.
    """
    for step, part in split(mode, message, iv):
        yield EncryptSym(oid, mode, part, step, iv if step.is_first else b"")


def split(mode: SymmetricMode, message: bytes, iv: bytes = b"") -> Iterator[tuple[SymStep, bytes]]:
    """Parts of a message, each as long as a command of the mode takes it, with the steps they are sent in.

    :raises ConfigurationError: before the first of them, if message or initialization vector do not fit the mode.
    """
    _check(mode, message, iv)
    unit = 1 if mode in HMACS else BLOCK_SIZE
    first = _room(unit, _TL_SIZE + len(iv) if iv else 0)
    if len(message) <= first:
        yield SymStep.START_AND_FINAL, message
        return
    yield SymStep.START, message[:first]
    offset, room = first, _room(unit, 0)
    while len(message) - offset > room:
        yield SymStep.CONTINUE, message[offset : offset + room]
        offset += room
    yield SymStep.FINAL, message[offset:]


def _room(unit: int, taken: int) -> int:
    """Bytes of a message that fit a command in whole units, beside what else it carries."""
    return (MAX_DATA - _HEAD_SIZE - taken) // unit * unit


def _check(mode: SymmetricMode, message: bytes, iv: bytes) -> None:
    if not message:
        raise ConfigurationError(f"{_title(mode)}: the message must not be empty")
    if mode in (*CIPHERS, SymmetricMode.CBC_MAC) and len(message) % BLOCK_SIZE:
        raise ConfigurationError(
            f"{_title(mode)}: {len(message)} bytes are not a multiple of the block size, {BLOCK_SIZE} bytes",
            hint="Pad the message first",
        )
    if iv and mode is not SymmetricMode.CBC:
        raise ConfigurationError(f"{_title(mode)}: this mode does not use an initialization vector")
    if iv and len(iv) != BLOCK_SIZE:
        raise ConfigurationError(
            f"{_title(mode)}: the initialization vector must have {BLOCK_SIZE} bytes, not {len(iv)}"
        )


def _title(mode: SymmetricMode) -> str:
    return mode.name.replace("_", "-")
