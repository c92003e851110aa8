"""The options of commands that have a chip prove that it is genuine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from optiga.cli.support.file_names import FILE
from optiga.cli.support.settings import Decorator, Settings, together
from optiga.identity.emulated import is_emulated, warning_of
from optiga.provision.specs import TrustSpec

if TYPE_CHECKING:
    from optiga.pki.certificate import Certificate

trust_options: Decorator = together(
    click.option("--trust", type=FILE, help="Root certificates: the chip must be genuine by one of them."),
    click.option(
        "--emulated", is_flag=True, help="With --trust: the emulator's root counts also at another port than emulator."
    ),
)
"""``--trust`` and ``--emulated``."""


def build_trust(trust: str | None, *, emulated: bool) -> TrustSpec | None:
    """Whom to believe, None for nobody.

    :param trust: the file of ``--trust``.
    :raises click.UsageError: for ``--emulated`` alone.
    """
    if trust is None and emulated:
        raise click.UsageError("--emulated goes with --trust.")
    return None if trust is None else TrustSpec(Path(trust), emulated)


def announce_emulated(settings: Settings, certificate: Certificate | None) -> None:
    """Name an emulated chip at a port that looks like a board's; at its own port it is named already.

    :param certificate: the one in 0xE0E0; None where none was read.
    """
    port = settings.find_port()
    if certificate is not None and port.chip_file is None and is_emulated(certificate):
        settings.warn(warning_of(port.name))
