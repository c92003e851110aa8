"""``emulator run``: any program on an emulated chip."""

from __future__ import annotations

import sys

import click

from optiga.cli.commands.emulator.chips import CHIP, chip_file
from optiga.cli.support.settings import Settings, common_options, pass_settings


@click.command(
    name="run",
    short_help="Run a program on an emulated chip.",
    context_settings={"allow_interspersed_args": False},
)
@click.option("--chip", "path", type=CHIP, help="Chip file. Default: your own chip.")
@click.option("--model", metavar="MODEL", help="Model of a new chip: trust-m-v3, trust-m-v1 or trust-x.")
@click.option("--timing", type=click.Choice(["none", "real"]), default="none", help="Command times. Default: none.")
@click.argument("program", nargs=-1, required=True, type=click.UNPROCESSED, metavar="[--] PROGRAM [ARGS]...")
@common_options(forms=())
@pass_settings
def command(settings: Settings, path: str | None, model: str | None, timing: str, program: tuple[str, ...]) -> None:
    """Run a program while an emulated chip is served, and exit with the exit code of the program.

    The chip is on a serial device (on Windows: a TCP port), as 'emulator serve' has it. The name of the device is in
    OPTIGA_PORT, and wherever an argument says {port}.
    """
    import gc

    from optiga.emulator import Board
    from optiga.emulator.running import run_program
    from optiga.emulator.server import Announce, Stop, serve_pty, serve_tcp
    from optiga.transport.emulated import open_emulated

    file = chip_file(settings, path)
    gc.enable()
    chip = open_emulated(file, model=model, real_timing=timing == "real")
    settings.announce_emulated(file)
    board = Board(chip.serve, report=lambda error: settings.error(str(error)))

    def serve(announce: Announce, stop: Stop) -> None:
        if sys.platform == "win32":
            serve_tcp(board, "127.0.0.1", 0, announce=announce, stop=stop)
        else:
            serve_pty(board, announce=announce, stop=stop)

    try:
        code = run_program(program, serve)
    finally:
        chip.close()
    if code:
        raise click.exceptions.Exit(code)
