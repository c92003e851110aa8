"""``emulator run``: any program on an emulated chip."""

from __future__ import annotations

import click

from optiga.cli.commands.emulator.secrets import note_secrets
from optiga.cli.support.chip_files import CHIP, chip_file
from optiga.cli.support.choices import NamedChoice
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.emulator import boards
from optiga.emulator.running import check_program, own_socket, run_program
from optiga.transport.emulated import open_emulated

_KINDS = ("uart", "i2c", "ft260")


@click.command(
    name="run",
    short_help="Run a program on an emulated chip.",
    context_settings={"allow_interspersed_args": False},
)
@click.option("--chip", "path", type=CHIP, help="Chip file (default: your own chip).")
@click.option("--as", "kind", type=NamedChoice(_KINDS), default="uart", help="Kind of board (default: uart).")
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
@click.argument("program", nargs=-1, required=True, type=click.UNPROCESSED, metavar="[--] PROGRAM [ARGS]...")
@common_options(forms=())
@pass_settings
def command(
    settings: Settings, path: str | None, kind: str, model: str | None, timing: str, program: tuple[str, ...]
) -> None:
    """Serve an emulated chip, run a program, and exit with the program's exit code.

    \b
    uart    the chip is behind a serial device (on Windows: a TCP port)
    i2c     the chip is on the I2C bus /dev/i2c-1 (Linux)
    ft260   the chip is on an FT260 USB board (Linux)

    OPTIGA_PORT holds the port, and {port} in an argument is replaced with it. For i2c and ft260, the program is
    loaded with a library that emulates the board. A C compiler builds the library once. Programs that are
    statically linked or setuid do not see the board.
    """
    import gc

    file = chip_file(settings, path)
    check_program(program[0])
    gc.enable()
    transport = open_emulated(file, model=model, real_timing=timing == "real")
    try:
        settings.announce_emulated(file)
        settings.note_new_chip(file)
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
