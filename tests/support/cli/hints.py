"""Options that messages name: those of the command at hand, or of one that is named beside them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import click

from optiga.cli.app import app

_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
_EVERYWHERE = ("--port", "--query", "--output", "--csr", "--write", "--read")
"""What may stand before every command, and the jobs of the command as a whole."""
_BESIDE = re.compile(r"(?<!\w)'[^']*'( with --[a-z-]+( and --[a-z-]+)*)?|in use by process .*?\)")
"""Commands in quotes, with the options that are said to be theirs; and the command lines of other processes."""


def strange_options(arguments: Sequence[str], said: str) -> list[str]:
    """The options in what a command has said that it does not have, nor the command as a whole.

    :param arguments: its command line; what stands there may be spoken of.
    :param said: its standard error, in lines for people.
    """
    command: click.Command = app
    context = click.Context(app)
    known = set(_EVERYWHERE)
    for word in arguments:
        below = command.get_command(context, word) if isinstance(command, click.Group) else None
        if below is not None:
            command, context = below, click.Context(below, parent=context)
    known |= _options(command)
    known |= {word.partition("=")[0] for word in arguments}
    lines = [_BESIDE.sub("", line) for line in said.splitlines() if line.startswith(("Error: ", "Warning: "))]
    return [option for line in lines for option in _OPTION.findall(line) if option not in known]


def _options(command: click.Command) -> set[str]:
    return {name for one in command.params for name in (*one.opts, *one.secondary_opts)} | {"--help"}
