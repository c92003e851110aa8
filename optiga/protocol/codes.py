"""Codes of the chip: commands, errors, algorithms, life cycle states.

Source: OPTIGA Trust M Solution Reference Manual v3.70 (SRM), the table named with each enumeration.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag, unique
from typing import TypeVar

from optiga.protocol.commands import CommandCode as CommandCode  # noqa: PLC0414 - it is a code, too

_Member = TypeVar("_Member", bound="CodeEnum")


class CodeEnum(IntEnum):
    """Numbers of the chip that have names."""

    @classmethod
    def of(cls: type[_Member], value: int) -> _Member | None:
        """The member of a number; None if that has no name."""
        try:
            return cls(value)
        except ValueError:
            return None


CLEAR_LAST_ERROR = 0x80
"""Bit of the command code that clears the last error code before the command is looked at."""


@unique
class ErrorCode(CodeEnum):
    """Values of the last error code, object 0xF1C2. SRM, table "Error Codes"."""

    NO_ERROR = 0x00
    INVALID_OID = 0x01
    INVALID_PARAM = 0x03
    INVALID_LENGTH = 0x04
    INVALID_DATA = 0x05
    INTERNAL_PROCESS_ERROR = 0x06
    ACCESS_CONDITIONS_NOT_SATISFIED = 0x07
    DATA_OBJECT_BOUNDARY_EXCEEDED = 0x08
    METADATA_TRUNCATION = 0x09
    INVALID_COMMAND = 0x0A
    COMMAND_OUT_OF_SEQUENCE = 0x0B
    COMMAND_NOT_AVAILABLE = 0x0C
    INSUFFICIENT_BUFFER = 0x0D
    COUNTER_THRESHOLD_EXCEEDED = 0x0E
    INVALID_MANIFEST = 0x0F
    INVALID_PAYLOAD_VERSION = 0x10
    INVALID_METADATA = 0x11
    UNSUPPORTED_EXTENSION = 0x24
    UNSUPPORTED_PARAMETERS = 0x25
    INVALID_CERTIFICATE_FORMAT = 0x29
    UNSUPPORTED_CERTIFICATE = 0x2A
    SIGNATURE_VERIFICATION_FAILURE = 0x2C
    INTEGRITY_VALIDATION_FAILURE = 0x2D
    DECRYPTION_FAILURE = 0x2E
    AUTHORIZATION_FAILURE = 0x2F

    @property
    def title(self) -> str:
        """The manual's name of the code, in lower case."""
        return _ERROR_TITLES.get(self) or self.name.replace("_", " ").lower()


_ERROR_TITLES = {
    ErrorCode.INVALID_OID: "invalid OID",
    ErrorCode.INVALID_PARAM: "invalid Param field",
    ErrorCode.INVALID_LENGTH: "invalid length field",
    ErrorCode.INVALID_DATA: "invalid parameter in data field",
    ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED: "access conditions not satisfied",
    ErrorCode.METADATA_TRUNCATION: "metadata truncation error",
    ErrorCode.INVALID_COMMAND: "invalid command field",
    ErrorCode.INSUFFICIENT_BUFFER: "insufficient buffer or memory",
    ErrorCode.COUNTER_THRESHOLD_EXCEEDED: "counter threshold limit exceeded",
    ErrorCode.UNSUPPORTED_EXTENSION: "unsupported extension or key usage",
}


@unique
class KeyUsage(IntFlag):
    """Usage of a key on the chip. SRM, table "Key Usage Identifier"."""

    AUTHENTICATION = 0x01
    ENCRYPTION = 0x02
    SIGNATURE = 0x10
    KEY_AGREEMENT = 0x20

    @property
    def words(self) -> list[str]:
        """The usages as words, for example ``["authentication", "key_agreement"]``."""
        return [word for word, usage in KEY_USAGE_WORDS.items() if usage & self]


KEY_USAGE_WORDS = {name.lower(): usage for name, usage in KeyUsage.__members__.items()}
"""Each usage by the word for it."""
ALL_KEY_USAGES = sum(KeyUsage)
"""Every bit that has a meaning."""


@unique
class SignatureScheme(CodeEnum):
    """Parameter of CalcSign and VerifySign. SRM, table "Signature Schemes"."""

    RSASSA_PKCS1_V15_SHA256 = 0x01
    RSASSA_PKCS1_V15_SHA384 = 0x02
    RSASSA_PKCS1_V15_SHA512 = 0x03
    ECDSA = 0x11


@unique
class LifeCycleState(CodeEnum):
    """SRM, table "Life Cycle Status"."""

    CREATION = 0x01
    INITIALIZATION = 0x03
    OPERATIONAL = 0x07
    TERMINATION = 0x0F


LIFE_CYCLE_WORDS = {state.name.lower(): state for state in LifeCycleState}
"""Each state by the word for it."""


def life_cycle_word(value: int) -> str:
    """A life cycle state in words; in hex where it has none."""
    state = LifeCycleState.of(value)
    return f"0x{value:02x}" if state is None else state.name.lower()


@unique
class Flush(CodeEnum):
    """How a reset overwrites content. SRM, table "Metadata Update Identifier"."""

    ZEROS = 0x10
    RANDOM = 0x20


def is_reset_type(number: int) -> bool:
    """Whether it is a life cycle state to go to, a way of overwriting content, both, or neither (0). Same table."""
    return number & 0x0F in (0, *LifeCycleState) and number & ~0x0F in (0, *Flush)


@unique
class ObjectType(CodeEnum):
    """What the data of an object are. SRM, table "Data Object Types"."""

    BYTE_STRING = 0x00
    UP_COUNTER = 0x01
    TRUST_ANCHOR = 0x11
    DEVICE_CERTIFICATE = 0x12
    PRE_SHARED_SECRET = 0x21
    PLATFORM_BINDING = 0x22
    UPDATE_SECRET = 0x23
    AUTHORIZATION_REFERENCE = 0x31


SECRET_TYPES = frozenset(
    (
        ObjectType.PRE_SHARED_SECRET,
        ObjectType.PLATFORM_BINDING,
        ObjectType.UPDATE_SECRET,
        ObjectType.AUTHORIZATION_REFERENCE,
    )
)
"""Types whose data are secrets that the chip shares with somebody."""


APPLICATION_ID = bytes.fromhex("d276000004") + b"GenAuthAppl"
"""Unique application identifier that OpenApplication takes. SRM, same-named table."""
