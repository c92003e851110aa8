"""``key draw``: a key for the host, made by the chip."""

from __future__ import annotations

from dataclasses import dataclass

import click

from optiga.cli.support.confirm import yes_option
from optiga.cli.support.content import check_out, save
from optiga.cli.support.file_names import out_file_option
from optiga.cli.support.printing import check_standard_output, print_lines
from optiga.cli.support.replacing import check_key_replaced, check_replaced
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.identity.drawn_keys import check_algorithm, draw_key


@dataclass(frozen=True, slots=True)
class DrawnKeyResult:
    """The result of ``key draw``.

    :param algorithm: for example ``secp256r1`` or ``aes256``.
    :param key: a private key as PEM (PKCS #8, not encrypted), an AES key in hex; None where it went into a file.
    :param public_key: PEM (SubjectPublicKeyInfo); None for an AES key.
    :param file: what the key was written to; None if to none.
    """

    algorithm: str
    key: str | None
    public_key: str | None
    file: str | None


@click.command(name="draw")
@click.argument("algorithm", metavar="ALGORITHM")
@out_file_option("Output file for the key; only you can read it (default: standard output).", secret=True)
@yes_option
@common_options()
@pass_settings
def draw(settings: Settings, algorithm: str, out: str | None, yes: bool) -> None:
    """Generate a key for the host from the chip's true random number generator. The chip does not keep the key.

    ALGORITHM is secp256r1, secp384r1, secp521r1, brainpoolp256r1, brainpoolp384r1, brainpoolp512r1, rsa1024, rsa2048,
    aes128, aes192 or aes256. A private key is printed as PEM (PKCS #8, not encrypted). An AES key is printed in
    hex; in a file it is bytes. A file with a private key is replaced only with --yes; at a terminal, the command asks.
    """
    chosen = check_algorithm(algorithm)
    settings.check_query(DrawnKeyResult)
    check_out(out, secret=True, over_keys=True)  # the user is asked
    if out is None:
        check_standard_output("the key")
    else:
        check_key_replaced(settings, out, yes=yes)
        check_replaced(settings, out, None, is_kept=True, yes=yes)
    settings.warn_of_network("the key")
    with settings.open_chip() as chip:
        key = draw_key(chip, chosen)
    if out is not None:
        save(settings, out, key.content, "The key", secret=True, is_kept=True)
    else:
        settings.warn("this is a secret key: anyone who sees it can use it")
    if settings.wants_result:
        shown = None if out is not None else key.text
        settings.print_result(DrawnKeyResult(key.algorithm.title, shown, key.public_key or None, out))
    elif out is None:
        print_lines(key.text, line_break=not key.public_key)
