"""``emulator serve``: an emulated chip behind a port."""

from __future__ import annotations

import click

from optiga.cli.commands.emulator.chips import CHIP, chip_file
from optiga.cli.support.settings import Settings, common_options, pass_settings


@click.command(name="serve", short_help="Serve a chip on a board, as a serial device or over TCP.")
@click.option("--chip", "path", type=CHIP, help="File of the chip; made if it is not there. [your own chip]")
@click.option("--pty", "link", is_flag=False, flag_value="", metavar="[LINK]", help="Serve as a serial device.")
@click.option("--tcp", "address", metavar="[HOST:]PORT", help="Serve on a TCP port; 0 is any. [HOST: 127.0.0.1]")
@click.option("--model", metavar="MODEL", help="Of a new chip: trust-m-v3, trust-m-v1 or trust-x. [trust-m-v3]")
@click.option("--timing", type=click.Choice(["none", "real"]), default="none", help="How long commands take. [none]")
@click.option("--shielded", is_flag=True, help="The board speaks to the chip over a shielded connection.")
@common_options(forms=())
@pass_settings
def serve(
    settings: Settings,
    path: str | None,
    link: str | None,
    address: str | None,
    model: str | None,
    timing: str,
    shielded: bool,
) -> None:
    """Serve a chip on an emulated board until interrupted.

    Prints one line: the port to connect to. The board behaves as Infineon's bridge firmware does, so this tool and
    Infineon's own host software can use it.
    """
    import gc
    from pathlib import Path

    from optiga.emulator import Board
    from optiga.emulator.server import is_loopback, serve_pty, serve_tcp, stop_on_signals
    from optiga.transport.emulated import open_emulated

    if (link is None) == (address is None):
        raise click.UsageError("serve takes --pty or --tcp, one of them.")
    host, port = _split_address(address) if address is not None else ("", 0)
    file = chip_file(settings, path)
    gc.enable()  # a server runs for long
    chip = open_emulated(file, model=model, real_timing=timing == "real", shielded=shielded)
    settings.announce_emulated(file)
    if address is not None and not is_loopback(host):
        settings.warn(
            f"whoever reaches {host} over the network can use, change and lock this chip, and what passes is not "
            "encrypted. --tcp 127.0.0.1:PORT serves this computer alone"
        )
    try:
        with stop_on_signals() as stop:
            board = Board(chip.serve, report=lambda error: settings.error(str(error)))
            if address is not None:
                serve_tcp(board, host, port, announce=_announce, stop=stop)
            else:
                serve_pty(board, Path(link) if link else None, announce=_announce, stop=stop)
    finally:
        chip.close()
    settings.note("Stopped")


def _announce(port: str) -> None:
    """Print the port at once, for whoever waits for it."""
    click.echo(port)


def _split_address(address: str) -> tuple[str, int]:
    """Host and port of ``HOST:PORT``, ``[HOST]:PORT`` or ``PORT``; loopback where no host is named."""
    host, _, port = address.rpartition(":")
    if not port.isascii() or not port.isdigit() or int(port) > 0xFFFF:
        raise click.UsageError(f"--tcp {address}: a port is a number up to 65535.")
    return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port)
