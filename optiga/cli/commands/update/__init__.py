"""``update``: protected updates."""

from __future__ import annotations

import click

from optiga.cli.support.lazy import Lazy, LazyGroup
from optiga.cli.support.settings import common_options

_COMMANDS = {
    "apply": Lazy(".apply:apply", "Apply an update to a chip."),
    "make": Lazy(".:make", "Make and sign an update; no chip is needed."),
    "show": Lazy(".apply:show", "Show what an update does; no chip is needed."),
}
_KINDS = {
    "data": Lazy(".make_update:make_data", "Data, or a certificate, for an object."),
    "key": Lazy(".make_update:make_key", "A private key, or the AES key."),
    "metadata": Lazy(".make_update:make_metadata", "An object's metadata, in words."),
}


@click.group(
    cls=LazyGroup, package=__name__, sections={"Commands": _COMMANDS}, name="update", invoke_without_command=True
)
@common_options()
@click.pass_context
def command(ctx: click.Context) -> None:
    """Protected updates: made and signed in one place, applied to chips in another, with no secret on the way.

    \b
    optiga.py update make data 0xF1D0 data.bin --version 1 \\
        --anchor 0xE0E8 --signer signer.pem --out data.json
    optiga.py update show data.json                what it does
    optiga.py update apply data.json               to the chip

    A chip takes what is signed with the key of the certificate in its trust anchor, where the object's metadata say so:
    "change: int 0xE0E8".
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@click.group(cls=LazyGroup, package=__name__, sections={"Commands": _KINDS}, name="make", invoke_without_command=True)
@common_options()
@click.pass_context
def make(ctx: click.Context) -> None:
    """Make and sign an update; no chip is needed.

    A file whose name ends in .h, .c or .txt gets the C arrays of Infineon's tool, any other JSON.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
