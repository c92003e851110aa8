"""``ca``: a certification authority of one's own. Its commands are in :mod:`optiga.cli.ca_commands`."""

from __future__ import annotations

import click

from optiga.cli.lazy import LazyGroup
from optiga.cli.settings import common_options

_COMMANDS = {
    "crl": "optiga.cli.ca_commands:crl",
    "init": "optiga.cli.ca_commands:init",
    "intermediate": "optiga.cli.ca_commands:intermediate",
    "list": "optiga.cli.ca_commands:list_issued",
    "revoke": "optiga.cli.ca_commands:revoke",
    "show": "optiga.cli.ca_commands:show",
    "sign": "optiga.cli.ca_commands:sign",
}


@click.group(
    cls=LazyGroup,
    lazy_commands=_COMMANDS,
    name="ca",
    invoke_without_command=True,
    short_help="A CA of your own: sign CSRs, revoke certificates.",
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
