"""Passphrases in environment variables: taken out of the environment, so that no child process inherits them."""

from __future__ import annotations

import os

import click

CA_PASSPHRASE = "OPTIGA_CA_PASSPHRASE"
SIGNER_PASSPHRASE = "OPTIGA_SIGNER_PASSPHRASE"
FILE_PASSPHRASE = "OPTIGA_FILE_PASSPHRASE"
_NAMES = (CA_PASSPHRASE, SIGNER_PASSPHRASE, FILE_PASSPHRASE)
_TAKEN = "optiga.passphrases"


def take_passphrases(ctx: click.Context) -> None:
    """Take the passphrases out of the environment as long as a command runs.

    A child process would inherit them otherwise: the ``credential_process`` of the AWS configuration, for example.
    """
    taken = {name: os.environ.pop(name) for name in _NAMES if name in os.environ}
    ctx.meta[_TAKEN] = taken
    ctx.call_on_close(lambda: os.environ.update(taken))  # for a program that calls the command line


def find_passphrase(name: str) -> str | None:
    """The value of an environment variable that may have been taken; None if it is not set or empty."""
    ctx = click.get_current_context(silent=True)
    taken: dict[str, str] = ctx.meta.get(_TAKEN, {}) if ctx else {}
    return taken.get(name) or os.environ.get(name) or None


def is_folder_gone() -> bool:
    """Whether the current folder has been deleted, so that no name is found in it and none can be made absolute."""
    try:
        os.getcwd()  # noqa: PTH109 - every start loads this module, and pathlib is slow to load
    except FileNotFoundError:
        return True
    return False
