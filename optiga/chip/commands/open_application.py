"""OpenApplication: start the chip's application, afresh or where it was left. SRM, "OpenApplication"."""

from __future__ import annotations

from typing import ClassVar

from optiga.chip.commands.base import Command, expect_no_data
from optiga.protocol.codes import APPLICATION_ID, CommandCode, ErrorCode
from optiga.protocol.commands.open_application import HANDLE_SIZE, PARAM_INITIALIZE, PARAM_RESTORE, TYPICAL_MS
from optiga.protocol.request import Returns, Traits, longest_ms
from optiga.values import frozen


@frozen
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
        return PARAM_RESTORE if self.handle else PARAM_INITIALIZE

    @property
    def data(self) -> bytes:
        if self.handle and len(self.handle) != HANDLE_SIZE:
            raise ValueError(f"a handle has {HANDLE_SIZE} bytes, not {len(self.handle)}")
        return APPLICATION_ID + self.handle

    @property
    def secrets(self) -> tuple[str, ...]:
        return ("handle",)  # which is as good as the context

    @property
    def traits(self) -> Traits:
        restores = bool(self.handle)  # what a second opening would find gone
        return Traits(
            Returns.NOTHING,
            TYPICAL_MS,
            longest_ms(TYPICAL_MS),
            is_repeatable=not restores,
            hides_command=restores,
        )

    def parse(self, answer: bytes) -> None:
        expect_no_data(answer)

    def hint(self, error: ErrorCode) -> str:
        # A chip tells no cause while its application is closed, as it is after a wrong handle.
        if self.handle and error in (ErrorCode.INVALID_DATA, ErrorCode.NO_ERROR):
            return (
                "The chip has no context with this handle: a context can be restored only once, and any "
                "other opening deletes it"
            )
        return "The chip does not have the application: check that it is an OPTIGA Trust X or Trust M"
