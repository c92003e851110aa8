"""``emulator serve``: an emulated chip behind a port."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import click

from optiga.cli.commands.emulator.results import ServedChip
from optiga.cli.commands.emulator.secrets import note_secrets
from optiga.cli.support.chip_files import CHIP, chip_file
from optiga.cli.support.choices import NamedChoice
from optiga.cli.support.file_names import FileName
from optiga.cli.support.printing import print_lines
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.emulator import boards
from optiga.emulator.chip import EmulatedChip
from optiga.emulator.control import Address, parse_address
from optiga.emulator.control_notes import noting
from optiga.emulator.control_server import ControlServer
from optiga.emulator.controls import Controls
from optiga.emulator.file_names import take_made
from optiga.emulator.running import served
from optiga.emulator.server import is_loopback, stop_on_signals
from optiga.emulator.shared_chip import SharedChip
from optiga.errors import OptigaError
from optiga.files.shown import whole_path
from optiga.results import to_json
from optiga.transport.emulated import open_emulated

SOCKET = FileName("SOCKET", dash=False)


@click.command(name="serve", short_help="Serve a chip on a board, for other programs.")
@click.option("--chip", "path", type=CHIP, help="Chip file; created if it does not exist (default: your own chip).")
@click.option("--pty", "link", is_flag=False, flag_value="", metavar="[LINK]", help="Serve as a serial device.")
@click.option(
    "--tcp", "address", metavar="[HOST:]PORT", help="Serve on a TCP port; 0 is any free port (default host: 127.0.0.1)."
)
@click.option("--i2c", type=SOCKET, help="Serve an I2C bus on a Unix socket.")
@click.option("--ft260", type=SOCKET, help="Serve an FT260 USB board on a Unix socket.")
@click.option(
    "--control", type=SOCKET, help="Accept 'emulator control' at this Unix socket; on Windows: 127.0.0.1:PORT."
)
@click.option(
    "--model",
    metavar="MODEL",
    help="Model of a new chip: trust-m-v3, trust-m-v1, trust-x, trust-m-express or trust-m-mtr (default: trust-m-v3).",
)
@click.option(
    "--timing",
    type=NamedChoice(["none", "real"]),
    default="none",
    help="Command execution times: none, or as on a real chip (default: none).",
)
@click.option("--shielded", is_flag=True, help="Report a shielded connection between board and chip (UART).")
@common_options()
@pass_settings
def serve(
    settings: Settings,
    path: str | None,
    link: str | None,
    address: str | None,
    i2c: str | None,
    ft260: str | None,
    control: str | None,
    model: str | None,
    timing: str,
    shielded: bool,
) -> None:
    """Serve a chip on an emulated board until interrupted.

    The command prints one line: the port to connect to. A board with a UART behaves like Infineon's bridge
    firmware, so this tool and Infineon's own host software can use it. To give a program an I2C bus or an FT260,
    use 'emulator run'. With --output json, the line is a JSON object with port, file and control.
    """
    import gc
    from pathlib import Path

    settings.check_query(ServedChip)
    if sum(place is not None for place in (link, address, i2c, ft260)) != 1:
        raise click.UsageError("serve requires one of --pty, --tcp, --i2c and --ft260.")
    if shielded and (i2c is not None or ft260 is not None):
        raise click.UsageError(
            "--shielded is for a board with a UART: on a bus, the host itself sets up the shielded connection."
        )
    host, port = _split_address(address) if address is not None else ("", 0)
    if address is not None and not is_loopback(host):
        settings.warn(
            f"whoever reaches {host} over the network can use, change and lock this chip, and the connection is not "
            "encrypted. To serve only this computer: --tcp 127.0.0.1:PORT"
        )
    place = None if control is None else parse_address(control)
    file = chip_file(settings, path)
    is_slow = timing == "real"
    gc.enable()  # a server runs for long
    is_served = False

    def announce(port: str) -> None:
        """Print the port at once, for whoever waits for it."""
        nonlocal is_served
        is_served = True
        settings.note_new_chip(file)
        if at is not None:
            notes.enter_context(noting(at, port, str(file)))
        _print(settings, ServedChip(port, file, at))

    transport = open_emulated(
        file, model=model, real_timing=is_slow, shielded=shielded, make=EmulatedChip if place is None else SharedChip
    )
    try:
        settings.announce_emulated(file)
        note_secrets(settings, file, model)
        controls = Controls(transport.chip) if isinstance(transport.chip, SharedChip) else None
        chip = boards.Chip(transport.chip, transport.serve, is_slow, _report_to(settings), controls)
        if i2c is not None:
            board = boards.serve_i2c(chip, Path(i2c))
        elif ft260 is not None:
            board = boards.serve_ft260(chip, Path(ft260))
        elif address is not None:
            board = boards.serve_uart_on_tcp(chip, host, port)
        else:
            board = boards.serve_uart_on_pty(chip, Path(link) if link else None)
        controlled = _controlled(settings, controls, place, is_slow=is_slow)
        with ExitStack() as notes, stop_on_signals() as stop, controlled as at:
            board(announce, stop)
    finally:
        transport.close()
        if not is_served and take_made(file):  # nobody has ever had it
            file.unlink(missing_ok=True)
    settings.note("Stopped")


def _print(settings: Settings, result: ServedChip) -> None:
    """Print the result on one line: whoever waits for it reads lines, for the command goes on."""
    if settings.output == "json" and settings.query is None:
        print_lines(json.dumps(to_json(result)))
    else:
        settings.print_result(result, text=result.port)


@contextmanager
def _controlled(
    settings: Settings, controls: Controls | None, place: Address | None, *, is_slow: bool
) -> Iterator[str | None]:
    """Have others control the chip meanwhile, if that was asked for; gives where."""
    if controls is None or place is None:
        yield None
        return
    server = ControlServer(controls, is_slow=is_slow, report=_report_to(settings, "control: "))
    with served(lambda announce, stop: server.serve(place, announce=announce, stop=stop)) as address:
        settings.note(f"Controlled by: emulator control {address}")
        yield str(address) if place.path is None else whole_path(place.path)


def _report_to(settings: Settings, before: str = "") -> Callable[[OptigaError], None]:
    return lambda error: settings.error(f"{before}{error}")


def _split_address(address: str) -> tuple[str, int]:
    """Host and port of ``HOST:PORT``, ``[HOST]:PORT`` or ``PORT``; loopback where no host is named."""
    host, _, port = address.rpartition(":")
    if not port.isascii() or not port.isdigit() or int(port) > 0xFFFF:
        raise click.UsageError(f"--tcp {address}: a port is a number up to 65535.")
    return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port)
