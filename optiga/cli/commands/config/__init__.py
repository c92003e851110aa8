"""``config``: the configuration files that say what a chip is to become."""

from __future__ import annotations

import click

from optiga.cli.support.lazy import Lazy, LazyGroup
from optiga.cli.support.options import show_commands
from optiga.cli.support.settings import common_options

_COMMANDS = {
    "check": Lazy(".check:check", "Check configuration files and report every mistake."),
    "new": Lazy(".new:new", "Write a new configuration file."),
    "sample": Lazy(".sample:sample", "List the sample configurations, or print one."),
    "schema": Lazy(".schema:schema", "Print the JSON Schema, for editors."),
    "show": Lazy(".show:show", "Show where the defaults come from (optiga.toml)."),
}


@click.group(
    cls=LazyGroup, package=__name__, sections={"Commands": _COMMANDS}, name="config", invoke_without_command=True
)
@common_options(board=False)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Write and check configuration files (.jsn). A configuration describes the subject of the CSR, the key that the
    chip generates, and its slot.

    \b
    optiga.py config new device.jsn                 write a new file
    optiga.py config sample                         list the samples
    optiga.py config sample NAME --out device.jsn   write a sample to a file
    optiga.py config check device.jsn               report every mistake

    No chip is needed for these commands.
    """
    if ctx.invoked_subcommand is None:
        show_commands(ctx)
