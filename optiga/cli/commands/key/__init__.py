"""``key``: the keys that a chip holds."""

from __future__ import annotations

import click

from optiga.cli.support.lazy import Lazy, LazyGroup
from optiga.cli.support.settings import common_options

_COMMANDS = {
    "decrypt": Lazy("..toolbox.rsa:decrypt", "Decrypt with an RSA key."),
    "derive": Lazy(".derive:command", "Derive a key from a secret of the chip."),
    "draw": Lazy(".draw:draw", "Have the chip make a key for the host."),
    "ecdh": Lazy(".slots:ecdh", "Agree on a secret with the holder of another key."),
    "generate": Lazy(".slots:generate", "Make a key pair, or the AES key."),
    "list": Lazy(".slots:list_all", "List every key: algorithm, usage, life cycle, conditions."),
    "public": Lazy(".slots:public", "Print the public key that a slot's certificate names."),
    "sign": Lazy(".sign:sign", "Sign a file."),
    "verify": Lazy(".sign:verify", "Have the chip check a signature."),
}


@click.group(cls=LazyGroup, package=__name__, sections={"Commands": _COMMANDS}, name="key", invoke_without_command=True)
@common_options()
@click.pass_context
def command(ctx: click.Context) -> None:
    """The keys on the chip, which never leave it.

    \b
    optiga.py key list                             what is there
    optiga.py key generate third --out third.pem   a key pair; its public key
    optiga.py key sign third file --out file.sig   a signature
    optiga.py key verify third.pem file.sig file   the chip checks one

    SLOT is second, third, fourth, five or six, or either of a slot's object identifiers.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
