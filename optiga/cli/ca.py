"""``ca``: a certification authority of one's own. Its commands are in :mod:`optiga.cli.ca_commands`."""

from __future__ import annotations

import click

from optiga.cli.settings import common_options


class _Commands(click.Group):
    """A group whose commands are loaded when they are asked for, not for the main command's help."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        from optiga.cli.ca_commands import COMMANDS

        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        from optiga.cli.ca_commands import COMMANDS

        return COMMANDS.get(cmd_name)


@click.group(
    cls=_Commands,
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
