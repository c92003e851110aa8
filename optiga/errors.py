"""The one family of errors: what happened, to what, and what to do next.

Everything this package raises on purpose is an :class:`OptigaError`. Each branch of the family stands for one
party that can be at fault, and the command line gives each branch its own exit code. An error's :class:`Reason` says
to programs what kind of fault it is; its message and hint say it to people.

The library names its parameters, not the options of a command line: a message or hint that speaks of a parameter is
written by :func:`naming`, and whoever shows it can put another name in the parameter's place (:func:`told`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum, unique
from typing import ClassVar

_LONGEST = 200
_BEGINNING, _END = 80, 40
_FIELD = r"\{(\w+(?:=[^{}]*)?)\}"
Call = Callable[[str, str], str]
"""What a parameter is called, given its name and, where one is written, a value for it."""
_LONG = rf"(?<!\w)'[^'\n]{{{_LONGEST},}}'(?!\w)|\"[^\"\n]{{{_LONGEST},}}\"|\S{{{_LONGEST},}}"
"""An apostrophe within a word opens no quotation."""


def printable(text: str) -> str:
    """A text on one line of its own, with Python's escapes for what a terminal would obey, or nobody would see."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)


def counted(number: int, what: str, verb: str = "") -> str:
    """A number of things: ``1 byte``, ``2 bytes``.

    :param what: one of them.
    :param verb: what many of them do, to stand behind them: ``have``, ``are``, or ``do``; empty for none.
    """
    said = f"{number} {what}" if number == 1 else f"{number} {what}s"
    if verb:
        said += f" {_OF_ONE[verb]}" if number == 1 else f" {verb}"
    return said


def capitalized(sentence: str) -> str:
    """A sentence that begins with a name that may begin one, or stand within one: ``the CA CN=x``."""
    return sentence[:1].upper() + sentence[1:]


_OF_ONE = {"have": "has", "are": "is", "do": "does"}


def shorten(text: str) -> str:
    """A message whose values are of a length that can be read: of longer ones their beginning and end.

    A value is what stands in quotes, or has no space in it; a path of common length stays whole.
    """
    return re.sub(_LONG, lambda found: f"{found[0][:_BEGINNING]}…{found[0][-_END:]}", text)


@unique
class Reason(str, Enum):
    """What kind of fault an error is about. These words stay as they are; new ones may come.

    The family (:class:`OptigaError` and below) says whose fault it is: ``denied`` of a :class:`BoardError` is a port
    that the user may not open, of a :class:`CloudError` an action that AWS does not let the credentials do.
    """

    # What was asked for
    BAD_VALUE = "bad_value"
    """A value, or what stands in a file, cannot be used: correct it."""
    MISSING = "missing"
    """Something that is needed was not given: give it."""
    CONFLICT = "conflict"
    """Things that were given do not go together, or do not go with what is there already."""
    AMBIGUOUS = "ambiguous"
    """What was given fits several things: name one of them."""
    NOT_FOUND = "not_found"
    """What was named is not there: file, object, key, certificate, policy, group …"""
    EXISTS = "exists"
    """What would be made is there already, and is not replaced."""
    WRONG_TYPE = "wrong_type"
    """What was named is of another kind than is wanted: a private key for a certificate, a folder for a file."""
    TOO_LARGE = "too_large"
    """It does not fit: into the object, the file, or what the other end takes."""
    UNSUPPORTED = "unsupported"
    """The chip's model, the board, the system or the cloud cannot do it: take another way."""
    NOT_CONFIRMED = "not_confirmed"
    """It can never be undone, and nobody has confirmed it; nothing was done."""
    # Files
    NOT_READABLE = "not_readable"
    """The file is there, and cannot be read."""
    NOT_WRITABLE = "not_writable"
    """The file cannot be written, or its folder."""
    OUT_OF_SPACE = "out_of_space"
    """The disk, or the memory of the chip, is full."""
    DAMAGED = "damaged"
    """What was read is not whole, or was changed by others: get it anew, or back from a copy."""
    UNSAFE = "unsafe"
    """Others could read or change it: file of another user, link out of its folder, line without encryption."""
    # The way to the chip
    NO_BOARD = "no_board"
    """No board is plugged in, or nothing is at that port."""
    BUSY = "busy"
    """Another program uses it: try later."""
    DENIED = "denied"
    """The right to do it is lacking: permission for a port, an object's access condition, a policy of AWS."""
    NO_ANSWER = "no_answer"
    """The port opens, and no chip answers there."""
    DISTURBED = "disturbed"
    """The line loses, damages or doubles what it carries: another cable, then the same command again."""
    DISCONNECTED = "disconnected"
    """The connection broke, or was closed: open it anew."""
    OUTCOME_UNKNOWN = "outcome_unknown"
    """A command that must not be sent twice may or may not have run: look at the object before trying again."""
    UNPROVEN = "unproven"
    """The chip does not prove that it knows the host's secret."""
    # What the other end says
    REFUSED = "refused"
    """The chip, a CA or AWS refuses it; the code of the chip or of AWS says more."""
    BAD_ANSWER = "bad_answer"
    """The answer is not one that a chip, a board or AWS gives: something else may have answered."""
    # Certificates, keys and signatures
    MISMATCH = "mismatch"
    """It belongs to another one: certificate and key, journal and chip, file and CA."""
    BAD_SIGNATURE = "bad_signature"
    """A signature does not verify: what is signed was changed, or another key signed it."""
    EXPIRED = "expired"
    """It is not valid any more, or not yet; the clock may be wrong."""
    REVOKED = "revoked"
    """The key or the certificate was revoked."""
    UNTRUSTED = "untrusted"
    """It does not lead to a root that is trusted."""
    # Clouds
    NO_CREDENTIALS = "no_credentials"
    """There are no credentials, or they are not valid: log in."""
    UNREACHABLE = "unreachable"
    """The service cannot be reached, does not answer in time, or is out of order: try later."""
    THROTTLED = "throttled"
    """The service is asked too much at once: try later."""
    # A run of the command line
    USAGE = "usage"
    """The command does not take these arguments."""
    INTERRUPTED = "interrupted"
    """Ctrl-C, SIGTERM or SIGHUP ended the run."""
    NOT_INSTALLED = "not_installed"
    """A Python package is missing."""
    UNEXPECTED = "unexpected"
    """A mistake of this program."""

    __str__ = str.__str__


class Naming(str):
    """A text that names parameters: as a text it has their names as a program writes them.

    :ivar parts: text, and parameters with or without a value, in turns; the first and the last are text.
    """

    parts: tuple[str, ...]

    def __new__(cls, *parts: str) -> Naming:
        made = super().__new__(cls, _join(parts, for_program))
        made.parts = parts
        return made

    def __getnewargs__(self) -> tuple[str, ...]:  # type: ignore[override]
        return self.parts

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the parameters, in their order."""
        return tuple(part.partition("=")[0] for part in self.parts[1::2])


def naming(template: str, /, **values: object) -> Naming:
    """A text that names parameters of the library, which a command line calls by its options.

    :param template: our own text. ``{out}`` names the parameter ``out``, unless there is a value of that name, and
        ``{port=PORT}`` the parameter ``port`` with a value: ``port=PORT`` in a program, ``--port PORT`` as an option.
    :param values: what to put into the text; texts that name parameters still do so there.
    """
    parts = [""]
    for index, part in enumerate(re.split(_FIELD, template)):
        if index % 2 and part not in values:
            parts += [part, ""]
            continue
        value = values[part] if index % 2 else part
        first, *others = value.parts if isinstance(value, Naming) else (str(value),)
        parts[-1] += first
        parts += others
    return Naming(*parts)


def told(text: str, call: Call) -> str:
    """A text with other names for the parameters that it names."""
    return _join(text.parts, call) if isinstance(text, Naming) else text


def for_program(name: str, value: str = "") -> str:
    """What a parameter is called where nobody calls it otherwise: as Python's own errors do."""
    return f"{name}={value}" if value else f"'{name}'"


def _join(parts: tuple[str, ...], call: Call) -> str:
    named = (part.partition("=") for part in parts[1::2])
    names = [call(name, value) for name, _, value in named]
    return "".join(text + name for text, name in zip(parts[::2], [*names, ""], strict=True))


def _printable(text: str) -> str:
    return Naming(*map(printable, text.parts)) if isinstance(text, Naming) else printable(text)


class OptigaError(Exception):
    """Something went wrong that the person or program at the other end can understand.

    :param message: what happened and to what, one sentence without the final full stop.
    :param hint: what to do next, one sentence without the final full stop; may be empty.
    :param port: the port of the board concerned, as the user would name it; empty where none is.
    :param oid: identifier of the object on the chip concerned, if one is.
    :param reason: what kind of fault it is; the family's most common one where it is None.
    :param parameter: the parameter of the function called that it is about; the first that message and hint name
        (:func:`naming`) where it is empty.
    :ivar uid: the chip concerned, its unique identifier in hex; empty where none is, or nobody has asked for it.
    :ivar problems: further mistakes found in the same run, one line each; the message holds the first.

    An error that leaves the context of an open chip has that chip's ``port`` and ``uid``.
    """

    _is_of_the_port: ClassVar[bool] = True
    """Whether the message says which port it was."""
    _reason: ClassVar[Reason] = Reason.UNEXPECTED
    """That of errors of which nothing else is said."""

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
        super().__init__(message)
        self.message: str = message
        self.hint: str = hint
        self.port = port
        self.oid = oid
        self.reason: Reason = reason or self._reason
        named = (name for text in (message, hint) if isinstance(text, Naming) for name in text.parameters)
        self.parameter: str = parameter or next(named, "")
        self.uid = ""
        self.problems: tuple[str, ...] = ()

    def locate(self, place: str) -> None:
        """Have the message begin with where it was: an object, a file, an option."""
        self.message = naming("{place}: {message}", place=place, message=self.message)

    def advise(self, text: str, *, first: bool = False) -> None:
        """Add one thing more to do to the hint, without the final full stop.

        :param first: whether it comes before what the hint says already.
        """
        texts = [text, self.hint] if first else [self.hint, text]
        self.hint = naming("{one}. {other}", one=texts[0], other=texts[1]) if self.hint else text

    def __str__(self) -> str:
        """One line, printable whatever names and texts of others stand in it: where, what, and what to do."""
        return self.text(for_program)

    def text(self, call: Call) -> str:
        """The line with other names for the parameters that it names."""
        message, hint = told(self.message, call), told(self.hint, call)
        is_named = self._is_of_the_port and self.port and not message.startswith(self.port)
        where = f"{self.port}: " if is_named else ""
        stop = " " if message.endswith("?") else ". "
        text = f"{where}{message}" + (f"{stop}{hint}" if hint else "")
        return printable(" ".join(text.splitlines()))


class ConfigurationError(OptigaError):
    """What the user asked for cannot be done as asked: configuration, arguments, files to read or write.

    :param problems: further mistakes found in the same run, one line each; the message holds the first.
    """

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
        super().__init__(message, hint=hint, oid=oid, reason=reason, parameter=parameter)
        self.problems: tuple[str, ...] = tuple(map(_printable, problems))


class BoardError(OptigaError):
    """The way to the chip is at fault: port, line, bridge firmware, or the file of an emulated chip."""

    _reason = Reason.NO_ANSWER


class UnprovenError(BoardError):
    """The chip does not prove that it knows the host's secret, and so there is no shielded connection."""

    _reason = Reason.UNPROVEN


class ChipError(OptigaError):
    """The chip refused a command.

    :param code: the chip's last error code (Solution Reference Manual, table "Error Codes"); 0 where the chip did
        not tell.
    :param name: the manual's name of that code.
    :param reason: that of the code where it is None.
    """

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
    """A certificate, chain or signature is not what it must be."""

    _reason = Reason.BAD_VALUE


class CloudError(OptigaError):
    """A cloud service refused, failed or could not be reached."""

    _is_of_the_port = False
    _reason = Reason.REFUSED
