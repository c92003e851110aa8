"""The one family of errors: what happened, to what, and what to do next.

Every error that this package raises on purpose is an :class:`OptigaError`. Each subclass stands for one part that can
be at fault, and has its own exit code on the command line. The :class:`Reason` of an error tells programs the kind of
fault; its message and hint tell people.

The library names its parameters, not the options of a command line: see :mod:`optiga.naming`.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, unique
from typing import ClassVar

from optiga.naming import (
    COMMAND,
    Call,
    Naming,
    capitalized,
    counted,
    for_program,
    naming,
    printable,
    shorten,
    shorten_value,
    told,
)

__all__ = [
    "BoardError",
    "Call",
    "CertificateError",
    "ChipError",
    "ClosedError",
    "CloudError",
    "ConfigurationError",
    "Naming",
    "OptigaError",
    "Reason",
    "UnprovenError",
    "UnsavedError",
    "capitalized",
    "counted",
    "for_program",
    "naming",
    "printable",
    "shorten",
    "shorten_value",
    "told",
]


@unique
class Reason(str, Enum):
    """The kind of fault. Later versions may add reasons, but do not change or remove any.

    The family (:class:`OptigaError` and its subclasses) shows which part is at fault: ``denied`` in a
    :class:`BoardError` is a port that the user may not open, in a :class:`CloudError` an action that AWS does not
    allow with these credentials.
    """

    # What was asked for
    BAD_VALUE = "bad_value"
    """A value, or the content of a file, is not valid."""
    MISSING = "missing"
    """A required value is missing."""
    CONFLICT = "conflict"
    """Values contradict each other, or contradict what exists already."""
    AMBIGUOUS = "ambiguous"
    """The value matches more than one item."""
    NOT_FOUND = "not_found"
    """The named item does not exist: file, folder, object, key, certificate, policy, group …"""
    EXISTS = "exists"
    """The item exists already and is not replaced."""
    WRONG_TYPE = "wrong_type"
    """The item has the wrong type: a private key instead of a certificate, a folder instead of a file …"""
    TOO_LARGE = "too_large"
    """The data do not fit into the object or file, or are longer than the receiver accepts."""
    UNSUPPORTED = "unsupported"
    """The chip model, board, system or cloud does not support this."""
    NOT_CONFIRMED = "not_confirmed"
    """The action can never be undone and was not confirmed. Nothing was done."""
    # Files
    NOT_READABLE = "not_readable"
    """The file exists but cannot be read."""
    NOT_WRITABLE = "not_writable"
    """The file cannot be written, or its folder cannot."""
    OUT_OF_SPACE = "out_of_space"
    """The disk, or the memory of the chip, is full."""
    DAMAGED = "damaged"
    """The data are incomplete, or were changed by someone else."""
    UNSAFE = "unsafe"
    """Other users could read or change it: file of another user, link out of its folder, line without encryption."""
    # The way to the chip
    NO_BOARD = "no_board"
    """No board is connected, or nothing is at the port."""
    BUSY = "busy"
    """Another program is using it."""
    DENIED = "denied"
    """Permission is missing: for a port, by an object's access condition, or in an AWS policy."""
    NO_ANSWER = "no_answer"
    """The port opens, but no chip answers."""
    DISTURBED = "disturbed"
    """The line loses, damages or duplicates bytes."""
    DISCONNECTED = "disconnected"
    """The connection broke, the chip was reset, or the chip, journal or CA was closed."""
    OUTCOME_UNKNOWN = "outcome_unknown"
    """A command that must not be sent twice may or may not have run."""
    UNPROVEN = "unproven"
    """The chip does not prove that it has the host's secret."""
    # What the other end says
    REFUSED = "refused"
    """The chip, a CA or AWS refused the request; the error code of the chip or of AWS says why."""
    BAD_ANSWER = "bad_answer"
    """The answer is not valid for a chip, a board or AWS. Something else may have answered."""
    # Certificates, keys and signatures
    MISMATCH = "mismatch"
    """Two items do not belong together: certificate and key, journal and chip, file and CA, passphrase and key."""
    BAD_SIGNATURE = "bad_signature"
    """A signature is not valid: the signed data were changed, or another key signed them."""
    EXPIRED = "expired"
    """It is no longer valid, or not valid yet. The clock may be wrong."""
    REVOKED = "revoked"
    """The key or the certificate was revoked."""
    UNTRUSTED = "untrusted"
    """The certificate does not chain to a trusted root."""
    # Clouds
    NO_CREDENTIALS = "no_credentials"
    """There are no credentials, or they are not valid."""
    UNREACHABLE = "unreachable"
    """The service cannot be reached, does not answer in time, or is out of order."""
    THROTTLED = "throttled"
    """The service gets too many requests."""
    # A run of the command line
    USAGE = "usage"
    """The command line is not valid."""
    INTERRUPTED = "interrupted"
    """Ctrl-C, SIGTERM or SIGHUP ended the run."""
    NOT_INSTALLED = "not_installed"
    """A Python package is missing."""
    UNEXPECTED = "unexpected"
    """A bug in this program."""

    __str__ = str.__str__


_OF_STATE = {
    Reason.BAD_ANSWER,
    Reason.DAMAGED,
    Reason.DENIED,
    Reason.EXPIRED,
    Reason.MISMATCH,
    Reason.REVOKED,
    Reason.TOO_LARGE,
    Reason.UNREACHABLE,
}
"""Reasons of what is there, not of what was asked for: a parameter in the hint is another way, not the one at fault."""


def _printable(text: str) -> str:
    return Naming(*map(printable, text.parts)) if isinstance(text, Naming) else printable(text)


_TYPES: dict[str, tuple[type, ...]] = {
    "call": (Callable,),  # type: ignore[dict-item]  # a class of those that can be called
    "code": (int,),
    "first": (bool,),
    "oid": (int, type(None)),
    "problems": (tuple,),
    "reason": (Reason, type(None)),
}
"""Types of the arguments of errors that are no text."""


def _check(**arguments: object) -> None:
    """Refuse arguments of another type. This module imports nothing of the package, :mod:`.arguments` neither.

    :raises TypeError: for the first that is wrong.
    """
    for name, value in arguments.items():
        kinds = _TYPES.get(name, (str,))
        if not isinstance(value, kinds):
            wanted = " | ".join("None" if kind is type(None) else kind.__name__ for kind in kinds)
            what = "None" if value is None else type(value).__name__
            raise TypeError(f"an error's {name} must be {wanted}, not {what}")


class OptigaError(Exception):
    """Base class of all errors of this package.

    :param message: what happened and to what, one sentence without the final full stop.
    :param hint: what to do next, one sentence without the final full stop; may be empty.
    :param port: port of the board, as the user names it; empty if the error concerns no board.
    :param oid: OID of the object on the chip; None if the error concerns no object.
    :param reason: kind of fault; None for the most common reason of the family.
    :param parameter: the parameter at fault of the called function; if empty, the first parameter that the message
        names (:func:`naming`), or else the hint, unless the hint names only another way.
    :cvar exit_code: exit code of the command line for the family, also for your own scripts.
    :ivar path: path of the file or folder that the error is about; empty if it is about none.
    :ivar uid: UID of the chip in hex; empty if the error concerns no chip, or if its UID was not read.
    :ivar problems: further mistakes found in the same run, one line each; the message holds the first.

    An error that leaves the ``with`` block of an open chip has that chip's ``port`` and ``uid``.
    """

    exit_code: ClassVar[int] = 1
    _is_of_the_port: ClassVar[bool] = True
    """Whether the text of the error starts with the port."""
    _reason: ClassVar[Reason] = Reason.UNEXPECTED
    """The reason of an error that is raised without one."""

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        port: str = "",
        oid: int | None = None,
        reason: Reason | None = None,
        parameter: str = "",
    ) -> None:
        _check(message=message, hint=hint, port=port, oid=oid, reason=reason, parameter=parameter)
        super().__init__(message)
        self.message: str = message
        self.hint: str = hint
        self.port = port
        self.oid = oid
        self.reason: Reason = reason or self._reason
        texts = [message] if self.reason in _OF_STATE else [message, hint]
        named = (name for text in texts if isinstance(text, Naming) for name in text.parameters)
        self.parameter: str = parameter or next(named, "")
        self.path = ""
        self.uid = ""
        self.problems: tuple[str, ...] = ()

    def locate(self, place: str) -> None:
        """Put the place of the fault in front of the message: an object, a file, an option."""
        _check(place=place)
        self.message = naming("{place}: {message}", place=place, message=self.message)

    def advise(self, text: str, *, first: bool = False) -> None:
        """Add a sentence to the hint, without the final full stop.

        :param first: put the sentence before the present hint.
        """
        _check(text=text, first=first)
        if self.hint and self.hint.replace(COMMAND, "'") in text.replace(COMMAND, "'"):  # perhaps told already
            self.hint = text
            return
        texts = [text, self.hint] if first else [self.hint, text]
        self.hint = naming("{one}. {other}", one=texts[0], other=texts[1]) if self.hint else text

    def __str__(self) -> str:
        """One printable line: where, what happened, and what to do (:meth:`text`). Control characters are escaped."""
        return self.text(for_program)

    def text(self, call: Call) -> str:
        """The line, with each parameter replaced by what ``call`` returns for it. Long values are shortened."""
        _check(call=call)
        port = shorten_value(self.port)
        message, hint = told(self.message, call), told(self.hint, call)
        if port != self.port:  # which may have spaces
            message, hint = message.replace(self.port, port), hint.replace(self.port, port)
        is_named = self._is_of_the_port and port and not message.startswith(port)
        where = f"{port}: " if is_named else ""
        stop = " " if message.endswith("?") else ". "
        text = f"{where}{message}" + (f"{stop}{hint}" if hint else "")
        return printable(shorten(" ".join(text.splitlines())))


class ConfigurationError(OptigaError):
    """The request cannot be carried out: configuration, arguments, files to read or write, missing packages.

    :param problems: further mistakes found in the same run, one line each; the message holds the first.
    """

    exit_code = 2
    _is_of_the_port = False
    _reason = Reason.BAD_VALUE

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        problems: tuple[str, ...] = (),
        oid: int | None = None,
        reason: Reason | None = None,
        parameter: str = "",
    ) -> None:
        _check(problems=problems)
        super().__init__(message, hint=hint, oid=oid, reason=reason, parameter=parameter)
        self.problems: tuple[str, ...] = tuple(map(_printable, problems))


class BoardError(OptigaError):
    """The connection to the chip is at fault: port, line, bridge firmware, or the file of an emulated chip."""

    exit_code = 3
    _reason = Reason.NO_ANSWER


class UnprovenError(BoardError):
    """The chip does not prove that it has the host's secret: no shielded connection is possible."""

    _reason = Reason.UNPROVEN


class ClosedError(BoardError):
    """The chip was closed before: nothing was sent to it."""

    _reason = Reason.DISCONNECTED


class UnsavedError(BoardError):
    """The file of an emulated chip cannot be written: the chip has not executed the command.

    The command line and programs know it as a :class:`BoardError`.
    """

    _reason = Reason.NOT_WRITABLE


class ChipError(OptigaError):
    """The chip refused a command.

    :param code: the chip's last error code (Solution Reference Manual, table "Error Codes"); 0 if it is not known.
    :param name: the manual's name of that code.
    :param reason: kind of fault; None for the reason that fits the code.
    """

    exit_code = 4
    _reason = Reason.REFUSED

    def __init__(
        self,
        message: str,
        *,
        code: int = 0,
        name: str = "",
        hint: str = "",
        port: str = "",
        oid: int | None = None,
        reason: Reason | None = None,
    ) -> None:
        _check(code=code, name=name, reason=reason)
        super().__init__(message, hint=hint, port=port, oid=oid, reason=reason or _REASONS_OF_CODES.get(code))
        self.code = code
        self.name = name


_REASONS_OF_CODES = {
    0x01: Reason.NOT_FOUND,  # invalid OID
    0x07: Reason.DENIED,  # access conditions not satisfied
    0x08: Reason.TOO_LARGE,  # data object boundary exceeded
    0x0D: Reason.OUT_OF_SPACE,  # insufficient buffer or memory
    0x2C: Reason.BAD_SIGNATURE,  # signature verification failure
    0x2F: Reason.DENIED,  # authorization failure
}
"""What the chip's error codes (SRM, table "Error Codes") mean to a program; the others are plain refusals."""


class CertificateError(OptigaError):
    """A certificate, chain, CSR or signature is not valid, or does not belong to the key or chip."""

    exit_code = 5
    _reason = Reason.BAD_VALUE


class CloudError(OptigaError):
    """A cloud service refused a request, failed, or could not be reached."""

    exit_code = 6
    _is_of_the_port = False
    _reason = Reason.REFUSED
