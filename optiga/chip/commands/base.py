"""What every command of the chip is to the host: a small value that encodes itself and parses its answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Generic, TypeVar

from optiga.protocol import apdu
from optiga.protocol.codes import CommandCode, ErrorCode
from optiga.protocol.observed import request_of
from optiga.protocol.request import Request

T = TypeVar("T")


class Command(ABC, Generic[T]):
    """One command with its arguments.

    A subclass is a small dataclass in a file of its own. It names its ``code``, gives ``param`` and ``data``, and
    turns the data of the chip's answer into a value of type ``T``.
    """

    code: ClassVar[CommandCode]

    @property
    def target(self) -> int | None:
        """The object that the command is about, for messages: its field ``oid``, None where it has none."""
        return getattr(self, "oid", None)

    @property
    def param(self) -> int:
        """Value of the Param field."""
        return 0

    @property
    def data(self) -> bytes:
        """Value of the InData field."""
        return b""

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
        return apdu.encode_command(self.code, self.param, self.data)

    def request(self) -> Request:
        """The command as it travels.

        :raises ValueError: if its arguments fit no command.
        """
        return request_of(self.apdu())


def expect_no_data(answer: bytes) -> None:
    """Check that a command which returns nothing returned nothing.

    :raises ValueError: if it did.
    """
    if answer:
        raise ValueError(f"{len(answer)} bytes where none belong")
