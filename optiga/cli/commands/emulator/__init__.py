"""``emulator``: emulated chips."""

from __future__ import annotations

import click

from optiga.cli.support.lazy import Lazy, LazyGroup
from optiga.cli.support.settings import common_options

_COMMANDS = {
    "control": Lazy(".control:control", "Control a chip that is served: power, faults, state, events."),
    "dump": Lazy(".chips:dump", "Write a chip's whole state down, as JSON."),
    "load": Lazy(".chips:load", "Make a chip of a state that was written down."),
    "new": Lazy(".chips:new", "Make a chip fresh from the factory."),
    "reset": Lazy(".chips:reset", "Bring a chip back to its factory state."),
    "root": Lazy(".chips:root", "Print the emulated chips' root certificate."),
    "run": Lazy(".run:command", "Run a program on an emulated chip."),
    "secrets": Lazy(".secrets:secrets", "Write the secrets that are delivered apart from a chip."),
    "serve": Lazy(".serve:serve", "Serve a chip on a board, as a serial device or over TCP."),
}


@click.group(
    cls=LazyGroup, package=__name__, sections={"Commands": _COMMANDS}, name="emulator", invoke_without_command=True
)
@common_options()
@click.pass_context
def command(ctx: click.Context) -> None:
    """Emulated chips: each is a file; --port emulator[:PATH] works on one, serve puts one behind a port."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
