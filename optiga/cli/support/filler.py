"""A warning where a file goes on behind its DER: line breaks or zeros, which are left out. Every kind has the same."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from optiga.cli.support.settings import Settings
from optiga.pki.contents import note_of_filler

_MOST_READ = 1 << 20
"""Most bytes of a file that is looked at; no larger one is taken."""


def warn_of_filler(settings: Settings, name: str | Path | None, data: bytes | None = None) -> None:
    """Say what is left out of a file with a CSR, a CRL, a public key or roots, if anything is.

    :param name: of the file; None for none.
    :param data: its content, if that has been read already. Otherwise only a regular file is read, because no other
        can be read twice.
    """
    if name is None:
        return
    if data is None:
        with suppress(OSError, ValueError):
            path = Path(name)
            data = path.read_bytes() if path.is_file() and path.stat().st_size <= _MOST_READ else None
    for note in note_of_filler(data or b"", str(name)):
        settings.warn(note)
