"""``boards``: the ports there are, which of them are boards, and what it takes to use them."""

from __future__ import annotations

from dataclasses import dataclass

import click

from optiga.cli.render.tables import table
from optiga.cli.support.guesses import GuidedGroup
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.cli.support.wide import wide_option, width_for
from optiga.results import cell
from optiga.transport.boards import FoundPort, list_ports
from optiga.transport.hid_boards import udev_rules

_COLUMNS = ("port", "kind", "board", "why", "description")


@dataclass(frozen=True, slots=True)
class PortList:
    """The result of ``boards``."""

    ports: tuple[FoundPort, ...]


@click.group(cls=GuidedGroup, name="boards", invoke_without_command=True)
@wide_option
@common_options(board=False)
@pass_settings
@click.pass_context
def command(ctx: click.Context, settings: Settings) -> None:
    """List serial ports, FT260 boards and I2C buses, and what you need to use each of them.

    The command looks for a chip only on the I2C buses of a Raspberry Pi, an i2c-gpio or an FT260. On other
    computers, memory modules may be on the bus. Name such a bus with --port.
    """
    if ctx.invoked_subcommand is not None:
        return
    ports = list_ports()
    rows = [(port.device, port.kind, cell(port.is_board), port.why, port.description or None) for port in ports]
    text = (
        table(_COLUMNS, rows, width_for(settings))
        if rows
        else "No serial port found. To use an emulated chip: --port emulator"
    )
    settings.print_result(PortList(tuple(ports)), text=text)
    for port in ports:
        if port.needs:
            settings.warn(f"{port.device}: {port.needs}")


@command.command(name="udev", short_help="Print the udev rule for FT260 boards.")
@common_options(board=False, forms=())
def udev() -> None:
    """Print the udev rules file that lets users open FT260 boards on Linux.

    \b
    optiga.py boards udev | sudo tee /etc/udev/rules.d/70-ft260.rules
    sudo udevadm control --reload-rules
    """
    click.echo(udev_rules(), nl=False)
