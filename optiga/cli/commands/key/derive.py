"""``key derive``: keys derived from a secret that the chip holds in a data object."""

from __future__ import annotations

from dataclasses import dataclass

import click

from optiga.cli.support.authorization import authorize_option
from optiga.cli.support.chip_files import refuse_a_blank_chip
from optiga.cli.support.choices import WholeNumber
from optiga.cli.support.content import check_out, hash_option, save, take_hex
from optiga.cli.support.file_names import out_file_option
from optiga.cli.support.guesses import GuidedGroup
from optiga.cli.support.options import of_option, show_commands
from optiga.cli.support.printing import print_lines
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.crypto.toolbox_jobs import check_hkdf, check_prf
from optiga.objects.addressing import SHARED_SECRET, resolve

_secret_option = click.option(
    "--secret",
    "oid",
    metavar="OID",
    required=True,
    help="Object with the secret, of the type pre-shared secret: 0xF1D0 …",
)
_size_option = click.option(
    "--size", type=WholeNumber(16, 256), metavar="N", required=True, help="Size of the key in bytes."
)
_out_option = out_file_option("Output file for the key, as bytes (default: standard output, in hex).", secret=True)


@dataclass(frozen=True, slots=True)
class DerivedKey:
    """The result of ``key derive``.

    :param method: ``hkdf-`` or ``tls-prf-`` and the hash, for example ``hkdf-sha256``.
    :param size: bytes of the key.
    :param key: None where it went into a file.
    :param file: what it was written to; None if to none.
    """

    method: str
    size: int
    key: bytes | None
    file: str | None


@click.group(cls=GuidedGroup, name="derive", invoke_without_command=True)
@common_options()
@click.pass_context
def command(ctx: click.Context) -> None:
    """Derive keys from a secret in the chip. The secret stays in the chip."""
    if ctx.invoked_subcommand is None:
        show_commands(ctx)


@command.command(name="hkdf")
@_secret_option
@_size_option
@click.option("--salt", callback=take_hex, default="", metavar="HEX", help="Salt (default: none).")
@click.option(
    "--info", callback=take_hex, default="", metavar="HEX", help="Context of the key, the info of HKDF (default: none)."
)
@hash_option
@_out_option
@authorize_option
@common_options()
@pass_settings
def hkdf(settings: Settings, oid: str, size: int, salt: bytes, info: bytes, hash_name: str, out: str | None) -> None:
    """Derive a key with HKDF (RFC 5869)."""
    with of_option("--secret"):
        secret = resolve(oid, SHARED_SECRET).oid
    settings.check_query(DerivedKey)
    check_hkdf(salt, info)
    check_out(out, secret=True)
    settings.warn_of_network("the key")
    refuse_a_blank_chip(settings, secret, "no secret")
    with settings.open_chip(secret) as chip:
        key = chip.crypto.hkdf(secret, size, salt=salt, info=info, hash_name=hash_name)
    _give(settings, f"hkdf-{hash_name}", key, out)


@command.command(name="tls-prf", short_help="Derive a key with the TLS 1.2 PRF.")
@_secret_option
@_size_option
@click.option("--label", metavar="TEXT", required=True, help="Label, for example 'key expansion'.")
@click.option("--seed", callback=take_hex, default="", metavar="HEX", help="Seed (default: none).")
@hash_option
@_out_option
@authorize_option
@common_options()
@pass_settings
def tls_prf(settings: Settings, oid: str, size: int, label: str, seed: bytes, hash_name: str, out: str | None) -> None:
    """Derive a key with the TLS 1.2 PRF (RFC 5246, section 5). Label and seed together have 8 to 1024 bytes."""
    with of_option("--secret"):
        secret = resolve(oid, SHARED_SECRET).oid
    settings.check_query(DerivedKey)
    encoded = label.encode("utf-8", "surrogateescape")
    check_prf(encoded, seed)
    check_out(out, secret=True)
    settings.warn_of_network("the key")
    refuse_a_blank_chip(settings, secret, "no secret")
    with settings.open_chip(secret) as chip:
        key = chip.crypto.tls_prf(secret, encoded, seed, size, hash_name=hash_name)
    _give(settings, f"tls-prf-{hash_name}", key, out)


def _give(settings: Settings, method: str, key: bytes, out: str | None) -> None:
    if out is not None:
        save(settings, out, key, "The derived key", secret=True, is_kept=True)
    else:
        settings.warn("this is a secret key: anyone who sees it can read what it protects")
    if settings.wants_result:
        settings.print_result(DerivedKey(method, len(key), key if out is None else None, out))
    elif out is None:
        print_lines(key.hex())
