"""What stands on a command line that has failed, parsed once more, for what is said of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import click


def parse_again(
    app: click.Command, arguments: Sequence[str]
) -> Iterator[tuple[str, click.Command, Mapping[str, object]]]:
    """Each command of a command line, from the main one to the one that ran.

    :param app: the command line as a whole.
    :param arguments: what it was given.
    :returns: the names up to the command, without the program's; the command; what was typed for its parameters.
    :raises click.ClickException: if it cannot be parsed.
    """
    command, context, words = app, click.Context(app, **app.context_settings), list(arguments)
    names: list[str] = []
    while True:
        given, rest, _ = command.make_parser(context).parse_args(words)
        yield " ".join(names), command, given
        below = command.get_command(context, rest[0]) if isinstance(command, click.Group) and rest else None
        if below is None:
            return
        names.append(rest[0])
        command, context, words = below, click.Context(below, parent=context), rest[1:]
