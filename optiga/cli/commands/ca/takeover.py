"""``ca import`` and ``ca renew``: a CA that exists already goes on."""

from __future__ import annotations

import os
from pathlib import Path

import click

from optiga.ca.creation import create_imported
from optiga.ca.existing import SourceFile, find_existing
from optiga.ca.folder import check_made_elsewhere, check_new
from optiga.ca.history import read_history
from optiga.ca.naming import check_patterns
from optiga.ca.renewal import renew as renew_ca
from optiga.ca.settings import CaSettings, check_crl_url
from optiga.cli.commands.ca.authority import show_ca
from optiga.cli.commands.ca.crl import DAYS
from optiga.cli.commands.ca.results import CaResult
from optiga.cli.support.environment import FILE_PASSPHRASE
from optiga.cli.support.file_names import FILE, FOLDER, FileName
from optiga.cli.support.passphrase import (
    no_passphrase_option,
    open_authority,
    open_parent,
    passphrase_options,
    read_new_passphrase,
    read_or_ask,
    warn_of_crl,
)
from optiga.cli.support.settings import Settings, common_options, pass_settings


@click.command(name="import")
@click.argument("path", type=FOLDER)
@click.option(
    "--certificate", type=FILE, required=True, help="The CA's certificate: PEM, DER, PKCS #7, or PKCS #12 with its key."
)
@click.option("--key", type=FILE, help="Its private key: PEM, DER or PKCS #12. [the one in the file of --certificate]")
@click.option("--chain", type=FILE, multiple=True, help="Certificates above an intermediate; several times.")
@click.option("--issued", type=FILE, multiple=True, help="Certificates that it has issued; several times.")
@click.option("--crl", "last_crl", type=FILE, help="The last CRL that it gave out: what it revokes stays revoked.")
@click.option("--crl-url", metavar="URL", help="Where its CRL will be (http), named in what it signs. [nowhere]")
@click.option(
    "--allow-dns", metavar="NAME", multiple=True, help="DNS name that it may certify, as with 'ca init'. [none]"
)
@click.option(
    "--key-passphrase-file",
    type=FILE,
    help=f"Its first line opens the file of the key. [environment variable {FILE_PASSPHRASE}, else asked for]",
)
@passphrase_options
@no_passphrase_option
@common_options()
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
    """Take over a CA that was made elsewhere, into a folder that is not there yet or empty.

    Its key is encrypted anew, as with 'ca init'. What it has issued so far stays valid; what --issued names can be
    revoked from here.
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
    opening = None
    if locked := next((file for file in files if file.needs_passphrase), None):
        ask = key_passphrase_file is None and ask_passphrase
        prompt = f"Passphrase of {locked.name}"
        opening = read_or_ask(key_passphrase_file, ask=ask, prompt=prompt, environment=FILE_PASSPHRASE)
    existing = find_existing(files, opening)
    history = read_history(existing.certificate, [Path(name) for name in issued], Path(last_crl) if last_crl else None)
    passphrase = read_new_passphrase(
        passphrase_file, ask=ask_passphrase, none=no_passphrase, prompt="Passphrase of the imported CA"
    )
    value = passphrase.value if passphrase else None
    folder = create_imported(Path(path), existing, history, passphrase=value, settings=ca_settings)
    for warning in (*existing.warnings, *(opening.warnings if opening else ())):
        settings.warn(warning)
    if last_crl is None:
        settings.warn(
            f"the new CRL, {folder.crl_path}, revokes nothing: it must not take the place of one of this CA that does, "
            "which --crl takes over"
        )
    show_ca(settings, folder, passphrase)


@click.command(name="renew")
@click.argument("ca_path", metavar="CA", type=FOLDER)
@click.option("--ca", "parent_path", type=FileName("PARENT"), help="Folder of the CA that has certified it.")
@click.option("--days", type=DAYS, metavar="N", help="Days that it is valid. [7300 for a root, else 3650]")
@passphrase_options
@click.option("--ca-passphrase-file", type=FILE, help="The same for the key of PARENT. [the environment variable]")
@common_options()
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
    """Give the CA in a folder a new certificate, with new dates and the key and name that it has.

    What it has issued stays valid. An intermediate's is signed by the CA in PARENT, a root's by itself.
    """
    settings.check_query(CaResult)
    parent = open_parent(settings, parent_path, ca_passphrase_file, ask=ask_passphrase) if parent_path else None
    authority = open_authority(settings, ca_path, passphrase_file, ask=ask_passphrase)
    folder = renew_ca(authority, parent, days=days)
    warn_of_crl(settings, folder)
    settings.note(f"Hand out {folder.path / 'ca.pem'} anew: the certificate before it ends as it would have ended")
    show_ca(settings, folder, None)


def _is_same(one: str, other: str) -> bool:
    """Whether two names are of one file."""
    return os.path.realpath(one) == os.path.realpath(other)
