"""``emulator``: emulated chips as files, and one of them served as a board."""

from __future__ import annotations

import click


@click.group(name="emulator", short_help="Make, reset and serve emulated chips.")
def command() -> None:
    """Emulated chips: each is a file; --port emulator[:PATH] works on one, serve puts one behind a port."""
