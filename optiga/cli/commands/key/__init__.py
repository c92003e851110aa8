"""``key``: the keys that a chip holds."""

from __future__ import annotations

import click

from optiga.cli.support.lazy import Lazy, LazyGroup
from optiga.cli.support.options import show_commands
from optiga.cli.support.settings import common_options

_COMMANDS = {
    "decrypt": Lazy("..toolbox.rsa:decrypt", "Decrypt with an RSA key."),
    "derive": Lazy(".derive:command", "Derive a key from a secret of the chip."),
    "draw": Lazy(".draw:draw", "Generate a key for the host with the chip."),
    "ecdh": Lazy(".slots:ecdh", "Agree on a shared secret with a peer (ECDH)."),
    "generate": Lazy(".slots:generate", "Generate a key pair or the AES key."),
    "list": Lazy(".slots:list_all", "List every key: algorithm, usage, life cycle, conditions."),
    "public": Lazy(".slots:public", "Print the public key from a slot's certificate."),
    "sign": Lazy(".sign:sign", "Sign a file."),
    "verify": Lazy(".sign:verify", "Verify a signature on the chip."),
}


@click.group(cls=LazyGroup, package=__name__, sections={"Commands": _COMMANDS}, name="key", invoke_without_command=True)
@common_options()
@click.pass_context
def command(ctx: click.Context) -> None:
    """List, generate and use the keys of the chip. Private keys in its slots never leave the chip.

    \b
    optiga.py key list                             list all keys
    optiga.py key generate third --out third.pem   generate a key pair
    optiga.py key sign third file --out file.sig   sign a file
    optiga.py key verify third.pem file.sig file   verify the signature

    SLOT is second, third, fourth, five or six, or the OID of the slot's key or certificate.
    """
    if ctx.invoked_subcommand is None:
        show_commands(ctx)
