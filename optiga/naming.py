"""The texts of messages, and the parameters and commands in them: as Python has them, or as the command line has them.

The library names its parameters, not the options of a command line. :func:`naming` writes a message or hint that names
a parameter, and :func:`told` replaces the parameter with another name, such as an option. A command is written whole,
:data:`COMMAND` in front, so that it can be run from a shell; on the command line it is named without that.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable

COMMAND = "'python -m optiga "
"""What a quoted command begins with in texts of the library."""
PHRASES = {
    "again.call": ("call the function again", "run the same command again"),
    "again.open": ("open the chip again", "run the command again"),
}
"""What a program does, and what a person at the command line: ``{again.call}`` in a text of :func:`naming`."""
_FIELD = r"\{([\w.]+(?:=[^{}]*)?)\}"
_NOT_QUOTED = r"[\"'`$!%]" if os.name == "nt" else r"[\"'`$\\!]"
"""What a shell also reads between double quotes, or that ends the message's own: no command is completed with it."""
_IS_OF_COMMAND = r"[^']*(?:' with (?:[^.;']|\.(?! ))*)?"
"""What is between the beginning of a command and its parameter: in it, or behind it and ``with`` in its sentence."""
_AS_IT_IS = r"[\w+:./\\~-]+" if os.name == "nt" else r"[\w@%+=:,./-]+"
"""A word that no shell of the system takes for anything else."""
_LONGEST = 200
_BEGINNING, _END = 80, 40
_LONG = rf"(?<!\w)'[^'\n]{{{_LONGEST},}}'(?!\w)|\"[^\"\n]{{{_LONGEST},}}\"|\S{{{_LONGEST},}}"
"""A long value; an apostrophe within a word opens no quotation."""
_OF_ONE = {"have": "has", "are": "is", "do": "does"}
_NO_TEXT = r"True|False|None|\d+|0x[0-9A-F]+|[A-Z_:=]+"
"""A value that Python needs no quotes for, and what stands for a value of the reader's."""
Call = Callable[[str, str], str]
"""What a parameter is called, given its name and, where one is written, a value for it."""


class Naming(str):
    """A text that names parameters, printed with their names in Python.

    :ivar parts: text and parameters (with or without a value) in turns; the first and the last part are text.
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
        """The names of the parameters, in their order; names of functions have a dot and are none."""
        return tuple(name for part in self.parts[1::2] if "." not in (name := part.partition("=")[0]))


def naming(template: str, /, **values: object) -> Naming:
    """Make a text that names parameters of the library. The command line shows its options instead.

    :param template: our own text. ``{out}`` names the parameter ``out``, unless ``values`` has that name.
        ``{port=PORT}`` names the parameter ``port`` with a value: ``port=PORT`` in a program, ``--port PORT`` as an
        option. ``{chip.write}`` names a function, in whose place the command line shows its command.
    :param values: values to insert; a value that names parameters itself still does so in the new text.
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


def in_command(word: str, otherwise: str = "") -> str:
    """A word as a command in a message has it, so that the command can be pasted into a shell: in double quotes if it
    needs quotes, which POSIX shells, cmd and PowerShell have.

    :param otherwise: what stands in place of a word that cannot be quoted for all of them.
    """
    if not word or not word.isprintable() or re.search(_NOT_QUOTED, word):
        return otherwise
    return word if re.fullmatch(_AS_IT_IS, word) else f'"{word}"'


def pip_install(*words: str) -> str:
    """The command that installs packages for the Python that runs, as a message has it."""
    return " ".join([in_command(sys.executable, "python"), "-m pip install", *words])


def told(text: str, call: Call) -> str:
    """Replace the parameters in a text with what ``call`` returns for each."""
    text = _join(text.parts, call) if isinstance(text, Naming) else text
    return text if call is for_program else text.replace(COMMAND, "'")


def replaced(text: str, old: str, new: str) -> str:
    """A text with other words in place of some of its own; the parameters that it names stay."""
    return (
        type(text)(*(part.replace(old, new) for part in text.parts))
        if isinstance(text, Naming)
        else text.replace(old, new)
    )


def for_program(name: str, value: str = "") -> str:
    """A parameter as Python's own errors show it."""
    if name in PHRASES:
        return PHRASES[name][0]
    if not value:
        return f"'{name}'"
    return f"{name}={value if re.fullmatch(_NO_TEXT, value) else repr(value)}"


def _join(parts: tuple[str, ...], call: Call) -> str:
    text = parts[0]
    for named, after in zip(parts[1::2], parts[2::2], strict=True):
        name, _, value = named.partition("=")
        # Of a command, a shell takes only its options.
        is_of_command = (
            call is for_program
            and COMMAND in text
            and "." not in name
            and re.fullmatch(_IS_OF_COMMAND, text.rpartition(COMMAND)[2])
        )
        option = f"--{name.replace('_', '-')}"
        text += ((f"{option} {value}" if value else option) if is_of_command else call(name, value)) + after
    return text


def printable(text: str) -> str:
    """Escape control characters and invisible characters of a text, as Python does: one printable line."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)


def counted(number: int, what: str, verb: str = "") -> str:
    """A number with its noun: ``1 byte``, ``2 bytes``.

    :param what: the noun in the singular.
    :param verb: a verb in the plural to put behind the noun: ``have``, ``are`` or ``do``; empty for none.
    """
    said = f"{number} {what}" if number == 1 else f"{number} {what}s"
    if verb:
        said += f" {_OF_ONE[verb]}" if number == 1 else f" {verb}"
    return said


def capitalized(sentence: str) -> str:
    """A sentence with a capital first letter."""
    return sentence[:1].upper() + sentence[1:]


def shorten(text: str) -> str:
    """Shorten long values in a message to their beginning and end.

    A value is a text in quotes, or a text without spaces. A path of usual length is not shortened.
    """
    return re.sub(_LONG, lambda found: shorten_value(found[0]), text) if len(text) >= _LONGEST else text


def shorten_value(value: str) -> str:
    """A value in a message: its beginning and end, if it is long."""
    return value if len(value) < _LONGEST else f"{value[:_BEGINNING]}…{value[-_END:]}"
