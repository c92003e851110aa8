"""``ca passphrase``: the key of a CA, encrypted anew."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import click

from optiga.ca.folder import KEY
from optiga.ca.keys import is_passphrase_of
from optiga.ca.passphrase_rules import names_in
from optiga.cli.commands.ca.parsing import CaCommand
from optiga.cli.support.file_names import CA_FOLDER, FILE
from optiga.cli.support.passphrase import (
    no_passphrase_option,
    open_authority,
    passphrase_options,
    read_new_passphrase,
)
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.files.shown import shown_path
from optiga.results import SAID


@dataclass(frozen=True, slots=True)
class CaPassphraseResult:
    """The result of ``ca passphrase``.

    :param ca: subject of the CA, as RFC 4514 has it.
    :param key_file: its private key.
    :param warnings: what was warned of, one sentence each.
    """

    ca: str
    key_file: str
    key_encrypted: bool
    warnings: tuple[str, ...] = field(default=(), metadata=SAID)


@click.command(name="passphrase", cls=CaCommand)
@click.argument("ca_path", type=CA_FOLDER)
@passphrase_options
@click.option(
    "--new-passphrase-file",
    type=FILE,
    help="File whose first line is the new passphrase (default: ask at the terminal).",
)
@no_passphrase_option
@common_options(board=False)
@pass_settings
def command(
    settings: Settings,
    ca_path: str,
    passphrase_file: str | None,
    ask_passphrase: bool,
    new_passphrase_file: str | None,
    no_passphrase: bool,
) -> None:
    """Change the passphrase of the key of the CA in a folder, or give it one.

    Give the current passphrase with --passphrase-file, --ask-passphrase or OPTIGA_CA_PASSPHRASE. Copies of the
    folder keep the old passphrase, or the unencrypted key.
    """
    settings.check_query(CaPassphraseResult)
    authority = open_authority(settings, ca_path, passphrase_file, ask=ask_passphrase)
    new = read_new_passphrase(
        new_passphrase_file,
        ask=False,
        none=no_passphrase,
        prompt=f"New passphrase of {ca_path}",
        option="--new-passphrase-file",
        environment=False,
        is_old=partial(is_passphrase_of, authority.folder),
        names=names_in(authority.certificate),
    )
    folder = authority.change_passphrase(new.value if new else None)
    for warning in new.warnings if new else ():
        settings.warn(warning)
    if new is None:
        settings.note(
            f"The CA's key lies in {shown_path(folder.path)} unencrypted: anyone who can read it can issue certificates"
        )
    else:
        was_open = not authority.folder.key_is_encrypted
        settings.note(
            "Copies of the folder still hold the key unencrypted: delete them"
            if was_open
            else "Copies of the folder still use the old passphrase"
        )
    settings.print_result(
        CaPassphraseResult(folder.certificate.subject, str(folder.path / KEY), folder.key_is_encrypted)
    )
