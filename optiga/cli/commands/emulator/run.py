"""``emulator run``: any program on an emulated chip."""

from __future__ import annotations

import click

from optiga.cli.commands.emulator.secrets import note_secrets
from optiga.cli.support.chip_files import CHIP, chip_file
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.emulator import boards
from optiga.emulator.running import own_socket, run_program
from optiga.transport.emulated import open_emulated

_KINDS = ("uart", "i2c", "ft260")


@click.command(
    name="run",
    short_help="Run a program on an emulated chip.",
    context_settings={"allow_interspersed_args": False},
)
@click.option("--chip", "path", type=CHIP, help="Chip file. Default: your own chip.")
@click.option("--as", "kind", type=click.Choice(_KINDS), default="uart", help="Kind of board. Default: uart.")
@click.option("--model", metavar="MODEL", help="Of a new chip: trust-m-v3, -v1, -express or -mtr, or trust-x.")
@click.option("--timing", type=click.Choice(["none", "real"]), default="none", help="Command times. Default: none.")
@click.argument("program", nargs=-1, required=True, type=click.UNPROCESSED, metavar="[--] PROGRAM [ARGS]...")
@common_options(forms=())
@pass_settings
def command(
    settings: Settings, path: str | None, kind: str, model: str | None, timing: str, program: tuple[str, ...]
) -> None:
    """Run a program while an emulated chip is served, and exit with the exit code of the program.

    \b
    uart    the chip is behind a serial device (on Windows: a TCP port)
    i2c     the chip is on the I2C bus /dev/i2c-1 (Linux)
    ft260   the chip is on an FT260 USB board (Linux)

    The port is in OPTIGA_PORT, and wherever an argument says {port}. For i2c and ft260 the program is loaded with a
    library that shows it the board; a C compiler makes that once. A program that is linked statically, or setuid, does
    not see it.
    """
    import gc

    file = chip_file(settings, path)
    gc.enable()
    transport = open_emulated(file, model=model, real_timing=timing == "real")
    try:
        settings.announce_emulated(file)
        note_secrets(settings, file, model)
        chip = boards.Chip(transport.chip, transport.serve, timing == "real", lambda error: settings.error(str(error)))
        with own_socket() as socket:
            if kind == "i2c":
                code = run_program(program, boards.serve_i2c(chip, socket), place=boards.i2c_place)
            elif kind == "ft260":
                code = run_program(program, boards.serve_ft260(chip, socket), place=boards.ft260_place)
            else:
                code = run_program(program, boards.serve_uart(chip))
    finally:
        transport.close()
    if code:
        raise click.exceptions.Exit(code)
