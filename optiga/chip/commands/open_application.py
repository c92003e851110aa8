"""OpenApplication: start the chip's application, afresh or where it was left. SRM, "OpenApplication"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from optiga.chip.commands.base import Command, expect_no_data
from optiga.protocol.codes import APPLICATION_ID, HANDLE_SIZE, CommandCode, ErrorCode

_INITIALIZE = 0x00
_RESTORE = 0x01


@dataclass(eq=False, repr=False)
class OpenApplication(Command[None]):
    """Start the chip's one application. Everything else needs it open.

    :param handle: of the context to restore, 8 bytes, as
        :class:`~optiga.chip.commands.close_application.Hibernate` gave it; empty for a clean context. A saved context
        is gone afterwards in any case; after a wrong handle the application is closed.
    """

    handle: bytes = b""

    code: ClassVar[CommandCode] = CommandCode.OPEN_APPLICATION

    @property
    def param(self) -> int:
        return _RESTORE if self.handle else _INITIALIZE

    @property
    def data(self) -> bytes:
        if self.handle and len(self.handle) != HANDLE_SIZE:
            raise ValueError(f"a handle has {HANDLE_SIZE} bytes, not {len(self.handle)}")
        return APPLICATION_ID + self.handle

    def parse(self, answer: bytes) -> None:
        expect_no_data(answer)

    def hint(self, error: ErrorCode) -> str:
        # A chip tells no cause while its application is closed, as it is after a wrong handle.
        if self.handle and error in (ErrorCode.INVALID_DATA, ErrorCode.NO_ERROR):
            return "The chip has no context of that handle: one is restored once, and dropped by any other opening"
        return "The chip does not know its application: is it an OPTIGA Trust X or Trust M?"
