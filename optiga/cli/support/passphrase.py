"""A CA of one's own, opened: its key's passphrase from a file, the environment, or whoever sits at the terminal."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from optiga.ca.authority import CertificateAuthority
from optiga.ca.folder import KEY, CaFolder
from optiga.ca.integrity import read_crl_file
from optiga.ca.keys import open_key
from optiga.ca.passphrase_rules import check_passphrase
from optiga.ca.records import utc_now
from optiga.cli.support.confirm import is_somebody_there
from optiga.cli.support.environment import CA_PASSPHRASE, find_passphrase
from optiga.cli.support.file_names import FILE
from optiga.cli.support.printing import say
from optiga.cli.support.settings import Decorator, Settings, together
from optiga.errors import ConfigurationError, OptigaError, Reason, capitalized, naming
from optiga.files.hidden_input import staying_hidden
from optiga.files.opening import may
from optiga.files.passphrases import TRIES, is_wrong_passphrase, passphrase_of_text, read_passphrase_file
from optiga.files.shown import shown

if TYPE_CHECKING:
    from optiga.ca.folder import CaFolder
    from optiga.ca.signing import CaKey
    from optiga.files.passphrases import Passphrase

T = TypeVar("T")

passphrase_options: Decorator = together(
    click.option(
        "--passphrase-file",
        type=FILE,
        help=f"File whose first line is the passphrase of the CA's key (default: environment variable {CA_PASSPHRASE}, "
        "else asked for at the terminal).",
    ),
    click.option("--ask-passphrase", is_flag=True, help="Ask for the passphrase of the CA's key."),
)
"""``--passphrase-file`` and ``--ask-passphrase``, as ``passphrase_file`` and ``ask_passphrase``."""


no_passphrase_option: Decorator = click.option(
    "--no-passphrase",
    is_flag=True,
    help="Leave the key unencrypted. Anyone who can read the key's file can issue certificates.",
)


def read_passphrase(
    file: str | None, *, ask: bool, prompt: str = "Passphrase", environment: str = CA_PASSPHRASE
) -> Passphrase | None:
    """The passphrase, None if there is none.

    :param file: a file whose first line it is; counts before the environment.
    :param ask: ask at the terminal; counts before the environment.
    :param environment: the variable that holds it; empty for none.
    :raises ConfigurationError: if the file cannot be read or begins with an empty line, or nobody can be asked.
    """
    if file is not None and ask:
        raise click.UsageError("--passphrase-file and --ask-passphrase do not go together.")
    if file is not None:
        return read_passphrase_file(Path(file))
    if ask:
        if not is_somebody_there():
            raise ConfigurationError(
                "cannot ask for the passphrase: standard input is not a terminal",
                hint=f"Use --passphrase-file or the environment variable {environment}"
                if environment
                else "Give the passphrase in a file",
                reason=Reason.MISSING,
                parameter="passphrase",
            )
        with staying_hidden(f"{shown(prompt)}: "):
            typed = passphrase_of_text(os.fsencode(_type_hidden(shown(prompt))))
        return None if typed is None else replace(typed, is_typed=True)
    value = find_passphrase(environment) if environment else None
    given = passphrase_of_text(os.fsencode(value), f"the environment variable {environment}") if value else None
    return replace(given, source=f"the environment variable {environment}") if given else None


def _type_hidden(prompt: str) -> str:
    """What the one at the terminal types behind a prompt.

    :raises ConfigurationError: if it is Ctrl-D.
    """
    try:
        typed: str = click.prompt(prompt, hide_input=True, err=True)
    except click.Abort as aborted:  # made of Ctrl-C, too
        if isinstance(aborted.__context__, EOFError):
            hint = "Run the command again and type the passphrase, or give it in a file"
            raise ConfigurationError(
                "no passphrase was given", hint=hint, reason=Reason.MISSING, parameter="passphrase"
            ) from None
        raise
    return typed


def read_or_ask(file: str | None, *, ask: bool = False, prompt: str, environment: str) -> Passphrase | None:
    """As :func:`read_passphrase`, for what is locked: if nothing else says it, whoever is at the terminal is asked."""
    found = read_passphrase(file, ask=ask, prompt=prompt, environment=environment)
    if found is None and is_somebody_there():
        found = read_passphrase(None, ask=True, prompt=prompt, environment=environment)
    return found


def use_passphrase(
    found: Passphrase | None, use: Callable[[Passphrase | None], T], *, prompt: str
) -> tuple[T, Passphrase | None]:
    """What a passphrase opens. Whoever has typed a wrong one may type it again, three times in all.

    :param use: what opens something with it.
    :returns: what was opened, and the passphrase with which it was.
    :raises OptigaError: as ``use`` does.
    """
    for left in reversed(range(TRIES)):
        try:
            return use(found), found
        except OptigaError as error:
            if found is None or not found.is_typed or not left or not is_wrong_passphrase(error):
                raise
            say(f"{capitalized(str(error))}.")
            found = read_passphrase(None, ask=True, prompt=prompt)
    raise AssertionError  # the last try has raised


def read_new_passphrase(
    file: str | None,
    *,
    ask: bool,
    none: bool,
    prompt: str,
    option: str = "--passphrase-file",
    environment: bool = True,
    is_old: Callable[[bytes], bool] = lambda _: False,
    names: Sequence[str] = (),
) -> Passphrase | None:
    """The passphrase of a key that is made or encrypted anew, None if it is to have none.

    Where nothing says which, and somebody sits at the terminal, it is asked for, until it is good.

    :param none: ``--no-passphrase``.
    :param option: what names the file.
    :param environment: whether the environment variable counts.
    :param is_old: whether it is the one that the key has already.
    :param names: the CA's names, of which it must not be made.
    :raises ConfigurationError: if there is none and nobody can be asked, it is too weak, or the old one.
    """
    if none:
        if file is not None:
            raise click.UsageError(f"--no-passphrase and {option} do not go together.")
        return None
    variable = CA_PASSPHRASE if environment else ""
    found = read_passphrase(file, ask=ask and file is not None, environment=variable)
    if ask or (found is None and is_somebody_there()):
        return _ask_new(prompt, is_old, names, variable)
    if found is None:
        ways = f"{option} FILE" + (f", --ask-passphrase, or the environment variable {variable}" * bool(variable))
        raise ConfigurationError(
            "the CA's key must be encrypted, but no passphrase was given",
            hint=f"Give one: {ways}. To leave the key unencrypted, use --no-passphrase",
            reason=Reason.MISSING,
            parameter=option.lstrip("-"),
        )
    if mistake := _mistake_in_new(found, is_old, names):
        mistake.parameter = option.lstrip("-")
        if file is not None or variable not in mistake.message:
            mistake.locate(variable if file is None else f"{option} {file}")
        raise mistake
    return found


def _ask_new(prompt: str, is_old: Callable[[bytes], bool], names: Sequence[str], environment: str) -> Passphrase:
    """A new passphrase that is typed, and typed again only when it is good."""
    while True:
        found = read_passphrase(None, ask=True, prompt=prompt, environment=environment)
        if found is None:
            continue
        if mistake := _mistake_in_new(found, is_old, names):
            say(f"{capitalized(str(mistake))}.")
        elif read_passphrase(None, ask=True, prompt=f"{prompt} again", environment=environment) == found:
            return found
        else:
            say("The two passphrases differ.")


def _mistake_in_new(
    found: Passphrase, is_old: Callable[[bytes], bool], names: Sequence[str]
) -> ConfigurationError | None:
    """Why a passphrase is not taken for a new one; None if it is."""
    try:
        check_passphrase(found.for_new(), names)
    except ConfigurationError as error:
        return error
    if is_old(found.value):
        said = "the passphrase is the one that the key has already: nothing was changed"
        return ConfigurationError(said, hint="Give another", reason=Reason.EXISTS)
    return None


def open_authority(
    settings: Settings, path: str, passphrase_file: str | None, *, ask: bool, later: bool = False
) -> CertificateAuthority:
    """Open the CA in a folder with the passphrase that the options of :func:`passphrase_options` lead to.

    :param later: open a key that is locked only when it is needed; where the passphrase is asked for, ask then.
    :raises OptigaError: if that cannot be.
    """
    is_locked = CaFolder.open(Path(path)).key_is_encrypted
    prompt = f"Passphrase of {path}"
    settings.warn_of_folder(Path(path, "issued.db"), "the CA")
    if later and is_locked:
        is_given = gives_passphrase(passphrase_file, ask=ask)
        given = read_passphrase(passphrase_file, ask=ask) if is_given else None  # once: it may be a pipe
        opening = partial(_open_later, settings, given, ask=ask, prompt=prompt)
        authority = CertificateAuthority.open(Path(path), later=opening)
        warn_of(settings, authority, None)
        return authority
    given = _read_if(is_locked, passphrase_file, ask=ask, prompt=prompt)
    authority, passphrase = use_passphrase(given, partial(CertificateAuthority.open, Path(path)), prompt=prompt)
    warn_of(settings, authority, passphrase)
    return authority


def gives_passphrase(file: str | None, *, ask: bool) -> bool:
    """Whether a file or the environment has the passphrase of a CA's key, and nobody is to be asked."""
    return file is not None or (not ask and find_passphrase(CA_PASSPHRASE) is not None)


def _open_later(settings: Settings, given: Passphrase | None, folder: CaFolder, *, ask: bool, prompt: str) -> CaKey:
    """Open a CA's key with the passphrase that was given, or for which whoever sits at the terminal is asked."""
    found = given or _read_if(True, None, ask=ask, prompt=prompt)
    key, passphrase = use_passphrase(found, partial(open_key, folder), prompt=prompt)
    for warning in passphrase.warnings if passphrase else ():
        settings.warn(warning)
    return key


def open_parent(settings: Settings, path: str, passphrase_file: str | None, *, ask: bool) -> CertificateAuthority:
    """Open the CA that certifies another one; its passphrase has an option of its own, ``--ca-passphrase-file``.

    :raises OptigaError: if that cannot be.
    """
    is_locked = CaFolder.open(Path(path)).key_is_encrypted
    ask = ask and is_locked and passphrase_file is None
    prompt = f"Passphrase of {path}"
    given = _read_if(is_locked, passphrase_file, ask=ask, prompt=prompt)
    try:
        parent, passphrase = use_passphrase(
            given if is_locked else None, partial(CertificateAuthority.open, Path(path)), prompt=prompt
        )
    except ConfigurationError as error:
        if error.reason is Reason.MISSING:
            error.hint, error.parameter = naming("Give {parent_passphrase}"), "parent_passphrase"
        raise
    if passphrase_file is not None and not is_locked:
        settings.warn(f"the CA's key {parent.folder.path / KEY} is not encrypted: the passphrase is not needed")
    warn_of(settings, parent, passphrase if is_locked else given)
    return parent


def _read_if(is_locked: bool, file: str | None, *, ask: bool, prompt: str) -> Passphrase | None:
    """The passphrase of a CA's key; who sits at the terminal is asked for it only where the key is locked."""
    if is_locked:
        return read_or_ask(file, ask=ask, prompt=prompt, environment=CA_PASSPHRASE)
    return read_passphrase(file, ask=ask, prompt=prompt)


def warn_of(settings: Settings, authority: CertificateAuthority, passphrase: Passphrase | None) -> None:
    """Say what the owner of a CA that has been opened should know."""
    for warning in (*authority.warnings, *(passphrase.warnings if passphrase else ())):
        settings.warn(warning)


def find_crl_warning(folder: CaFolder) -> str:
    """What there is to say of the end of a CA's CRL; empty if it has long to go."""
    crl = read_crl_file(folder)
    if crl is None:
        if folder.crl_path.is_file() and not may(folder.crl_path, os.R_OK):
            return f"you have no permission to read the CRL {folder.crl_path}"
        return f"there is no CRL of this CA in {folder.crl_path}"
    return crl.find_warning(utc_now())


def warn_of_crl(settings: Settings, folder: CaFolder) -> None:
    """Say that a CA's CRL has run out or soon will."""
    if warning := find_crl_warning(folder):
        settings.warn(f"{warning}; {_remedy(folder)} writes a new one")


def _remedy(folder: CaFolder) -> str:
    """What writes a CRL in place of one that is no good."""
    crl = read_crl_file(folder)
    return "if the clock is right, 'ca crl --trust-clock'" if crl and crl.is_ahead(utc_now()) else "'ca crl'"
