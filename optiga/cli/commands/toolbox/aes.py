"""``aes``: encryption and MACs with the chip's AES key (0xE200)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import click

from optiga.cli.support.authorization import authorize_option
from optiga.cli.support.chip_files import refuse_a_blank_chip
from optiga.cli.support.choices import NamedChoice
from optiga.cli.support.content import check_out, give, hex_option, out_option, read_whole, take_hex
from optiga.cli.support.file_names import FILE_OR_INPUT
from optiga.cli.support.guesses import GuidedGroup
from optiga.cli.support.options import show_commands
from optiga.cli.support.settings import Settings, common_options, pass_settings, together
from optiga.crypto import toolbox_jobs
from optiga.crypto.toolbox_jobs import plan_mac
from optiga.objects.addressing import KEY, resolve

_cipher_options = together(
    click.argument("path", type=FILE_OR_INPUT),
    out_option,
    hex_option,
    click.option(
        "--mode",
        type=NamedChoice(["cbc", "ecb"]),
        default="cbc",
        help="Mode (default: cbc). ECB shows which blocks are equal.",
    ),
    click.option("--iv", callback=take_hex, metavar="HEX", help="Initialization vector of CBC, 16 bytes."),
    click.option(
        "--pad",
        "padding",
        type=NamedChoice(["pkcs7", "none"]),
        default="pkcs7",
        help="Padding to whole blocks (default: pkcs7).",
    ),
    authorize_option,
    common_options(),
)


@dataclass(frozen=True, slots=True)
class CipherResult:
    """The result of ``aes encrypt`` and ``aes decrypt``.

    :param mode: ``cbc`` or ``ecb``.
    :param size: number of bytes that came of it.
    :param data: these; None where they went into a file.
    :param file: what they were written to; None if to none.
    """

    mode: str
    size: int
    data: bytes | None
    file: str | None


@dataclass(frozen=True, slots=True)
class AesMacResult:
    """The result of ``aes mac``.

    :param mode: ``cmac`` or ``cbc-mac``.
    :param mac: 16 bytes.
    """

    mode: str
    mac: bytes


@click.group(cls=GuidedGroup, name="aes", invoke_without_command=True)
@common_options()
@click.pass_context
def command(ctx: click.Context) -> None:
    """Encrypt, decrypt and authenticate with the AES key of the chip. 'key generate aes' makes the key."""
    if ctx.invoked_subcommand is None:
        show_commands(ctx)


@command.command(name="encrypt", short_help="Encrypt a file.")
@_cipher_options
@pass_settings
def encrypt(
    settings: Settings, path: str, out: str | None, as_hex: bool, mode: str, iv: bytes | None, padding: str
) -> None:
    """Encrypt a file. The result does not contain the initialization vector. Keep the vector, and use a new one for
    each message.
    """
    settings.check_query(CipherResult)
    job = toolbox_jobs.plan_encryption(read_whole(path), mode, iv, padding)
    check_out(out)
    refuse_a_blank_chip(settings, resolve("aes", KEY).oid)
    with settings.open_chip() as chip:
        protected = toolbox_jobs.encrypt(chip, job)
    give(settings, protected, "The encrypted message", partial(CipherResult, mode), out=out, as_hex=as_hex)


@command.command(name="decrypt", short_help="Decrypt a file.")
@_cipher_options
@pass_settings
def decrypt(
    settings: Settings, path: str, out: str | None, as_hex: bool, mode: str, iv: bytes | None, padding: str
) -> None:
    """Decrypt a file. Only you can read the output file."""
    settings.check_query(CipherResult)
    job = toolbox_jobs.plan_decryption(read_whole(path), mode, iv, padding)
    check_out(out, secret=True)
    refuse_a_blank_chip(settings, resolve("aes", KEY).oid)
    with settings.open_chip() as chip:
        message = toolbox_jobs.decrypt(chip, job)
    give(settings, message, "The decrypted message", partial(CipherResult, mode), out=out, as_hex=as_hex, secret=True)


@command.command(name="mac", short_help="Calculate the MAC of a file.")
@click.argument("path", type=FILE_OR_INPUT)
@click.option("--mode", type=NamedChoice(["cmac", "cbc-mac"]), default="cmac", help="Kind of MAC (default: cmac).")
@authorize_option
@common_options()
@pass_settings
def mac(settings: Settings, path: str, mode: str) -> None:
    """Calculate the MAC of a file, 16 bytes, and print it in hex.

    CBC-MAC is secure only if all messages have the same length, in whole blocks. CMAC takes any length.
    """
    settings.check_query(AesMacResult)
    message = read_whole(path, empty=False)
    chosen = plan_mac(message, mode)
    refuse_a_blank_chip(settings, resolve("aes", KEY).oid)
    with settings.open_chip() as chip:
        value = chip.crypto.mac(message, chosen)
    settings.print_result(AesMacResult(mode, value), text=value.hex())
