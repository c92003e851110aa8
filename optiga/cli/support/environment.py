"""What the environment says: the port, and passphrases, which are taken out so that no child process inherits them."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from importlib import import_module

import click

from optiga.errors import BoardError, ConfigurationError, OptigaError, Reason

PORT = "OPTIGA_PORT"
CA_PASSPHRASE = "OPTIGA_CA_PASSPHRASE"
SIGNER_PASSPHRASE = "OPTIGA_SIGNER_PASSPHRASE"
FILE_PASSPHRASE = "OPTIGA_FILE_PASSPHRASE"
_NAMES = (CA_PASSPHRASE, SIGNER_PASSPHRASE, FILE_PASSPHRASE)
_OF_FILES = (Reason.NOT_FOUND, Reason.NOT_WRITABLE)
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


def folder_gone() -> ConfigurationError:
    """The error of a current folder that has been deleted."""
    return ConfigurationError(
        "the current folder no longer exists", hint="Change to another folder", reason=Reason.NOT_FOUND
    )


def explain(error: OptigaError, arguments: Sequence[str]) -> None:
    """Have an error say what of it comes from where the command runs: its folder and its environment."""
    explain_missing(error, arguments)
    if error.reason is Reason.NOT_FOUND and isinstance(error, ConfigurationError) and not is_folder_gone():
        import_module("optiga.cli.support.file_guesses").advise_of_file(error, arguments)
    if error.path and error.reason is Reason.WRONG_TYPE:
        import_module("optiga.cli.support.other_files").advise_of_kind(error, arguments)
    if error.reason is Reason.BUSY:
        import_module("optiga.cli.support.served_chips").advise_of_server(error)
    given = os.environ.get(PORT, "")
    if not given or any(word.partition("=")[0] == "--port" for word in arguments):
        return
    value = given.strip()
    said = "" if value == "emulator" else error.message  # that word may mean anything
    is_told = isinstance(error, (BoardError, ConfigurationError))
    is_told = is_told and bool(re.search(rf"(?<!\w){_texts(value)}(?!\w)", said) if value else _is_blank(error))
    if is_told or (isinstance(error, BoardError) and error.port == value):
        error.advise(f"The port is set in the environment variable {PORT}. For another port, use --port")


def _texts(port: str) -> str:
    """A pattern for what messages have of a port: the whole of it, or the file of its secret."""
    _, *words = re.split(r"[?&]", port)
    secrets = [re.escape(f"platform binding secret {value}") for word in words if (value := word.partition("=")[2])]
    return f"(?:{'|'.join([re.escape(port), *secrets])})"


def _is_blank(error: OptigaError) -> bool:
    """Whether an error is of a port of blanks, which the library takes for an empty one."""
    return isinstance(error, ConfigurationError) and error.parameter == "port"


def explain_missing(error: OptigaError, arguments: Sequence[str]) -> None:
    """Have an error that a name of the command line is not found say so where the current folder is gone.

    What else its hint advises would be of no use there.
    """
    is_of_file = isinstance(error, (ConfigurationError, BoardError)) and error.reason in _OF_FILES
    if is_of_file and is_folder_gone():
        said = f"{getattr(error, 'port', None)}: {error.message}"
        words = {word.partition("=")[2] if word.startswith("-") else word for word in arguments}
        for word in filter(None, words):
            is_relative = not os.path.isabs(word)  # noqa: PTH117 - as above
            if is_relative and re.search(rf"(?<![\w./\\-]){re.escape(word)}(?!\w)", said):
                error.hint = "The current folder no longer exists: change to another folder"
