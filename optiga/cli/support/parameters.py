"""The option or argument at fault, as errors in JSON name it: one that the command has, or none."""

from __future__ import annotations

import re
from collections.abc import Sequence

import click

from optiga.cli.support.options import option_of
from optiga.errors import Naming, OptigaError

_OPTION = r"(?<![\w-])--([a-z][\w-]*)"


def parameter_of(error: OptigaError, command: click.Command, arguments: Sequence[str]) -> str:
    """The option or argument of the command that ran which an error is about; empty if the command has none such.

    :param command: the command line as a whole.
    :param arguments: what it was given.
    """
    known = _names(command, arguments)
    named = [name for text in (error.message, error.hint) if isinstance(text, Naming) for name in text.parameters]
    wanted = [error.parameter, *(named if error.parameter in named else ())]
    called = [word for name in wanted if name for word in (*re.findall(_OPTION, option_of(name)), name)]
    return next((known[name] for word in called if (name := _bare(word)) in known), "")


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
