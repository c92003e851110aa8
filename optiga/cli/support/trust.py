"""The options of commands that have a chip prove that it is genuine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from optiga.cli.support.containers import container_passphrase, pkcs12_option
from optiga.cli.support.file_names import FILE
from optiga.cli.support.filler import warn_of_filler
from optiga.cli.support.settings import Decorator, Settings, together
from optiga.identity.emulated import is_emulated, warning_of
from optiga.provision.specs import TrustSpec

if TYPE_CHECKING:
    from optiga.files.passphrases import Passphrase
    from optiga.pki.certificate import Certificate
    from optiga.pki.pkcs12 import Unlock

trust_options: Decorator = together(
    click.option(
        "--trust",
        type=FILE,
        help="File of trusted root certificates. The chip must prove that it is genuine with a certificate that "
        "chains to one of them.",
    ),
    pkcs12_option,
    click.option(
        "--emulated",
        is_flag=True,
        help="With --trust: accept the emulator's root certificate at ports other than emulator, too.",
    ),
)
"""``--trust``, ``--pkcs12-passphrase-file`` for it, and ``--emulated``."""


def build_trust(
    settings: Settings, trust: str | None, *, emulated: bool, passphrase_file: str | None
) -> TrustSpec | None:
    """Whom to believe, None for nobody. People learn of what fills the file.

    :param trust: the file of ``--trust``.
    :param passphrase_file: that of ``--pkcs12-passphrase-file``.
    :raises click.UsageError: for the others alone.
    """
    if trust is None and passphrase_file is not None:
        raise click.UsageError("--pkcs12-passphrase-file goes with --trust.")
    if trust is None and emulated:
        raise click.UsageError("--emulated requires --trust.")
    warn_of_filler(settings, trust)
    return None if trust is None else TrustSpec(Path(trust), emulated)


def trust_passphrase(settings: Settings, trust: str | None, file: str | None) -> Passphrase | Unlock | None:
    """What opens the roots of ``--trust``, or who is asked for it; None if there are none, or nobody can be asked."""
    return None if trust is None else container_passphrase(settings, file)


def announce_emulated(settings: Settings, certificate: Certificate | None) -> None:
    """Name an emulated chip at a port that looks like a board's; at its own port it is named already.

    :param certificate: the one in 0xE0E0; None where none was read.
    """
    port = settings.find_port()
    if certificate is not None and port.chip_file is None and is_emulated(certificate):
        settings.warn(warning_of(port.name))
