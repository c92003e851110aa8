"""A group of commands that are loaded when they are asked for: help and the other commands start without them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from optiga.cli.support.guesses import GuidedGroup, in_our_context

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class Lazy:
    """A command that is not loaded yet.

    :param place: where it is, ``module:attribute``, with the module as a relative import has it.
    :param help: what it does, for the list of commands.
    """

    __slots__ = ("help", "place")

    def __init__(self, place: str, help: str) -> None:
        self.place: str = place
        self.help: str = help


def load(place: str, package: str) -> Any:
    """What stands at a place, ``module:attribute``.

    :param package: that from which the place is seen.
    """
    module, _, attribute = place.partition(":")
    return getattr(import_module(module, package), attribute)


class LazyGroup(GuidedGroup):
    """A group that knows where its commands are.

    :param package: that from which their places are seen.
    :param sections: its commands by their names, below the heads that they stand under in the list of commands.
    """

    def __init__(self, *args: Any, package: str, sections: Mapping[str, Mapping[str, Lazy]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._package = package
        self._sections = sections
        self._lazy = {name: lazy for commands in sections.values() for name, lazy in commands.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in self._lazy:
            return None
        command: click.Command = load(self._lazy[cmd_name].place, self._package)
        return in_our_context(command)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands, without loading them, and the options."""
        from click.shell_completion import CompletionItem

        items = [
            CompletionItem(name, help=lazy.help) for name, lazy in self._lazy.items() if name.startswith(incomplete)
        ]
        return [*items, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without loading them."""
        width = max(map(len, self._lazy))
        for head, commands in self._sections.items():
            with formatter.section(head):
                formatter.write_dl([(name.ljust(width), lazy.help) for name, lazy in commands.items()])
