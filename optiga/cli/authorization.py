"""``--authorize``: what a chip allows only to those who know a secret."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from optiga.cli.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])


def authorize_option(function: F) -> F:
    """The option, for commands on objects and keys whose conditions may ask for it; the settings see to it."""
    return click.option(
        "--authorize",
        "authorizations",
        multiple=True,
        metavar="OID=FILE",
        expose_value=False,
        callback=_keep,
        help="Know the secret in this object, for the condition auto; repeatable.",
    )(function)


def _keep(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> None:  # noqa: ARG001
    if value:
        ctx.ensure_object(Settings).authorizations = value
