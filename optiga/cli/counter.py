"""``counter``: the counters of a chip. Its commands are in :mod:`optiga.cli.counter_commands`."""

from __future__ import annotations

import click

from optiga.cli.lazy import Lazy, LazyGroup
from optiga.cli.settings import common_options

_COMMANDS = {
    "count": Lazy("optiga.cli.counter_commands:count", "Count a counter on."),
    "list": Lazy("optiga.cli.counter_commands:list_all", "List every counter."),
    "set": Lazy("optiga.cli.counter_commands:set_counter", "Set a counter's value and threshold."),
    "show": Lazy("optiga.cli.counter_commands:show", "Show a counter."),
}


@click.group(cls=LazyGroup, lazy_commands=_COMMANDS, name="counter", invoke_without_command=True)
@common_options()
@click.pass_context
def command(ctx: click.Context) -> None:
    """The counters of a chip: they count up to their threshold and stay there.

    \b
    optiga.py counter set 0xE120 --value 0 --threshold 100
    optiga.py counter count 0xE120
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
