"""How wide a table may be."""

from __future__ import annotations

import sys

import click

from optiga.cli.support.printing import terminal_columns
from optiga.cli.support.settings import Decorator, Settings

_LEAST = 20
"""Fewest columns that a table is made for."""


def _keep_wide(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        ctx.ensure_object(Settings).wide = True


wide_option: Decorator = click.option(
    "--wide",
    is_flag=True,
    expose_value=False,
    callback=_keep_wide,
    help="Print each row on one line, even if it is wider than the terminal.",
)


def width_for(settings: Settings) -> int | None:
    """The columns of the terminal; the variable COLUMNS says otherwise, as everywhere.

    :returns: None for as many as are needed: with ``--wide``, and where standard output is no terminal.
    """
    if settings.wide or sys.stdout is None or not sys.stdout.isatty():
        return None
    return max(terminal_columns(), _LEAST)
