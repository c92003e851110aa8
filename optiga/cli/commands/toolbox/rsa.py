"""``rsa``, and with it ``key decrypt``: RSA encryption (RSAES-PKCS1-v1.5)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from optiga.cli.support.authorization import authorize_option
from optiga.cli.support.chip_files import refuse_a_blank_chip
from optiga.cli.support.content import check_out, give, hex_option, out_option, read_whole
from optiga.cli.support.file_names import FILE_OR_INPUT, KEY
from optiga.cli.support.filler import warn_of_filler
from optiga.cli.support.guesses import GuidedGroup
from optiga.cli.support.options import show_commands
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.crypto.toolbox_jobs import decrypt_rsa, plan_rsa_key
from optiga.objects.addressing import resolve_slot


@dataclass(frozen=True, slots=True)
class BytesResult:
    """The result of ``rsa encrypt``, ``rsa decrypt`` and ``key decrypt``.

    :param size: number of bytes that came of it.
    :param data: these; None where they went into a file.
    :param file: what they were written to; None if to none.
    """

    size: int
    data: bytes | None
    file: str | None


@click.group(cls=GuidedGroup, name="rsa", invoke_without_command=True)
@common_options()
@click.pass_context
def command(ctx: click.Context) -> None:
    """Encrypt with RSA public keys, and decrypt with the chip's RSA keys (slots five and six)."""
    if ctx.invoked_subcommand is None:
        show_commands(ctx)


@command.command(name="encrypt", short_help="Encrypt a short file on the chip.")
@click.argument("path", type=FILE_OR_INPUT)
@click.option("--key", "key_path", type=KEY, help="Public key or certificate to encrypt for, PEM or DER.")
@click.option("--certificate", "oid", metavar="OID", help="Object of the chip with the certificate to encrypt for.")
@out_option
@hex_option
@common_options()
@pass_settings
def encrypt(
    settings: Settings, path: str, key_path: str | None, oid: str | None, out: str | None, as_hex: bool
) -> None:
    """Encrypt a short file on the chip: at most 117 bytes for RSA-1024, 245 bytes for RSA-2048."""
    if (key_path is None) == (oid is None):
        both = ", not with both" if key_path is not None else ""
        raise click.UsageError(f"Name the key to encrypt for, either with --key or with --certificate{both}.")
    settings.check_query(BytesResult)
    message = read_whole(path, empty=False)
    key = plan_rsa_key(None if key_path is None else Path(key_path), oid, len(message))
    warn_of_filler(settings, key_path)
    check_out(out)
    refuse_a_blank_chip(settings, key if isinstance(key, int) else None)
    with settings.open_chip(*([key] if isinstance(key, int) else [])) as chip:
        protected = chip.crypto.encrypt_rsa(message, key)
    give(settings, protected, "The encrypted message", BytesResult, out=out, as_hex=as_hex)


@command.command(name="decrypt", short_help="Decrypt a file with a key of the chip.")
@click.argument("name", metavar="SLOT")
@click.argument("path", type=FILE_OR_INPUT)
@out_option
@hex_option
@authorize_option
@common_options()
@pass_settings
def decrypt(settings: Settings, name: str, path: str, out: str | None, as_hex: bool) -> None:
    """Decrypt a file with an RSA key of the chip. Only you can read the output file."""
    slot = resolve_slot(name)
    settings.check_query(BytesResult)
    protected = read_whole(path)
    check_out(out, secret=True)
    refuse_a_blank_chip(settings, slot.key_oid)
    with settings.open_chip(slot.key_oid) as chip:
        message = decrypt_rsa(chip, slot, protected)
    give(settings, message, "The decrypted message", BytesResult, out=out, as_hex=as_hex, secret=True)
