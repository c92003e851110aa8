"""``random``, ``hash`` and ``hmac``: what the chip calculates without a key of a slot."""

from __future__ import annotations

from dataclasses import dataclass

import click

from optiga.cli.support.authorization import authorize_option
from optiga.cli.support.choices import WholeNumber
from optiga.cli.support.content import (
    check_not_terminal,
    check_out,
    deliver,
    hash_option,
    read_whole,
    save,
)
from optiga.cli.support.file_names import FILE_OR_INPUT, STANDARD_OUTPUT, out_file_option
from optiga.cli.support.options import of_option
from optiga.cli.support.replacing import check_replaced
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.crypto.toolbox_jobs import draw_random, hash_object
from optiga.objects.addressing import READABLE, SHARED_SECRET, resolve

_MAX_RANDOM = 1 << 24


@dataclass(frozen=True, slots=True)
class RandomResult:
    """The result of ``random``.

    :param size: number of bytes.
    :param random: these; None where they went into a file.
    :param file: what they were written to; None if to none.
    """

    size: int
    random: bytes | None
    file: str | None


@dataclass(frozen=True, slots=True)
class DigestResult:
    """The result of ``hash``.

    :param hash: its name, ``sha256``.
    :param digest: 32 bytes.
    """

    hash: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class MacResult:
    """The result of ``hmac``.

    :param hash: its name: ``sha256``, ``sha384`` or ``sha512``.
    :param mac: as many bytes as the hash has.
    """

    hash: str
    mac: bytes


@click.command(name="random")
@click.argument("size", metavar="N", type=WholeNumber(1, _MAX_RANDOM))
@click.option(
    "--hex",
    "as_hex",
    is_flag=True,
    help="Write hex, to a file, too (default: hex on standard output, bytes in a file).",
)
@click.option("--raw", is_flag=True, help="Write bytes to standard output.")
@out_file_option("Output file for the bytes, which only you can read; - for standard output.")
@common_options()
@pass_settings
def random(settings: Settings, size: int, as_hex: bool, raw: bool, out: str | None) -> None:
    """Get N random bytes from the chip's true random number generator."""
    if as_hex and raw:
        raise click.UsageError("--hex and --raw do not go together.")
    if out == STANDARD_OUTPUT:
        out, raw = None, not as_hex
    settings.check_query(RandomResult)
    check_out(out, secret=True)
    if out is not None:
        check_replaced(settings, out, None, is_kept=False)
    if raw and out is None and not settings.wants_result:
        check_not_terminal("random bytes", "omit --raw and --out - to print hex")
    with settings.open_chip() as chip:
        drawn = draw_random(chip, size)
    if settings.wants_result:
        if out is not None:
            save(settings, out, drawn.hex().encode() + b"\n" if as_hex else drawn, "Random data", secret=True)
        settings.print_result(RandomResult(size, None if out is not None else drawn, out))
        return
    deliver(settings, drawn, "Random data", out=out, as_hex=as_hex or (out is None and not raw), secret=True)


@click.command(name="hash")
@click.argument("path", type=FILE_OR_INPUT, required=False)
@click.option("--object", "oid", metavar="OID", help="Hash the data of this object instead of a file.")
@authorize_option
@common_options()
@pass_settings
def hash_command(settings: Settings, path: str | None, oid: str | None) -> None:
    """Have the chip calculate the SHA-256 of a file or of an object, and print it in hex."""
    if (path is None) == (oid is None):
        raise click.UsageError(f"Name a FILE, or an object with --object{', not both' if oid is not None else ''}.")
    with of_option("--object"):
        target = None if oid is None else resolve(oid, READABLE)
    settings.check_query(DigestResult)
    message = b"" if path is None else read_whole(path)
    with settings.open_chip(*([target.oid] if target else [])) as chip:
        digest = chip.crypto.sha256(message) if target is None else hash_object(chip, target)
    settings.print_result(DigestResult("sha256", digest), text=digest.hex())


@click.command(name="hmac")
@click.argument("path", type=FILE_OR_INPUT)
@click.option(
    "--key", "oid", metavar="OID", required=True, help="Object with the secret, of the type pre-shared secret: 0xF1D0 …"
)
@hash_option
@authorize_option
@common_options()
@pass_settings
def hmac(settings: Settings, path: str, oid: str, hash_name: str) -> None:
    """Have the chip calculate the HMAC of a file with a secret that it holds, and print it in hex."""
    with of_option("--key"):
        secret = resolve(oid, SHARED_SECRET).oid
    settings.check_query(MacResult)
    message = read_whole(path, empty=False)
    with settings.open_chip(secret) as chip:
        mac = chip.crypto.hmac(secret, message, hash_name)
    settings.print_result(MacResult(hash_name, mac), text=mac.hex())
