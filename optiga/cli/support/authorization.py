"""``--authorize``: what a chip allows only to those who know a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from optiga.cli.support.settings import Decorator, Settings
from optiga.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path


def _keep(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> None:  # noqa: ARG001
    if value:
        ctx.ensure_object(Settings).authorizations = [_split(text) for text in value]


def _split(text: str) -> tuple[str, Path]:
    from pathlib import Path

    oid, _, path = text.partition("=")
    if not path:
        raise ConfigurationError(
            f"--authorize {text!r} is not of the form OID=FILE", hint="For example --authorize 0xF1D0=secret.bin"
        )
    return oid, Path(path)


authorize_option: Decorator = click.option(
    "--authorize",
    multiple=True,
    metavar="OID=FILE",
    expose_value=False,
    callback=_keep,
    help="Prove knowledge of the secret in object OID, for the access condition auto. FILE holds the secret. May be "
    "given several times.",
)
"""The option, for commands on objects and keys whose conditions may ask for it; the settings see to it."""
