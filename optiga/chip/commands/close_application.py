"""CloseApplication: end the chip's application, with its context saved or not. SRM, "CloseApplication"."""

from __future__ import annotations

from typing import ClassVar

from optiga.chip.commands.base import Command, expect_no_data
from optiga.errors import counted
from optiga.protocol.codes import CommandCode, ErrorCode
from optiga.protocol.commands.close_application import PARAM_CLOSE, PARAM_HIBERNATE, TYPICAL_MS
from optiga.protocol.commands.open_application import HANDLE_SIZE
from optiga.protocol.request import Returns, Traits, longest_ms
from optiga.values import frozen


@frozen
class CloseApplication(Command[None]):
    """End the application; its context is not saved."""

    code: ClassVar[CommandCode] = CommandCode.CLOSE_APPLICATION
    param: ClassVar[int] = PARAM_CLOSE
    traits: ClassVar[Traits] = Traits(Returns.NOTHING, TYPICAL_MS, longest_ms(TYPICAL_MS))

    def parse(self, answer: bytes) -> None:
        expect_no_data(answer)


@frozen
class Hibernate(Command[bytes]):
    """End the application and have the chip keep its context: sessions, authorizations, security status.

    The result is a handle, 8 random bytes, by which
    :class:`~optiga.chip.commands.open_application.OpenApplication` restores the context once, even if the chip has been
    without power in between. It is as good as the context: whoever has it can use what the sessions hold.
    """

    code: ClassVar[CommandCode] = CommandCode.CLOSE_APPLICATION
    param: ClassVar[int] = PARAM_HIBERNATE
    traits: ClassVar[Traits] = Traits(
        Returns.DATA, TYPICAL_MS, longest_ms(TYPICAL_MS), is_repeatable=False, hides_answer=True
    )

    def parse(self, answer: bytes) -> bytes:
        if len(answer) != HANDLE_SIZE:
            raise ValueError(f"a handle of {counted(len(answer), 'byte')} instead of {HANDLE_SIZE}")
        return answer

    def hint(self, error: ErrorCode) -> str:
        if error == ErrorCode.COMMAND_OUT_OF_SEQUENCE:
            return (
                "The chip keeps a context only while its security event counter (0xE0C5) is 0: the counter "
                "decreases by 1 every 5 seconds while no key is used"
            )
        return ""
