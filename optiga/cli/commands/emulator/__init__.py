"""``emulator``: emulated chips."""

from __future__ import annotations

import click

from optiga.cli.support.lazy import Lazy, LazyGroup
from optiga.cli.support.options import show_commands
from optiga.cli.support.settings import common_options

_COMMANDS = {
    "control": Lazy(".control:control", "Control a served chip: power, faults, state, events."),
    "dump": Lazy(".chips:dump", "Write the whole state of a chip as JSON."),
    "load": Lazy(".chips:load", "Make a chip from a saved state."),
    "new": Lazy(".chips:new", "Make a factory-fresh chip."),
    "reset": Lazy(".chips:reset", "Reset a chip to its factory state."),
    "root": Lazy(".chips:root", "Print the emulated chips' root certificate."),
    "run": Lazy(".run:command", "Run a program on an emulated chip."),
    "secrets": Lazy(".secrets:secrets", "Write the secrets that Infineon delivers separately."),
    "serve": Lazy(".serve:serve", "Serve a chip on a board, as a serial device or over TCP."),
}


@click.group(
    cls=LazyGroup, package=__name__, sections={"Commands": _COMMANDS}, name="emulator", invoke_without_command=True
)
@common_options()
@click.pass_context
def command(ctx: click.Context) -> None:
    """Create, reset and serve emulated chips. Each chip is a file. Use a chip with --port emulator[:PATH]. For other
    programs, 'serve' offers it at a port.
    """
    if ctx.invoked_subcommand is None:
        show_commands(ctx)
