"""What each command of the chip is to the host: a value that encodes itself, says what it is, and parses its answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Generic, TypeVar

from optiga.errors import counted
from optiga.protocol import apdu
from optiga.protocol.codes import CommandCode, ErrorCode
from optiga.protocol.request import Request, Returns, Traits, longest_ms
from optiga.values import Value

T = TypeVar("T")

DENIES = "access condition does not allow"
"""In hints that say no more; the object's metadata tell which condition it is, and why."""


class Command(Value, ABC, Generic[T]):
    """One command with its arguments.

    A subclass is a frozen dataclass in the file of its command, made with :func:`optiga.values.frozen`. It names its
    ``code``, gives ``param``, ``data`` and ``traits``, and turns the data of the chip's answer into a value of type
    ``T``.
    """

    __slots__ = ()

    code: ClassVar[CommandCode]
    clears_last_error: ClassVar[bool] = True
    """Whether the chip forgets its last error code before it looks at the command."""

    @property
    def target(self) -> int | None:
        """The object that the command is about, for messages: its field ``oid``, None where it has none."""
        return getattr(self, "oid", None)

    @property
    def condition(self) -> str:
        """The access condition of its object that the chip asks for: ``read``, ``change`` or ``execute``; empty if
        another rule decides.
        """
        return "execute"

    @property
    def param(self) -> int:
        """Value of the Param field."""
        return 0

    @property
    def data(self) -> bytes:
        """Value of the InData field."""
        return b""

    @property
    @abstractmethod
    def traits(self) -> Traits:
        """What whoever carries the command has to know of it."""

    @abstractmethod
    def parse(self, answer: bytes) -> T:
        """The result, from the OutData field of an answer without error.

        :raises ValueError: if that is not what the manual says.
        """

    def hint(self, error: ErrorCode) -> str:  # noqa: ARG002 - for subclasses
        """What to do about an error of the chip in the case of this command; empty where only the general hint fits."""
        return ""

    def apdu(self) -> bytes:
        """The whole command APDU."""
        return apdu.encode_command(self.code, self.param, self.data, clear_last_error=self.clears_last_error)

    def request(self) -> Request:
        """The command as it travels.

        :raises ValueError: if its arguments fit no command.
        """
        return Request(self.apdu(), self.traits)


def expect_no_data(answer: bytes) -> None:
    """Check that a command which returns nothing returned nothing.

    :raises ValueError: if it did.
    """
    if answer:
        raise ValueError(f"{counted(len(answer), 'byte')} instead of none")


def secret_traits(typical_ms: float, source: int, session: int | None, *, hides_answer: bool = True) -> Traits:
    """Traits of a command that makes a secret out of what is in an object or session.

    :param source: identifier of the object or session.
    :param session: identifier of the session that takes the secret; None where it is given out.
    """
    return Traits(
        Returns.DATA if session is None else Returns.NOTHING,
        typical_ms,
        longest_ms(typical_ms),
        is_repeatable=session != source,  # a secret that goes where its source is leaves none for a second time
        hides_answer=hides_answer,
    )
