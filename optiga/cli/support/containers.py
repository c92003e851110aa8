"""PKCS #12 containers with a passphrase, where files of certificates are read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from optiga.cli.support.confirm import is_somebody_there
from optiga.cli.support.environment import FILE_PASSPHRASE, find_passphrase
from optiga.cli.support.file_names import FILE
from optiga.cli.support.passphrase import read_or_ask, read_passphrase
from optiga.cli.support.printing import say
from optiga.cli.support.settings import Decorator, Settings
from optiga.files.secrets import readers_of
from optiga.files.shown import shown
from optiga.pki.certificate_files import unlocked, unused_key

if TYPE_CHECKING:
    from optiga.files.passphrases import Passphrase
    from optiga.pki.pkcs12 import Unlock

pkcs12_option: Decorator = click.option(
    "--pkcs12-passphrase-file",
    type=FILE,
    help=f"File whose first line is the passphrase of a PKCS #12 file (default: environment variable "
    f"{FILE_PASSPHRASE}, else asked for).",
)
"""``--pkcs12-passphrase-file``, as ``pkcs12_passphrase_file``."""


def container_passphrase(settings: Settings, file: str | None) -> Passphrase | Unlock | None:
    """The passphrase of a container, or who asks for it at the terminal if one is needed; None if nobody can be asked.

    What the owner of a passphrase's file should know is said.

    :param file: the file whose first line it is; counts before the environment.
    :raises ConfigurationError: if the file cannot be read or begins with an empty line.
    """
    if file is None and find_passphrase(FILE_PASSPHRASE) is None:
        return _Asker() if is_somebody_there() else None
    found = read_passphrase(file, ask=False, environment=FILE_PASSPHRASE)
    for warning in found.warnings if found else ():
        settings.warn(warning)
    return found


class _Asker:
    """What whoever sits at the terminal types for containers; asked again for one, he is told that it was wrong."""

    def __init__(self) -> None:
        self._asked: set[str] = set()

    def __call__(self, name: str) -> Passphrase | None:
        if name in self._asked:
            say(f"The passphrase does not open {shown(name)}.")
        self._asked.add(name)
        return read_or_ask(None, prompt=f"Passphrase of {name}", environment=FILE_PASSPHRASE)


def open_container(settings: Settings, content: bytes, name: str, file: str | None) -> bytes:
    """The content of a file, for what takes certificates; of a container that is opened, its certificates.

    :param file: as for :func:`container_passphrase`.
    :raises CertificateError: if the container is damaged, or needs another passphrase.
    """
    opened, notes = unlocked(content, name, container_passphrase(settings, file))
    for note in notes:
        settings.warn(note)
    warn_of_key(settings, name, notes)
    return opened


def warn_of_key(settings: Settings, name: str, warnings: Iterable[str]) -> None:
    """Say that others may read a file, if they may and it holds a private key that nobody needs there.

    :param name: of the file.
    :param warnings: what is said of it; that it holds such a key is among this.
    """
    if unused_key(name) in warnings:
        for warning in readers_of(Path(name), "private key in"):
            settings.warn(warning)
