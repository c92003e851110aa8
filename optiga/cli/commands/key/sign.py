"""``key sign`` and ``key verify``."""

from __future__ import annotations

from dataclasses import dataclass

import click

from optiga.cli.support.authorization import authorize_option
from optiga.cli.support.chip_files import refuse_a_blank_chip
from optiga.cli.support.choices import NamedChoice
from optiga.cli.support.content import check_not_terminal, check_out, pieces, read_whole, save, write_bytes
from optiga.cli.support.file_names import FILE_OR_INPUT, FileName, is_standard_output, out_file_option
from optiga.cli.support.filler import warn_of_filler
from optiga.cli.support.replacing import check_replaced
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.crypto.signatures import digests_of, find_verifier, sign_digest, verify_on_chip
from optiga.objects.addressing import resolve_slot

_MAX_SIGNATURE = 1 << 12
_own_hash_option = click.option(
    "--hash",
    "hash_name",
    type=NamedChoice(["sha256", "sha384", "sha512"]),
    help="Hash algorithm (default: the hash that fits the key's curve; for RSA: sha256).",
)


@dataclass(frozen=True, slots=True)
class SignatureResult:
    """The result of ``key sign``.

    :param algorithm: of the key, for example ``secp256r1``.
    :param hash: that of the file: ``sha256``, ``sha384`` or ``sha512``.
    :param signature: in hex, or in base64 where that was asked for.
    :param file: what it was written to; None if to none.
    """

    oid: str
    slot: str
    algorithm: str
    hash: str
    signature: str
    file: str | None


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of ``key verify``: the signature is good.

    :param key: slot, object or file of the key, as it was named.
    :param algorithm: of the key, for example ``secp256r1``.
    :param hash: that of the file: ``sha256``, ``sha384`` or ``sha512``.
    """

    verified: bool
    key: str
    algorithm: str
    hash: str


@click.command(name="sign")
@click.argument("name", metavar="SLOT")
@click.argument("path", type=FILE_OR_INPUT)
@_own_hash_option
@out_file_option("Output file for the signature, - for standard output (default: standard output, in hex).")
@click.option(
    "--format",
    "form",
    type=NamedChoice(["der", "raw", "hex", "base64"]),
    help="Signature format: DER, r and s alone, or DER in hex or base64 (default: der with --out, otherwise hex).",
)
@authorize_option
@common_options()
@pass_settings
def sign(settings: Settings, name: str, path: str, hash_name: str | None, out: str | None, form: str | None) -> None:
    """Sign a file with a slot's key. The host hashes the file, and the chip signs the hash.

    An EC signature is an ECDSA-Sig-Value in DER, as in OpenSSL; raw is r and s, each as long as a coordinate. An
    RSA signature is PKCS #1 v1.5; der and raw are the same.
    """
    slot = resolve_slot(name)
    if is_bare := is_standard_output(settings, out):
        out, form = None, form or "der"
    chosen = form or ("der" if out is not None else "hex")
    settings.check_query(SignatureResult)
    check_out(out)
    if out is not None:
        check_replaced(settings, out, None, is_kept=False)
    if out is None and chosen in ("der", "raw") and (is_bare or not settings.wants_result):
        check_not_terminal(f"a signature in the form {chosen}", "--format hex to print hex")
    digests = digests_of(pieces(path), hash_name)
    refuse_a_blank_chip(settings, slot.key_oid)
    with settings.open_chip(slot.key_oid) as chip:
        signature = sign_digest(chip, slot, digests)
    content = signature.encoded(chosen)
    if out is not None:
        save(settings, out, content, "The signature")
    if settings.wants_result and not is_bare:
        result = SignatureResult(
            oid=f"0x{slot.key_oid:04X}",
            slot=slot.name,
            algorithm=signature.algorithm.title,
            hash=signature.hash_name,
            signature=content.hex() if chosen in ("der", "raw") else content.decode("ascii").strip(),
            file=out,
        )
        settings.print_result(result)
    elif out is None:
        write_bytes(content)


@click.command(name="verify")
@click.argument("name", metavar="SLOT|OID|KEY")
@click.argument("signature_path", type=FileName("SIGNATURE"))
@click.argument("path", type=FILE_OR_INPUT)
@_own_hash_option
@authorize_option
@common_options()
@pass_settings
def verify(settings: Settings, name: str, signature_path: str, path: str, hash_name: str | None) -> None:
    """Verify the signature of a file on the chip. The exit code is 5 if the signature is not valid.

    The public key comes from a slot's certificate, from a trust anchor (OID), or from a file (KEY): a public key or
    certificate, PEM or DER. SIGNATURE may be DER, raw, hex or base64.
    """
    verifier = find_verifier(name)
    warn_of_filler(settings, name if verifier.key else None)
    settings.check_query(Verification)
    if signature_path == path == "-":
        raise click.UsageError("SIGNATURE and FILE cannot both be standard input.")
    signature = read_whole(signature_path, "signature", limit=_MAX_SIGNATURE)
    digests = digests_of(pieces(path), hash_name)
    refuse_a_blank_chip(settings, verifier.target.oid if verifier.target else None)
    with settings.open_chip(*([verifier.target.oid] if verifier.target else [])) as chip:
        algorithm, used = verify_on_chip(chip, verifier, signature, digests)
    result = Verification(verified=True, key=name, algorithm=algorithm.title, hash=used)
    settings.print_result(result, text=f"The chip has verified the signature: {algorithm.title}, {used}")
