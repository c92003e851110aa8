"""DecryptSym: AES decryption, and HMAC verification that authorizes its sender. SRM, "DecryptSym"."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from optiga.chip.commands.base import DENIES, Command, expect_no_data
from optiga.chip.commands.encrypt_sym import SymPart, check_size, split, take_answer
from optiga.errors import ConfigurationError, Reason
from optiga.protocol import tlv
from optiga.protocol.codes import CommandCode, ErrorCode
from optiga.protocol.commands.decrypt_sym import TAG_VERIFICATION_VALUE, TYPICAL_MS
from optiga.protocol.commands.encrypt_sym import SymStep
from optiga.protocol.request import Returns, Traits, longest_ms
from optiga.protocol.symmetric import CIPHERS, SymmetricMode
from optiga.values import frozen

_VERIFIES = Traits(Returns.NOTHING, TYPICAL_MS, longest_ms(TYPICAL_MS), is_repeatable=False, hides_answer=True)
"""A verification uses up the session's random: a second one fails, and takes the authorization back."""


@frozen
class DecryptSym(SymPart):
    """Decrypt whole blocks by ECB or CBC. The result is as long as the part, padding included."""

    code: ClassVar[CommandCode] = CommandCode.DECRYPT_SYM

    @property
    def traits(self) -> Traits:
        return Traits(
            Returns.DATA,
            TYPICAL_MS,
            longest_ms(TYPICAL_MS),
            is_repeatable=self.step is SymStep.START_AND_FINAL,  # anything else would break the chain
            hides_answer=True,
        )

    def parse(self, answer: bytes) -> bytes:
        return take_answer(answer, len(self.part))


@frozen
class VerifyHmac(Command[None]):
    """Prove to the chip that one knows a secret of its: the state Auto(oid) holds until it is cleared.

    The HMAC is over ``message``. Its random serves once; a wrong HMAC is an error of the chip (authorization failure),
    and clears the state.

    :param oid: of a data object of the type authorization reference.
    :param session: identifier of the session with the random.
    :param challenge: what that session holds: optional data, and the random behind it.
    :param mac: HMAC over ``message`` with the secret: 32, 48 or 64 bytes by the mode.
    :param arbitrary: what else the HMAC is over; all together at most 630 bytes less the HMAC's.
    """

    oid: int
    mode: SymmetricMode
    session: int
    challenge: bytes
    mac: bytes
    arbitrary: bytes = b""

    code: ClassVar[CommandCode] = CommandCode.DECRYPT_SYM
    traits: ClassVar[Traits] = replace(_VERIFIES, hides_command=True)  # by which a secret of few words could be guessed

    @property
    def secrets(self) -> tuple[str, ...]:
        return ("challenge", "mac")

    @property
    def param(self) -> int:
        return self.mode

    @property
    def message(self) -> bytes:
        """What the HMAC must be over: without the session's identifier, which is sent in front of it."""
        return self.challenge + self.arbitrary

    @property
    def data(self) -> bytes:
        message = tlv.encode(SymStep.START_AND_FINAL, self.session.to_bytes(2, "big") + self.message)
        return check_size(self.oid.to_bytes(2, "big") + message + tlv.encode(TAG_VERIFICATION_VALUE, self.mac))

    def parse(self, answer: bytes) -> None:
        expect_no_data(answer)

    def hint(self, error: ErrorCode) -> str:
        if error == ErrorCode.AUTHORIZATION_FAILURE:
            return "The HMAC is wrong, or the session's random was already used: get a new one"
        if error == ErrorCode.INVALID_OID:
            return "Use a secret in a data object of the type authorization reference (0xE8 01 31)"
        if error == ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED:
            return f"The secret's execute {DENIES} its use"
        if error == ErrorCode.INSUFFICIENT_BUFFER:
            return "The chip keeps up to four authorizations: clear one"
        return ""


@frozen
class ClearAuthorization(Command[None]):
    """Give up the state Auto(oid), as Infineon's host does: by a verification without a value, which must fail.

    The chip therefore answers with an error; the state is gone then.

    :param oid: of the authorization reference.
    :param session: identifier of a session; the random in it is used up.
    """

    oid: int
    session: int

    code: ClassVar[CommandCode] = CommandCode.DECRYPT_SYM
    param: ClassVar[int] = SymmetricMode.HMAC_SHA256
    traits: ClassVar[Traits] = _VERIFIES

    @property
    def data(self) -> bytes:
        return self.oid.to_bytes(2, "big") + tlv.encode_integer(SymStep.START_AND_FINAL, self.session, 2)

    def parse(self, answer: bytes) -> None:  # noqa: ARG002
        raise ValueError("a verification without a value has succeeded")


def decrypt_in_parts(oid: int, mode: SymmetricMode, protected: bytes, iv: bytes = b"") -> Iterator[DecryptSym]:
    """The commands that decrypt by ECB or CBC what is of any length: their results, joined, are the result.

    They are to be sent one after the other, with nothing in between.

    :raises ConfigurationError: before the first of them, if the mode makes MACs, or something does not fit it.
    """
    if mode not in CIPHERS:
        raise ConfigurationError(
            f"{mode.name.replace('_', '-')} makes MACs, which cannot be decrypted", reason=Reason.UNSUPPORTED
        )
    for step, part in split(mode, protected, iv):
        yield DecryptSym(oid, mode, part, step, iv if step.is_first else b"")
