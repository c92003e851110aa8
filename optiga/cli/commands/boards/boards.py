"""``boards``: the serial ports there are, and which belong to a board."""

from __future__ import annotations

import click

from optiga.cli.render.tables import align
from optiga.cli.support.settings import Settings, common_options, pass_settings


@click.command(name="boards")
@common_options()
@pass_settings
def command(settings: Settings) -> None:
    """List the serial ports of this machine, which of them are personalization boards, and why."""
    from dataclasses import asdict

    from optiga.transport.boards import list_ports

    ports = list_ports()
    rows = [(port.device, "board" if port.is_board else "-", port.why, port.description) for port in ports]
    text = align(rows) or "No serial port found. An emulated chip needs none: --port emulator"
    settings.print_result({"ports": [asdict(port) for port in ports]}, text=text)
