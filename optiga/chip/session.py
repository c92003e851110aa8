"""What the parts of a chip's host need of an open chip, so that none of them need know the whole."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from optiga.chip.commands.base import Command
    from optiga.protocol.codes import CommandCode
    from optiga.protocol.uid import Uid

T = TypeVar("T")


class Session(Protocol):
    """An open chip, as :class:`~optiga.chip.chip.Chip` is one."""

    @property
    def turn(self) -> AbstractContextManager[bool]:
        """Held by the thread that uses the chip."""
        ...

    @property
    def port(self) -> str:
        """How the user names the chip's board, for messages."""
        ...

    @property
    def uid(self) -> Uid:
        """The chip's unique identifier. One exchange the first time."""
        ...

    def execute(self, command: Command[T]) -> T:
        """Send a command and return its result. One exchange; on an error of the chip a second one asks for the cause.

        :raises ConfigurationError: if its arguments fit no command.
        :raises ChipError: if the chip refuses the command or answers against the manual.
        :raises BoardError: if the line fails.
        """
        ...

    def perform(self, command: Command[T]) -> T:
        """Like :meth:`execute`, but what the chip's model does not have is refused by name before the chip is asked."""
        ...

    def require(self, code: CommandCode, param: int) -> None:
        """Make sure that the chip's model has a command with a value of its Param field.

        :raises ConfigurationError: if it does not have it; the chip is not asked then.
        """
        ...
