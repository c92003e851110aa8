"""A request to a chip: a command APDU with its traits, so that no layer guesses them from the bytes.

The time of each command is in :mod:`optiga.protocol.commands`.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, IntFlag

from optiga.protocol import apdu as _apdu
from optiga.values import Value, frozen

SECURITY_DELAY_MS = 5000
"""Longest delay that the chip's security monitor puts on the use of a key (tmax)."""


def longest_ms(typical_ms: float) -> float:
    """How long the chip may work on a command before it must be taken for lost, in milliseconds.

    :param typical_ms: how long it works on the command when nothing delays it.
    """
    return SECURITY_DELAY_MS + 3 * typical_ms


class Protection(IntFlag):
    """Which of a command and its answer a shielded connection encrypts and authenticates. I2C Protocol, section 6."""

    NONE = 0
    COMMAND = 1
    ANSWER = 2
    BOTH = 3


class Returns(Enum):
    """What an answer without error brings."""

    NOTHING = "nothing"
    DATA = "data"
    EITHER = "either"
    MOSTLY_DATA = "mostly data"
    """As :attr:`EITHER`; but an answer without data is more likely one to another command."""


@frozen
class Traits(Value):
    """What a command says of itself to whoever carries it.

    :param returns: what its answer brings, so that an answer to another command is not taken for its own.
    :param typical_ms: how long the chip works on it when nothing delays it, in milliseconds.
    :param longest_ms: how long the chip may work on it before it must be taken for lost, in milliseconds.
    :param is_repeatable: whether it may be sent again when its answer was lost.
    :param hides_command: whether the APDU carries a secret, so that no log may show it.
    :param hides_answer: whether the answer may carry a secret.
    :param least_ms: how long the chip works at the least, where only the chip knows how much it has to say; None where
        that is ``typical_ms``.
    """

    returns: Returns
    typical_ms: float
    longest_ms: float
    is_repeatable: bool = True
    hides_command: bool = False
    hides_answer: bool = False
    least_ms: float | None = None

    @property
    def expected_ms(self) -> float:
        """When the answer may be there, in milliseconds: before that, it is of no use to look."""
        return self.typical_ms if self.least_ms is None else self.least_ms


@frozen
class Request(Value):
    """A command APDU on its way to a chip.

    :param apdu: its bytes; not printed where they carry a secret.
    :param meanwhile: what its sender could do while the chip works; a way to the chip that waits has it done, others
        need not. Whatever it raises is dropped.
    :param title: what it does, for messages, for example ``count 0xE120``; empty where nobody has said it.
    """

    apdu: bytes
    traits: Traits
    meanwhile: Callable[[], object] | None = None
    title: str = ""

    def __repr__(self) -> str:
        shown = f"({len(self.apdu)} bytes with a secret)" if self.traits.hides_command else self.apdu.hex()
        return f"Request({shown}, {self.traits})"

    @property
    def name(self) -> str:
        """The command for messages: by its title, else by its code."""
        return f"the command {self.title!r}" if self.title else f"command 0x{_apdu.command_code(self.apdu):02x}"

    def is_answered_by(self, answer: bytes) -> bool:
        """Whether an answer APDU can be one to this command, judged by whether it carries data.

        Finds the answer that was still on its way to somebody who asked before.
        """
        try:
            parsed = _apdu.decode_answer(answer)
        except ValueError:
            return False
        if not parsed.ok:
            return not parsed.data
        returns = self.traits.returns
        if returns in (Returns.EITHER, Returns.MOSTLY_DATA):
            return True
        return (returns is Returns.DATA) == bool(parsed.data)

    def is_surely_answered_by(self, answer: bytes) -> bool:
        """Whether an answer APDU can be believed to be one to this command without hearing anything else.

        An object may be empty, but an empty answer to a read is more likely one to somebody's write before.
        """
        is_empty = len(answer) == _apdu.HEADER_SIZE and answer[0] == _apdu.STATUS_OK
        return self.is_answered_by(answer) and not (is_empty and self.traits.returns is Returns.MOSTLY_DATA)
