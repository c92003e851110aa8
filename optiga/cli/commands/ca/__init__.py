"""``ca``: a certification authority of one's own."""

from __future__ import annotations

import click

from optiga.cli.support.lazy import Lazy, LazyGroup
from optiga.cli.support.options import show_commands
from optiga.cli.support.settings import common_options

_COMMANDS = {
    "crl": Lazy(".crl:crl", "Write a new CRL."),
    "import": Lazy(".takeover:import_", "Import a CA that was made elsewhere."),
    "init": Lazy(".authority:init", "Make a root CA."),
    "intermediate": Lazy(".authority:intermediate", "Make a CA certified by another one."),
    "list": Lazy(".listing:list_issued", "List the certificates that a CA has issued."),
    "passphrase": Lazy(".passphrase:command", "Change the passphrase of a CA's key."),
    "register": Lazy(".register:command", "Register a CA with AWS IoT."),
    "renew": Lazy(".takeover:renew", "Give a CA a new certificate for its key."),
    "revoke": Lazy(".revoke:revoke", "Revoke a certificate for good."),
    "show": Lazy(".listing:show", "Print a certificate that a CA has issued."),
    "sign": Lazy(".authority:sign", "Issue a certificate for a CSR."),
}


@click.group(
    cls=LazyGroup,
    package=__name__,
    sections={"Commands": _COMMANDS},
    name="ca",
    invoke_without_command=True,
)
@common_options(board=False)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Run a certification authority (CA) of your own, in a folder.

    \b
    optiga.py ca init my-ca                        make a root CA
    optiga.py ca sign device.csr --ca my-ca        issue a device's certificate
    optiga.py ca revoke device.pem --ca my-ca      revoke the certificate

    Give the passphrase of the CA's key with --passphrase-file, --ask-passphrase or the environment variable
    OPTIGA_CA_PASSPHRASE.
    """
    if ctx.invoked_subcommand is None:
        show_commands(ctx)
