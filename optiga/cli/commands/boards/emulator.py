"""``emulator``: emulated chips as files, and one of them served as a board."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from optiga.cli.support.confirm import confirm, yes_option
from optiga.cli.support.file_names import FILE, FileName
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

_CHIP = FileName("PATH", dash=False)
_MAX_STATE = 1 << 20
"""Most bytes of a state that is read: many times what a chip's takes."""


@click.group(name="emulator", invoke_without_command=True)
@common_options()
@click.pass_context
def command(ctx: click.Context) -> None:
    """Emulated chips: each is a file; --port emulator[:PATH] works on one, serve puts one behind a port."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


@command.command(name="new", short_help="Make a chip fresh from the factory.")
@click.argument("path", type=_CHIP)
@click.option("--model", metavar="MODEL", help="trust-m-v3, trust-m-v1 or trust-x. [trust-m-v3]")
@common_options(forms=())
@pass_settings
def new(settings: Settings, path: str, model: str | None) -> None:
    """Make a file with a chip fresh from the factory, with a UID and an identity of its own."""
    from pathlib import Path

    from optiga.emulator import find_model
    from optiga.emulator.store import create_chip

    create_chip(Path(path), find_model(model))
    settings.note(f"A new chip is in {path}: use it with --port emulator:{path}")


@command.command(name="reset", short_help="Bring a chip back to its factory state.")
@click.argument("path", type=_CHIP, required=False)
@yes_option
@common_options(forms=())
@pass_settings
def reset(settings: Settings, path: str | None, yes: bool) -> None:
    """Bring a chip back to its factory state: it keeps its UID and its first slot, all else is as new.

    Without a path: the chip of --port emulator:PATH, or your own.
    """
    from optiga.emulator.store import open_chip_file, reset_chip_file

    file = _chip_file(settings, path)
    open_chip_file(file).close()  # nobody is asked about what is no chip
    confirm(
        settings, f"Resetting the chip in {file}", ["its keys and all that was written to it will be lost"], yes=yes
    )
    reset_chip_file(file)
    settings.note(f"The chip in {file} is in its factory state")


@command.command(name="dump", short_help="Write a chip's whole state down, as JSON.")
@click.argument("path", type=_CHIP, required=False)
@click.option("--out", type=FILE, help="File for it, for nobody else to read. [standard output]")
@common_options(forms=("json",))
@pass_settings
def dump(settings: Settings, path: str | None, out: str | None) -> None:
    """Write a chip's whole state down as a document that can be read, changed, and made a chip again by 'load'.

    Its keys and secrets are in it. Without a path: the chip of --port emulator:PATH, or your own.
    """
    from optiga.cli.support.content import check_out, save
    from optiga.emulator import state
    from optiga.emulator.store import open_chip_file

    if out is not None and settings.query is not None:
        raise click.UsageError("--query goes with standard output, not with --out.")
    check_out(out, secret=True)
    store = open_chip_file(_chip_file(settings, path))
    try:
        document = state.dump(store, model=store.model)
    finally:
        store.close()
    if out is None:
        settings.print_result(document, default="json")
    else:
        save(settings, out, state.encode(document), "The state", secret=True)


@command.command(name="load", short_help="Make a chip of a state that was written down.")
@click.argument("state_path", type=FileName("STATE|-"))
@click.argument("path", type=_CHIP)
@common_options(forms=())
@pass_settings
def load(settings: Settings, state_path: str, path: str) -> None:
    """Make a file with a chip in the state that a document of 'dump' says; objects that it leaves out are as new."""
    from pathlib import Path

    from optiga.cli.support.content import read_whole
    from optiga.emulator import state
    from optiga.emulator.store import create_chip
    from optiga.files.json_lines import parse_json

    name = "standard input" if state_path == "-" else state_path
    text = read_whole(state_path, "state", limit=_MAX_STATE).decode("utf-8-sig", "replace")
    document = parse_json(text, name)
    for place, line in document.duplicates:
        raise ConfigurationError(f"{name}:{line}: {'.'.join(map(str, place))!r} stands twice")
    try:
        loaded = state.load(document.value)
    except ConfigurationError as error:
        raise ConfigurationError(f"{name}: {error.message}", hint=error.hint, oid=error.oid) from None
    create_chip(Path(path), loaded.model, loaded.objects, loaded.context)
    settings.note(f"The chip is in {path}: use it with --port emulator:{path}")


@command.command(name="root", short_help="Print the emulated chips' root certificate.")
@common_options(forms=())
def root() -> None:
    """Print the certificate, in PEM, of the authority that issues the emulated chips' own certificates (0xE0E0)."""
    from optiga.emulator.identity import root_certificate_pem

    click.echo(root_certificate_pem(), nl=False)


@command.command(name="serve", short_help="Serve a chip on a board, as a serial device or over TCP.")
@click.option("--chip", "path", type=_CHIP, help="File of the chip; made if it is not there. [your own chip]")
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
    file = _chip_file(settings, path)
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


def _chip_file(settings: Settings, path: str | None) -> Path:
    """The chip that a path names; without one that of the port, without either the user's own."""
    from pathlib import Path

    from optiga.transport import resolve_port

    if path is not None:
        return Path(path)
    file = resolve_port(settings.port or "emulator").chip_file
    if file is None:
        raise click.UsageError(f"the port {settings.port} is no emulated chip: name a chip's file.")
    return file


def _announce(port: str) -> None:
    """Print the port at once, for whoever waits for it."""
    click.echo(port)


def _split_address(address: str) -> tuple[str, int]:
    """Host and port of ``HOST:PORT``, ``[HOST]:PORT`` or ``PORT``; loopback where no host is named."""
    host, _, port = address.rpartition(":")
    if not port.isascii() or not port.isdigit() or int(port) > 0xFFFF:
        raise click.UsageError(f"--tcp {address}: a port is a number up to 65535.")
    return host.removeprefix("[").removesuffix("]") or "127.0.0.1", int(port)
