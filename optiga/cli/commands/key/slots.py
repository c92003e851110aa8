"""The commands of ``key`` that are about keys themselves: list, generate, public, ecdh."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import click

from optiga.chip.key_fate import KeyFate
from optiga.cli.render.access import access_table
from optiga.cli.support.authorization import authorize_option
from optiga.cli.support.chip_files import refuse_a_blank_chip
from optiga.cli.support.choices import NamedChoice, WholeNumber
from optiga.cli.support.confirm import confirm, yes_option
from optiga.cli.support.content import check_not_lost_to_new_chip, check_out, save
from optiga.cli.support.file_names import FileName, out_file_option
from optiga.cli.support.filler import warn_of_filler
from optiga.cli.support.options import of_option
from optiga.cli.support.printing import check_standard_output, print_lines, say
from optiga.cli.support.replacing import check_replaced
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.cli.support.unusable import warn_of_unusable
from optiga.cli.support.wide import wide_option, width_for
from optiga.crypto.shared_secrets import agree, load_peer
from optiga.errors import ConfigurationError, Reason
from optiga.identity.keys_on_chip import (
    KeyDescription,
    certified_key,
    find_algorithm,
    find_existing_key,
    list_keys,
    make_key,
    plan_key,
)
from optiga.objects.addressing import READABLE, resolve, resolve_slot
from optiga.objects.names import algorithm_other_names
from optiga.results import cell

_ALGORITHMS = (
    *("secp256r1", "secp384r1", "secp521r1"),
    *("brainpoolp256r1", "brainpoolp384r1", "brainpoolp512r1"),
    *("rsa1024", "rsa2048"),
)
_COLUMNS = ("oid", "slot", "algorithm", "usage", "life_cycle", "change", "execute")


@dataclass(frozen=True, slots=True)
class KeyList:
    """The result of ``key list``."""

    keys: tuple[KeyDescription, ...]


@dataclass(frozen=True, slots=True)
class GeneratedKey:
    """The result of ``key generate``.

    :param algorithm: for example ``secp256r1`` or ``aes256``.
    :param public_key: PEM (SubjectPublicKeyInfo); None for an AES key.
    :param file: what it was written to; None if to none.
    """

    oid: str
    slot: str
    algorithm: str
    usage: tuple[str, ...]
    public_key: str | None
    file: str | None


@dataclass(frozen=True, slots=True)
class PublicKeyResult:
    """The result of ``key public``.

    :param subject: of the certificate that the key is from, as RFC 4514 has it.
    :param key_match: True if the chip has proven that it has the private key; None if it could not be asked.
    :param public_key: PEM (SubjectPublicKeyInfo).
    :param file: what it was written to; None if to none.
    """

    oid: str
    slot: str
    algorithm: str
    subject: str
    key_match: bool | None
    public_key: str
    file: str | None


@dataclass(frozen=True, slots=True)
class AgreedSecret:
    """The result of ``key ecdh``.

    :param algorithm: of the keys, for example ``secp256r1``.
    :param session: the chip's session that keeps the secret, 1 to 4; None if it left the chip.
    :param secret: the x coordinate of the common point, unless a session or a file has it.
    :param file: what it was written to; None if to none.
    """

    oid: str
    slot: str
    algorithm: str
    session: int | None
    secret: bytes | None
    file: str | None


@click.command(name="list")
@wide_option
@common_options()
@pass_settings
def list_all(settings: Settings) -> None:
    """List every key object: slot, algorithm, key usage, life cycle state, and the access conditions for change and
    execute.
    """
    with settings.open_chip() as chip:
        keys = list_keys(chip)
    warn_of_unusable(settings, keys)
    rows = [tuple(cell(getattr(key, column)) for column in _COLUMNS) for key in keys]
    text, _ = access_table(_COLUMNS, rows, width_for(settings))
    settings.print_result(KeyList(tuple(keys)), text=text)


@click.command(name="generate")
@click.argument("name", metavar="SLOT|aes")
@click.option(
    "--algorithm",
    type=NamedChoice(_ALGORITHMS, find_algorithm, algorithm_other_names()),
    metavar="NAME",
    help="Algorithm of the key pair (default: secp256r1; in five and six: rsa2048).",
)
@click.option("--bits", type=NamedChoice(["128", "192", "256"]), help="Size of the AES key (default: 256).")
@click.option(
    "--usage",
    metavar="LIST",
    help="Key usage, separated by commas: authentication, signature, key_agreement, encryption.",
)
@out_file_option("Output file for the public key, PEM (default: standard output).", is_printed=True)
@yes_option
@authorize_option
@common_options()
@pass_settings
def generate(
    settings: Settings,
    name: str,
    algorithm: str | None,
    bits: str | None,
    usage: str | None,
    out: str | None,
    yes: bool,
) -> None:
    """Generate a key pair in a slot and print the public key, or generate the AES key (aes).

    The algorithms are secp256r1, secp384r1, secp521r1, brainpoolp256r1, brainpoolp384r1 and brainpoolp512r1; in the
    slots five and six: rsa1024 and rsa2048.

    The old key in the slot is lost for good. The chip outputs the public key only now: keep it, or generate the key
    with --csr. On a new chip, the AES key is locked.
    """
    plan = plan_key(name, algorithm=algorithm, bits=int(bits) if bits else None, usage=usage)
    if plan.slot is None and out is not None:
        raise ConfigurationError(
            "an AES key has no public key for --out",
            hint="It never leaves the chip",
            reason=Reason.CONFLICT,
            parameter="out",
        )
    settings.check_query(GeneratedKey)
    check_out(out)
    check_not_lost_to_new_chip(settings, out, is_kept=True, yes=yes)
    if out is None and plan.slot is not None:
        check_standard_output("the public key")
    with KeyFate(plan.oid) as fate:
        with settings.open_chip() as chip:
            held = find_existing_key(chip, plan)
            lost = [f"the current {held.algorithm} key will be lost"] if held.algorithm else []
            where = f"slot {plan.name}" if plan.slot else plan.name
            confirm(settings, f"Generating a new key in {where}", lost, yes=yes)
            if out is not None:
                check_replaced(settings, out, None, is_kept=True, yes=yes)
            public_key = make_key(chip, plan, fate)
            settings.note(f"There is a new key {plan.algorithm.title} in {plan.name}")
            if out is not None:  # before the chip is another run's, whose key and file would be newer
                _save_public_key(settings, out, public_key)
        if held.certificate:
            settings.warn(
                f"{held.certificate_oid} holds the certificate of {held.certificate}, which does not belong to the "
                "new key: write a new certificate"
            )
        result = GeneratedKey(
            oid=f"0x{plan.oid:04X}",
            slot=plan.slot.name if plan.slot else "aes",
            algorithm=plan.algorithm.title,
            usage=tuple(plan.usage.words),
            public_key=public_key or None,
            file=out,
        )
        try:
            if settings.wants_result:
                settings.print_result(result)
            elif out is None and public_key:
                settings.print_result(result, text=public_key.rstrip("\n"))
        except BaseException:
            if out is None:  # the chip does not tell it again
                say(public_key, line_break=False)
            raise


def _save_public_key(settings: Settings, out: str, public_key: str) -> None:
    """Into its file; if that fails now, to standard error and output, because the chip does not tell it again. Where
    both are terminals, once.
    """
    try:
        save(settings, out, public_key.encode("ascii"), "The public key", is_kept=True)
    except BaseException:
        say(public_key, line_break=False)
        if not (sys.stdout is not None and sys.stdout.isatty() and sys.stderr is not None and sys.stderr.isatty()):
            with suppress(OSError):  # it is said already
                click.echo(public_key, nl=False)
        raise


@click.command(name="public")
@click.argument("name", metavar="SLOT")
@click.option(
    "--certificate", "where", metavar="OID", help="Object with the certificate (default: certificate of the slot)."
)
@out_file_option("Output file for the public key, PEM (default: standard output).", is_printed=True)
@authorize_option
@common_options()
@pass_settings
def public(settings: Settings, name: str, where: str | None, out: str | None) -> None:
    """Print the public key of a slot as PEM, from the certificate in the slot.

    The chip outputs a public key only when it generates the key pair. If the key may sign, it proves with a
    signature that the certificate belongs to it.
    """
    slot = resolve_slot(name)
    if where is None:
        target = resolve(slot, READABLE)
    else:
        with of_option("--certificate"):
            target = resolve(where, READABLE)
    settings.check_query(PublicKeyResult)
    check_out(out)
    check_not_lost_to_new_chip(settings, out, is_kept=True)
    refuse_a_blank_chip(settings, target.oid)
    with settings.open_chip(slot.key_oid, target.oid) as chip:
        key = certified_key(chip, slot, target)
    settings.note(
        f"From the certificate of {key.subject} in {target.info.label}: the chip does not output the public key of "
        "an existing key"
    )
    if not key.key_match:
        settings.warn(key.text)
    if out is not None:
        save(settings, out, key.pem.encode("ascii"), "The public key", is_kept=True)
    if settings.wants_result:
        result = PublicKeyResult(
            oid=f"0x{slot.key_oid:04X}",
            slot=slot.name,
            algorithm=key.algorithm,
            subject=key.subject,
            key_match=key.key_match,
            public_key=key.pem,
            file=out,
        )
        settings.print_result(result)
    elif out is None:
        print_lines(key.pem, line_break=False)


@click.command(name="ecdh")
@click.argument("name", metavar="SLOT")
@click.argument("peer_path", type=FileName("PEER"))
@click.option(
    "--session",
    type=WholeNumber(1, 4),
    metavar="N",
    help="Keep the secret in this session of the chip and do not print it.",
)
@out_file_option("Output file, as bytes (default: standard output, in hex).", secret=True)
@authorize_option
@common_options()
@pass_settings
def ecdh(settings: Settings, name: str, peer_path: str, session: int | None, out: str | None) -> None:
    """Agree on a shared secret with the holder of PEER's private key (ECDH), and print the secret in hex.

    PEER is a public key or a certificate, PEM or DER, on the curve of the slot's key. The secret is the x
    coordinate of the shared point, before any key derivation. With --session, the chip keeps the secret until the
    next command opens the chip.
    """
    slot = resolve_slot(name)
    if session is not None and out is not None:
        raise click.UsageError("--session and --out do not go together: a secret in a session does not leave the chip.")
    peer = load_peer(Path(peer_path))
    warn_of_filler(settings, peer_path)
    settings.check_query(AgreedSecret)
    check_out(out, secret=True)
    if session is None:
        settings.warn_of_network("the secret")
    refuse_a_blank_chip(settings, slot.key_oid)
    with settings.open_chip(slot.key_oid) as chip:
        secret = agree(chip, slot, peer, session)
    if session is not None:
        settings.note(f"The secret is in session {session} of the chip until the next command opens the chip")
    elif out is None:
        settings.warn("this is the shared secret: anyone who sees it can read what it protects")
    if out is not None:
        save(settings, out, secret, "The shared secret", secret=True, is_kept=True)
    if settings.wants_result:
        result = AgreedSecret(
            oid=f"0x{slot.key_oid:04X}",
            slot=slot.name,
            algorithm=peer.title,
            session=session,
            secret=secret if out is None and session is None else None,
            file=out,
        )
        settings.print_result(result)
    elif out is None and session is None:
        print_lines(secret.hex())
