"""``pair``: a secret that chip and host share, for shielded connections."""

from __future__ import annotations

import click

from optiga.cli.support.authorization import authorize_option
from optiga.cli.support.authorized import load_authorizations, warn_of_authorizations
from optiga.cli.support.chip_files import is_still_to_be_made, refuse_a_blank_chip
from optiga.cli.support.confirm import confirm, yes_option
from optiga.cli.support.file_names import SECRET_FILE, FileName
from optiga.cli.support.guesses import GuidedGroup
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.objects import pairing
from optiga.objects.pairing import Pairing, check_pairing
from optiga.transport.port_options import read_binding_secret

_FILE = FileName("FILE", dash=False)
_FINAL = (
    "the chip never outputs its platform binding secret, and accepts a new one only over a connection that is "
    "shielded with this one: without the file, the chip cannot be paired with another host"
)


@click.group(cls=GuidedGroup, name="pair", invoke_without_command=True)
@click.option("--out", type=SECRET_FILE, help="Output file for the secret; only you can read it.")
@click.option(
    "--lock", "is_final", is_flag=True, help="Lock the pairing, which can never be undone. Asks for confirmation."
)
@yes_option
@authorize_option
@common_options()
@pass_settings
@click.pass_context
def command(ctx: click.Context, settings: Settings, out: str | None, is_final: bool, yes: bool) -> None:
    """Pair the chip with this host for shielded connections: write a new platform binding secret to both.

    \b
    optiga.py --port ft260 pair --out chip.secret     a fresh secret
    optiga.py --port ft260 pair check chip.secret     whether the chip has it
    optiga.py --port 'ft260?shielded=chip.secret' info

    The port is an I2C bus, an FT260 board or an emulated chip. If the chip already has the secret in the file,
    nothing changes. Otherwise the new secret replaces the current secret, whose file can no longer be used. If the
    pairing is locked, give the file of the current secret in the port: ?shielded=FILE. An OPTIGA Trust M Express or
    MTR also requires --authorize 0xF1D0=FILE. If the command is interrupted, run it again to finish.
    """
    if ctx.invoked_subcommand is not None:
        given = {"--out": out, "--lock": is_final, "--yes": yes, "--authorize": settings.authorizations}
        if unused := next((name for name, value in given.items() if value), None):
            raise click.UsageError(f"{unused} cannot be used with pair {ctx.invoked_subcommand}.")
        return
    from pathlib import Path

    if out is None:
        raise click.UsageError("pair requires --out FILE, or the command: pair check FILE.")
    settings.check_query(Pairing)
    port, path = settings.find_port(), Path(out)
    authorizations = load_authorizations(settings)
    before = pairing.check_out(port, path)
    settings.warn_of_readers(path)
    if is_final and not _is_locked(settings, before):
        confirm(settings, f"Locking the pairing with {out}", [_FINAL], yes=yes, short="Lock this pairing")
    done = pairing.pair(port, path, final=is_final, authorizations=authorizations)
    warn_of_authorizations(settings, authorizations)
    settings.note_new_chip()
    settings.note(
        f"The chip has proven that it has the secret in {out}" + ("; the pairing is locked" if done.is_locked else "")
    )
    if done.has_replaced:
        settings.warn(
            f"the chip had another secret, which is replaced by the secret in {out}: the file of the former secret can "
            "no longer be used"
        )
    _print(settings, done)


@command.command(name="check", short_help="Check that the chip has the secret in a file.")
@click.argument("file", type=_FILE)
@common_options()
@pass_settings
def check(settings: Settings, file: str) -> None:
    """Check, with a handshake, that the chip has the secret in a file."""
    from pathlib import Path

    settings.check_query(Pairing)
    read_binding_secret(Path(file))  # before a chip is announced
    refuse_a_blank_chip(settings, None, "only the public secret of every new chip")
    done = check_pairing(settings.find_port(), Path(file))
    settings.warn_of_readers(Path(file))
    if done.is_factory:
        settings.warn(
            f"{file} holds the PUBLIC secret of every factory-fresh chip: anyone can decrypt the connection. Make "
            "your own secret with 'pair --out FILE'"
        )
    settings.note(f"The chip has proven that it has the secret in {file}")
    _print(settings, done)


def _is_locked(settings: Settings, before: Pairing | None) -> bool:
    """Whether the pairing is locked already; a chip that opening the port would make is not.

    :param before: what chip and file have in common; None if there is no file.
    """
    if before is not None:
        return before.is_locked
    return not is_still_to_be_made(settings) and pairing.is_locked(settings.find_port())


def _print(settings: Settings, done: Pairing) -> None:
    if settings.wants_result:
        settings.print_result(done, default="json")
