"""The one family of errors: what happened, to what, and what to do next.

Everything this package raises on purpose is an :class:`OptigaError`. Each branch of the family stands for one
party that can be at fault, and the command line gives each branch its own exit code.
"""

from __future__ import annotations

import re
from typing import ClassVar

_LONGEST = 200
_BEGINNING, _END = 80, 40
_LONG = rf"'[^'\n]{{{_LONGEST},}}'|\"[^\"\n]{{{_LONGEST},}}\"|\S{{{_LONGEST},}}"


def printable(text: str) -> str:
    """A text on one line of its own, with Python's escapes for what a terminal would obey, or nobody would see."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)


def shorten(text: str) -> str:
    """A message whose values are of a length that can be read: of longer ones their beginning and end.

    A value is what stands in quotes, or has no space in it; a path of common length stays whole.
    """
    return re.sub(_LONG, lambda found: f"{found[0][:_BEGINNING]}…{found[0][-_END:]}", text)


class OptigaError(Exception):
    """Something went wrong that the person or program at the other end can understand.

    :param message: what happened and to what, one sentence without the final full stop.
    :param hint: what to do next, one sentence without the final full stop; may be empty.
    :param port: the port of the board concerned, as the user would name it; empty where none is.
    :param oid: identifier of the object on the chip concerned, if one is.
    :ivar uid: the chip concerned, its unique identifier in hex; empty where none is, or nobody has asked for it.

    An error that leaves the context of an open chip has that chip's ``port`` and ``uid``.
    """

    _is_of_the_port: ClassVar[bool] = True
    """Whether the message says which port it was."""

    def __init__(self, message: str, *, hint: str = "", port: str = "", oid: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.port = port
        self.oid = oid
        self.uid = ""

    def __str__(self) -> str:
        """One line, printable whatever names and texts of others stand in it: where, what, and what to do."""
        is_named = self._is_of_the_port and self.port and not self.message.startswith(self.port)
        where = f"{self.port}: " if is_named else ""
        text = f"{where}{self.message}" + (f". {self.hint}" if self.hint else "")
        return printable(" ".join(text.splitlines()))


class ConfigurationError(OptigaError):
    """What the user asked for cannot be done as asked: configuration, arguments, files to read or write.

    :param problems: further mistakes found in the same run, one line each; the message holds the first.
    :param parameter: the parameter of the function called that the hint speaks of; empty where it speaks of none. The
        command line says which option that is.
    """

    _is_of_the_port = False

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        problems: tuple[str, ...] = (),
        oid: int | None = None,
        parameter: str = "",
    ) -> None:
        super().__init__(message, hint=hint, oid=oid)
        self.problems: tuple[str, ...] = tuple(map(printable, problems))
        self.parameter = parameter


class BoardError(OptigaError):
    """The way to the chip is at fault: port, line, bridge firmware, or the file of an emulated chip."""


class UnprovenError(BoardError):
    """The chip does not prove that it knows the host's secret, and so there is no shielded connection."""


class ChipError(OptigaError):
    """The chip refused a command.

    :param code: the chip's last error code (Solution Reference Manual, table "Error Codes"); 0 where the chip did
        not tell.
    :param name: the manual's name of that code.
    """

    def __init__(
        self, message: str, *, code: int = 0, name: str = "", hint: str = "", port: str = "", oid: int | None = None
    ) -> None:
        super().__init__(message, hint=hint, port=port, oid=oid)
        self.code = code
        self.name = name


class CertificateError(OptigaError):
    """A certificate, chain or signature is not what it must be."""


class CloudError(OptigaError):
    """A cloud service refused, failed or could not be reached."""

    _is_of_the_port = False
