"""The options of commands that have a chip prove that it is genuine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from optiga.cli.support.file_names import FILE
from optiga.cli.support.settings import Decorator, Settings, together

if TYPE_CHECKING:
    from optiga.identity.genuineness import Trust
    from optiga.pki.certificate import Certificate

trust_options: Decorator = together(
    click.option("--trust", type=FILE, help="Root certificates: the chip must be genuine by one of them."),
    click.option(
        "--emulated", is_flag=True, help="With --trust: the emulator's root counts also at another port than emulator."
    ),
)
"""``--trust`` and ``--emulated``."""


def load_roots(trust: str | None, *, emulated: bool) -> Trust | None:
    """Whom to believe, None for nobody; the emulator's root counts if the user says so.

    :param trust: the file of ``--trust``.
    :raises OptigaError: if it cannot be read, or holds something else.
    :raises click.UsageError: for ``--emulated`` alone.
    """
    if trust is None:
        if emulated:
            raise click.UsageError("--emulated goes with --trust.")
        return None
    from optiga.identity.genuineness import load_trust

    return replace(load_trust(Path(trust)), emulated=emulated)


def announce_emulated(settings: Settings, certificate: Certificate | None) -> None:
    """Name an emulated chip at a port that looks like a board's; at its own port it is named already.

    :param certificate: the one in 0xE0E0; None where none was read.
    """
    from optiga.identity.emulated import is_emulated, warning_of

    port = settings.find_port()
    if certificate is not None and port.chip_file is None and is_emulated(certificate):
        settings.warn(warning_of(port.name))


def at_port(settings: Settings, roots: Trust) -> Trust:
    """Whom to believe at the port asked for: the emulator's root counts where an emulated chip was asked for."""
    return replace(roots, emulated=roots.emulated or settings.find_port().chip_file is not None)
