"""``update``: protected updates."""

from __future__ import annotations

import click

from optiga.cli.support.lazy import Lazy, LazyGroup
from optiga.cli.support.options import show_commands
from optiga.cli.support.settings import common_options

_COMMANDS = {
    "apply": Lazy(".apply:apply", "Apply an update to a chip."),
    "make": Lazy(".:make", "Make and sign an update. No chip is needed."),
    "show": Lazy(".apply:show", "Show what an update does. No chip is needed."),
}
_KINDS = {
    "data": Lazy(".make_update:make_data", "Make an update of an object's data or certificate."),
    "key": Lazy(".make_update:make_key", "Make an update of a private key or the AES key."),
    "metadata": Lazy(".make_update:make_metadata", "Make an update of an object's metadata."),
}


@click.group(
    cls=LazyGroup, package=__name__, sections={"Commands": _COMMANDS}, name="update", invoke_without_command=True
)
@common_options()
@click.pass_context
def command(ctx: click.Context) -> None:
    """Make and sign protected updates in one place, and apply them to chips in another.

    \b
    optiga.py update make data 0xF1D0 data.bin --version 1 \\
        --anchor 0xE0E8 --signer signer.pem --out data.json
    optiga.py update show data.json                show what it does
    optiga.py update apply data.json               apply it to the chip

    A chip accepts an update that is signed with the key of its trust anchor, if the object's metadata allow it:
    "change: int 0xE0E8".
    """
    if ctx.invoked_subcommand is None:
        show_commands(ctx)


@click.group(cls=LazyGroup, package=__name__, sections={"Commands": _KINDS}, name="make", invoke_without_command=True)
@common_options(board=False)
@click.pass_context
def make(ctx: click.Context) -> None:
    """Make and sign an update. No chip is needed.

    An output file whose name ends in .h, .c or .txt holds C arrays, as Infineon's tool writes them. Any other
    output file is JSON.
    """
    if ctx.invoked_subcommand is None:
        show_commands(ctx)
