"""OpenApplication and CloseApplication. SRM, sections of the same names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from optiga.chip.commands.base import Command, expect_no_data
from optiga.protocol.codes import APPLICATION_ID, CommandCode, ErrorCode


@dataclass(eq=False, repr=False)
class OpenApplication(Command[None]):
    """Start the chip's one application with a clean context. Everything else needs it open."""

    code: ClassVar[CommandCode] = CommandCode.OPEN_APPLICATION

    @property
    def data(self) -> bytes:
        return APPLICATION_ID

    def parse(self, answer: bytes) -> None:
        expect_no_data(answer)

    def hint(self, error: ErrorCode) -> str:  # noqa: ARG002
        return "The chip does not know its application: is it an OPTIGA Trust X or Trust M?"


@dataclass(eq=False, repr=False)
class CloseApplication(Command[None]):
    """End the application; its context is not saved."""

    code: ClassVar[CommandCode] = CommandCode.CLOSE_APPLICATION

    def parse(self, answer: bytes) -> None:
        expect_no_data(answer)
