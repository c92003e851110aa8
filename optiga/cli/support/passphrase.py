"""A CA of one's own, opened: its key's passphrase from a file, the environment, or whoever sits at the terminal."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from optiga.cli.support.file_names import FILE
from optiga.cli.support.settings import Settings, together
from optiga.errors import ConfigurationError

if TYPE_CHECKING:
    from optiga.ca.authority import CertificateAuthority

ENVIRONMENT = "OPTIGA_CA_PASSPHRASE"
_MAX_FILE_SIZE = 1 << 16


passphrase_options = together(
    click.option(
        "--passphrase-file",
        type=FILE,
        help=f"Its first line is the passphrase. [environment variable {ENVIRONMENT}]",
    ),
    click.option("--ask-passphrase", is_flag=True, help="Ask for the passphrase of the CA's key."),
)
"""``--passphrase-file`` and ``--ask-passphrase``, as ``passphrase_file`` and ``ask_passphrase``."""


def read_passphrase(
    file: str | None, *, ask: bool, prompt: str = "Passphrase", new: bool = False, environment: str = ENVIRONMENT
) -> bytes | None:
    """The passphrase, None if there is none.

    :param file: a file whose first line it is; counts before the environment.
    :param ask: ask at the terminal; counts before the environment.
    :param new: have it typed twice.
    :param environment: the variable that holds it; empty for none.
    :raises ConfigurationError: if the file cannot be read or begins with an empty line, or nobody can be asked.
    """
    if file is not None and ask:
        raise click.UsageError("--passphrase-file and --ask-passphrase do not go together.")
    if file is not None:
        from optiga.files.files import read_input

        lines = read_input(Path(file), "passphrase", _MAX_FILE_SIZE).splitlines()
        if not lines or not lines[0]:
            raise ConfigurationError(f"there is no passphrase in the first line of {file}")
        return lines[0]
    if ask:
        if sys.stdin is None or not sys.stdin.isatty():
            raise ConfigurationError(
                "nobody can be asked for the passphrase: standard input is no terminal",
                hint=f"Use --passphrase-file or the environment variable {environment}"
                if environment
                else "Use a file of it",
            )
        return os.fsencode(click.prompt(prompt, hide_input=True, confirmation_prompt=new, err=True))
    value = os.environ.get(environment) if environment else None
    return os.fsencode(value) if value else None


def open_authority(settings: Settings, path: str, passphrase_file: str | None, *, ask: bool) -> CertificateAuthority:
    """Open the CA in a folder with the passphrase that the options of :func:`passphrase_options` lead to.

    :raises OptigaError: if that cannot be.
    """
    from optiga.ca.authority import CertificateAuthority

    passphrase = read_passphrase(passphrase_file, ask=ask, prompt=f"Passphrase of {path}")
    authority = CertificateAuthority.open(Path(path), passphrase)
    warn_of(settings, authority)
    return authority


def warn_of(settings: Settings, authority: CertificateAuthority) -> None:
    """Say what the owner of a CA should know."""
    for warning in authority.warnings:
        settings.warn(warning)
