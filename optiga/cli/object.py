"""``object``: the objects of a chip. Its commands are in :mod:`optiga.cli.object_commands`."""

from __future__ import annotations

import click

from optiga.cli.lazy import Lazy, LazyGroup
from optiga.cli.settings import common_options

_COMMANDS = {
    "list": Lazy("optiga.cli.object_commands:list_all", "List every object: size, state, access."),
    "lock": Lazy("optiga.cli.object_commands:lock", "Fix an object's metadata for ever."),
    "metadata": Lazy("optiga.cli.object_commands:metadata", "Show or set an object's metadata, in words."),
    "read": Lazy("optiga.cli.object_commands:read", "Read an object's data."),
    "write": Lazy("optiga.cli.object_commands:write", "Write a file into an object."),
}


@click.group(cls=LazyGroup, lazy_commands=_COMMANDS, name="object", invoke_without_command=True)
@common_options()
@click.pass_context
def command(ctx: click.Context) -> None:
    """The objects of a chip: their data, and the metadata that say who may do what with them.

    \b
    optiga.py object list                                  what there is
    optiga.py object write 0xF1D0 data.bin                 bytes into an object
    optiga.py object metadata 0xF1D0 "read: conf 0xE140"   who may read it
    optiga.py object lock 0xF1D0                           for ever
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
