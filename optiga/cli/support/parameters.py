"""The option or argument at fault, as errors in JSON name it: one that the command has, or none."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import PurePath

import click

from optiga.cli.support.content import INPUT
from optiga.cli.support.given import parse_again
from optiga.cli.support.options import option_of
from optiga.errors import BoardError, ChipError, Naming, OptigaError, Reason, told
from optiga.files.passphrases import is_wrong_passphrase
from optiga.objects.addressing import may_mean

_OF_PLACES = (
    Reason.BAD_VALUE,
    Reason.EXISTS,
    Reason.NO_BOARD,
    Reason.NOT_FOUND,
    Reason.NOT_READABLE,
    Reason.NOT_WRITABLE,
    Reason.UNSUPPORTED,
    Reason.WRONG_TYPE,
)
"""Why the port, or the file of an emulated chip, is the wrong one: not what goes on there."""
_OF_OBJECTS = (Reason.WRONG_TYPE, Reason.NOT_FOUND, Reason.UNSUPPORTED)
"""Why another object is needed."""
_OPTION = r"(?<![\w-])--([a-z][\w-]*)"
_OF_RESULTS = ("query", "output")
"""Options whose values are words of results, which messages have, too; what is wrong with them names them."""


def parameter_of(error: OptigaError, command: click.Command, arguments: Sequence[str]) -> str:
    """The option or argument of the command that ran which an error is about; empty if the command has none such.

    :param command: the command line as a whole.
    :param arguments: what it was given.
    """
    known = _names(command, arguments)
    in_message, in_hint = (text.parameters if isinstance(text, Naming) else () for text in (error.message, error.hint))
    hinted = [error.parameter, *in_hint] if error.parameter in in_hint and error.parameter not in in_message else []
    wanted = [] if hinted else [error.parameter, *(in_message if error.parameter in in_message else ())]
    if error.reason is Reason.MISSING:
        wanted += hinted
    elif error.reason is Reason.NOT_CONFIRMED:
        wanted.append("yes")
    elif is_wrong_passphrase(error):
        return _known([*wanted, *hinted], known) or _of_passphrase(error.hint, command, arguments)
    return (
        _known(wanted, known)
        or (_of_path(error.path, command, arguments) if error.path and not isinstance(error, BoardError) else "")
        or _known(hinted, known)
        or _by_text(error, command, arguments, known)
    )


def _known(names: Sequence[str], known: Mapping[str, str]) -> str:
    """The first option or argument that the command has for parameters of the library; empty for none."""
    called = [word for name in names if name for word in (*re.findall(_OPTION, option_of(name)), name, f"{name}_path")]
    return next((known[name] for word in called if (name := _bare(word)) in known), "")


def _of_path(path: str, command: click.Command, arguments: Sequence[str]) -> str:
    """The one option or argument that was given a path, or else a folder that it is in; empty for none and several."""
    with suppress(click.ClickException):
        typed = [(value, name_of(one)) for one, value in _typed(command, arguments)]
        for place in (path, *map(str, PurePath(path).parents)):
            found = {name for value, name in typed if os.path.normpath(value) == os.path.normpath(place)}
            if found:
                return found.pop() if len(found) == 1 else ""
    return ""


def _by_text(error: OptigaError, command: click.Command, arguments: Sequence[str], known: Mapping[str, str]) -> str:
    """The option that a message names, or else the one whose value it names first; empty for none.

    What the chip says is of the chip, whatever value led there; of a board, the value is its port.
    """
    if isinstance(error, BoardError):
        of_port = error.port and (parameter_in(error.port, command, arguments) or known.get("port", ""))
        return of_port if error.reason in _OF_PLACES else ""
    if isinstance(error, ChipError) or type(error) is OptigaError:
        return ""
    found = _in_message(told(error.message, option_of), command, arguments, known)
    return found or (_of_object(error.oid, command, arguments) if error.reason in _OF_OBJECTS else "")


def _of_object(oid: int | None, command: click.Command, arguments: Sequence[str]) -> str:
    """The option or argument that names an object otherwise than messages do: ``aes``, or a slot; empty for none."""
    with suppress(click.ClickException):
        for one, value in _typed(command, arguments):
            if oid is not None and may_mean(value, oid):
                return name_of(one)
    return ""


def _in_message(message: str, command: click.Command, arguments: Sequence[str], known: Mapping[str, str]) -> str:
    named = (known[name] for option in re.findall(_OPTION, message) if (name := _bare(option)) in known)
    return next(named, "") or parameter_in(message, command, arguments) or _of_input(message, command, arguments)


def _of_input(message: str, command: click.Command, arguments: Sequence[str]) -> str:
    """The option or argument that is ``-``, if a message names standard input; empty for none."""
    if str(INPUT) in message:
        with suppress(click.ClickException):
            for _, one, given in parse_again(command, arguments):
                if found := [param for param in one.params if _is_input(given.get(param.name or ""))]:
                    return name_of(found[0])
    return ""


def _is_input(given: object) -> bool:
    return given == "-" or (isinstance(given, (list, tuple)) and "-" in given)


def _of_passphrase(hint: str, command: click.Command, arguments: Sequence[str]) -> str:
    """The option that names a passphrase's file: the hint has the file, or the variable that stands for it in help."""
    if found := parameter_in(hint, command, arguments):
        return found
    variable = re.search(r"OPTIGA_\w+", hint)
    with suppress(click.ClickException):
        *_, (_, ran, _) = parse_again(command, arguments)
        for one in ran.params:
            if variable and isinstance(one, click.Option) and variable[0] in (one.help or ""):
                return name_of(one)
    return ""


def parameter_in(message: str, command: click.Command, arguments: Sequence[str]) -> str:
    """The option or argument whose value a message names first, the longest if there are several; empty for none.

    Of several with the same value, it is the one whose own name the message has: ``passphrase_file``, of a passphrase.
    """
    found: list[tuple[int, int, bool, str]] = []
    with suppress(click.ClickException, OSError):
        message = message.replace(os.path.join(os.getcwd(), ""), "")  # noqa: PTH109, PTH118
        for one, value in _typed(command, arguments):
            if match := re.search(rf"(?<![\w./\\=-]){re.escape(value)}(?!\.?[\w/\\-])", message):
                kinds = re.sub("_(?:file|path)$", "", name_of(one)).replace("_", "|")
                is_other = not re.search(rf"(?i)\b(?:{kinds})(?:uration)?\b", message.replace(value, ""))
                found.append((match.start(), -len(value), is_other, name_of(one)))
    return min(found)[-1] if found else ""


def _typed(command: click.Command, arguments: Sequence[str]) -> Iterator[tuple[click.Parameter, str]]:
    """What was typed for which option or argument; its parts, too.

    :raises click.ClickException: if it cannot be parsed.
    """
    for _, one, given in parse_again(command, arguments):
        for param in one.params:
            if param.name in _OF_RESULTS:
                continue
            for value in _values(given.get(param.name or "")):
                yield param, value


def _values(given: object) -> Iterator[str]:
    """The texts that were typed for a parameter, the parts of those that are pairs, and the folders of paths.

    What any message may have is left out: an article, and numbers that may count anything.
    """
    for text in given if isinstance(given, (list, tuple)) else [given]:
        if isinstance(text, str):
            pair = re.split(r"=|: ", text, maxsplit=1)
            folder = os.path.dirname(text)  # noqa: PTH120 - a URL is no path
            yield from (one for one in (text, *pair) if not re.fullmatch(r"a|-?|\d{1,2}", one))
            yield from [folder] if folder.strip("/.") else []


def parameter_of_usage(error: click.ClickException, command: click.Command, arguments: Sequence[str]) -> str:
    """The option or argument that a refusal of the command line is about; empty if it is about none of them."""
    param: click.Parameter | None = getattr(error, "param", None)
    if param is not None or isinstance(error, click.NoSuchOption):
        return name_of(param)
    if isinstance(error, click.BadOptionUsage):
        return _names(command, arguments).get(_bare(error.option_name.lstrip("-")), "")
    known, typed = _names(command, arguments), {_bare(word.partition("=")[0].lstrip("-")) for word in arguments}
    if lacks(error):
        absent = {
            known.get(_bare(option)) for option in re.findall(_OPTION, error.message) if _bare(option) not in typed
        }
        if len(absent) == 1 and (only := absent.pop()):
            return only
    said = error.message.partition(" Did you mean ")[0]  # what is meant has options, too, of which none is at fault
    return _in_message(said, command, arguments, {name: known[name] for name in known.keys() & typed})


def lacks(error: click.ClickException) -> bool:
    """Whether a refusal of the command line is about what is missing, alone or beside what was given."""
    is_general = type(error) is click.UsageError
    return isinstance(error, click.MissingParameter) or (is_general and bool(re.search(r" requires? ", error.message)))


def name_of(param: click.Parameter | None) -> str:
    """What an option or argument is called in JSON: ``thing_type`` is ``--thing-type``; empty for none."""
    if isinstance(param, click.Option):
        return _bare(max(param.opts, key=len).lstrip("-"))
    return "" if param is None else param.name or ""


def _names(command: click.Command, arguments: Sequence[str]) -> dict[str, str]:
    """What the options and arguments of the command that ran are called, by all their names."""
    words = {word.partition("=")[0] for word in arguments}
    typed = [one for one in command.params if words & set(one.opts)]
    context = click.Context(command)
    for word in arguments:
        below = command.get_command(context, word) if isinstance(command, click.Group) else None
        if below is not None:
            command, context = below, click.Context(below, parent=context)
    found: dict[str, str] = {}
    for one in (*command.params, *typed):
        for name in (*(opt.lstrip("-") for opt in one.opts), one.name or ""):
            found.setdefault(_bare(name), name_of(one))
    return found


def _bare(word: str) -> str:
    return word.replace("-", "_")
