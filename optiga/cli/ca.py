"""``ca``: a certification authority of one's own. Its commands are in :mod:`optiga.cli.ca_commands`."""

from __future__ import annotations

import click

from optiga.cli.lazy import Lazy, LazyGroup
from optiga.cli.settings import common_options

_COMMANDS = {
    "crl": Lazy(".ca_commands:crl", "Write a new CRL."),
    "init": Lazy(".ca_commands:init", "Make a root CA."),
    "intermediate": Lazy(".ca_commands:intermediate", "Make a CA certified by another one."),
    "list": Lazy(".ca_commands:list_issued", "List what a CA has issued."),
    "register": Lazy(".ca_register:command", "Register a CA with AWS IoT."),
    "revoke": Lazy(".ca_commands:revoke", "Revoke a certificate for good."),
    "show": Lazy(".ca_commands:show", "Print a certificate that a CA has issued."),
    "sign": Lazy(".ca_commands:sign", "Certify the key of a CSR."),
}


@click.group(
    cls=LazyGroup,
    package="optiga.cli",
    sections={"Commands": _COMMANDS},
    name="ca",
    invoke_without_command=True,
)
@common_options()
@click.pass_context
def command(ctx: click.Context) -> None:
    """A certification authority of your own, in a folder.

    \b
    optiga.py ca init my-ca                        a root
    optiga.py ca sign device.csr --ca my-ca        a device's certificate
    optiga.py ca revoke device.pem --ca my-ca      no longer

    The passphrase of its key: --passphrase-file, --ask-passphrase, or the environment variable OPTIGA_CA_PASSPHRASE.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
