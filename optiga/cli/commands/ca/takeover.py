"""``ca import`` and ``ca renew``: a CA that exists already goes on."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import click

from optiga.ca.authority import INTERMEDIATE_DAYS
from optiga.ca.creation import create_imported
from optiga.ca.existing import SourceFile, find_existing
from optiga.ca.folder import CaFolder, check_made_elsewhere, check_new
from optiga.ca.history import read_history
from optiga.ca.naming import check_patterns
from optiga.ca.passphrase_rules import names_in
from optiga.ca.renewal import check_renewal
from optiga.ca.renewal import renew as renew_ca
from optiga.ca.revocation import COMPROMISES
from optiga.ca.revoking import warnings_of_keys_unknown
from optiga.ca.settings import CaSettings, check_crl_url
from optiga.ca.standing import is_told_to_aws
from optiga.cli.commands.ca.authority import show_ca, warn_of_shortening
from optiga.cli.commands.ca.crl import DAYS
from optiga.cli.commands.ca.parsing import CaCommand, ImportCommand
from optiga.cli.commands.ca.results import CaResult
from optiga.cli.support.containers import container_passphrase
from optiga.cli.support.environment import FILE_PASSPHRASE
from optiga.cli.support.file_names import CA_FOLDER, FILE, FileName
from optiga.cli.support.filler import warn_of_filler
from optiga.cli.support.options import called
from optiga.cli.support.passphrase import (
    no_passphrase_option,
    open_authority,
    open_parent,
    passphrase_options,
    read_new_passphrase,
    read_or_ask,
    use_passphrase,
    warn_of_crl,
)
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.errors import counted
from optiga.files.shown import file_in_command

_MOST_NAMED = 5
"""Most files in a warning."""


@click.command(name="import", cls=ImportCommand)
@click.argument("path", type=CA_FOLDER)
@click.option(
    "--certificate", type=FILE, required=True, help="The CA's certificate: PEM, DER, PKCS #7, or PKCS #12 with its key."
)
@click.option(
    "--key",
    type=FILE,
    help="The CA's private key: PEM, DER or PKCS #12 (default: the key in the file of --certificate).",
)
@click.option(
    "--chain", type=FILE, multiple=True, help="Certificates above an intermediate CA. May be given several times."
)
@click.option(
    "--issued",
    type=FileName("FILE|DIR", takes_folder=True),
    multiple=True,
    help="Certificates that the CA has issued: a file, or a folder of .pem, .crt, .cer and .der files. May be given "
    "several times.",
)
@click.option(
    "--crl", "last_crl", type=FILE, help="Last CRL that the CA has published. Certificates revoked there stay revoked."
)
@click.option(
    "--crl-url",
    metavar="URL",
    help="URL (http) of the CRL, put into issued certificates (default: none).",
)
@click.option(
    "--allow-dns",
    metavar="NAME",
    multiple=True,
    help="DNS name that the CA may certify, as with 'ca init' (default: none).",
)
@click.option(
    "--key-passphrase-file",
    type=FILE,
    help=f"File whose first line is the passphrase of the key's file (default: environment variable "
    f"{FILE_PASSPHRASE}, else asked for).",
)
@passphrase_options
@no_passphrase_option
@common_options(board=False)
@pass_settings
def import_(
    settings: Settings,
    path: str,
    certificate: str,
    key: str | None,
    chain: tuple[str, ...],
    issued: tuple[str, ...],
    last_crl: str | None,
    crl_url: str | None,
    allow_dns: tuple[str, ...],
    key_passphrase_file: str | None,
    passphrase_file: str | None,
    ask_passphrase: bool,
    no_passphrase: bool,
) -> None:
    """Import a CA that was made elsewhere into a folder that is new or empty.

    The CA's key is encrypted with a new passphrase, as with 'ca init'. Certificates that the CA has issued stay
    valid. Certificates named with --issued can be revoked here.
    """
    settings.check_query(CaResult)
    if no_passphrase and ask_passphrase:
        raise click.UsageError("--no-passphrase and --ask-passphrase do not go together.")
    ca_settings = CaSettings(check_crl_url(crl_url) if crl_url is not None else "", check_patterns(allow_dns))
    check_new(Path(path))
    for own in (certificate, key):
        if own is not None:
            check_made_elsewhere(Path(own))
    files = [SourceFile.read(Path(certificate))]
    if key is not None and not _is_same(key, certificate):
        files.append(SourceFile.read(Path(key), secret=True))
    files += [SourceFile.read(Path(name)) for name in chain]
    opening, prompt = None, "Passphrase"
    if locked := next((file for file in files if file.needs_passphrase), None):
        ask = key_passphrase_file is None and ask_passphrase
        prompt = f"Passphrase of {locked.name}"
        opening = read_or_ask(key_passphrase_file, ask=ask, prompt=prompt, environment=FILE_PASSPHRASE)
    elif key_passphrase_file is not None:
        settings.warn(f"the key in {key or certificate} is not encrypted: the passphrase is not needed")
    existing, opening = use_passphrase(opening, partial(find_existing, files), prompt=prompt)
    with called(file_passphrase=f"its passphrase in the environment variable {FILE_PASSPHRASE}"):
        history = read_history(
            existing.certificate,
            [Path(name) for name in issued],
            Path(last_crl) if last_crl else None,
            passphrase=container_passphrase(settings, None) if issued else None,
        )
    warn_of_filler(settings, last_crl)
    passphrase = read_new_passphrase(
        passphrase_file,
        ask=ask_passphrase,
        none=no_passphrase,
        prompt=f"New passphrase of {path}",
        names=names_in(existing.certificate),
    )
    value = passphrase.value if passphrase else None
    folder = create_imported(Path(path), existing, history, passphrase=value, settings=ca_settings)
    for warning in (*existing.warnings, *(opening.warnings if opening else ())):
        settings.warn(warning)
    if history.left_out:
        named = ", ".join(map(str, history.left_out[:_MOST_NAMED])) + " …" * (len(history.left_out) > _MOST_NAMED)
        settings.warn(f"certificates that {folder.certificate.subject} has not issued were left out: {named}")
    if history.unknown:
        settings.warn(
            f"only the serial numbers are known of {counted(len(history.unknown), 'certificate')} that {last_crl} "
            "revokes: 'ca revoke FILE' adds a certificate later"
        )
    compromised = [one.serial for one in history.unknown if one.reason in COMPROMISES]
    for warning in warnings_of_keys_unknown(compromised):
        settings.warn(warning[:1].lower() + warning[1:])
    if last_crl is None:
        settings.warn(
            f"the new CRL, {folder.crl_path}, revokes nothing: do not publish it in place of a CRL of this CA that "
            "revokes certificates. Import that CRL with --crl"
        )
    show_ca(settings, folder, passphrase)


@click.command(name="renew", cls=CaCommand)
@click.argument("ca_path", type=CA_FOLDER)
@click.option(
    "--ca",
    "parent_path",
    type=FileName("PARENT", takes_folder=True),
    help="Folder of the root CA that certified the intermediate CA.",
)
@click.option(
    "--days",
    type=DAYS,
    metavar="DAYS",
    help="Days that the certificate is valid (default: 7300 for a root CA, else 3650).",
)
@passphrase_options
@click.option(
    "--ca-passphrase-file",
    type=FILE,
    help="File whose first line is the passphrase of PARENT's key (default: environment variable "
    "OPTIGA_CA_PASSPHRASE).",
)
@common_options(board=False)
@pass_settings
def renew(
    settings: Settings,
    ca_path: str,
    parent_path: str | None,
    days: int | None,
    passphrase_file: str | None,
    ask_passphrase: bool,
    ca_passphrase_file: str | None,
) -> None:
    """Give the CA in a folder a new certificate with new dates. Key and name stay the same.

    Certificates that the CA has issued stay valid. The CA in PARENT signs the certificate of an intermediate CA; a
    root CA signs its own.
    """
    if parent_path is None and ca_passphrase_file is not None:
        raise click.UsageError("--ca-passphrase-file requires --ca.")
    settings.check_query(CaResult)
    above = CaFolder.open(Path(parent_path)) if parent_path else None
    check_renewal(CaFolder.open(Path(ca_path)), above, days=days)  # before a passphrase is asked for
    parent = open_parent(settings, parent_path, ca_passphrase_file, ask=ask_passphrase) if parent_path else None
    authority = open_authority(settings, ca_path, passphrase_file, ask=ask_passphrase)
    folder, warnings = renew_ca(authority, parent, days=days)
    for warning in warnings:
        settings.warn(warning[:1].lower() + warning[1:])
    if parent is not None and days is None:
        warn_of_shortening(settings, folder.certificate, (parent.certificate,), INTERMEDIATE_DAYS)
    warn_of_crl(settings, folder)
    settings.note(f"Hand out {folder.path / 'ca.pem'} again: the old certificate expires on its own date")
    if is_told_to_aws(folder):
        settings.note(
            f"AWS IoT knows a CA by its certificate. If this CA is registered there, register its new certificate: "
            f"'ca register {file_in_command(folder.path)}'"
        )
    show_ca(settings, folder, None)


def _is_same(one: str, other: str) -> bool:
    """Whether two names are of one file."""
    return os.path.realpath(one) == os.path.realpath(other)
