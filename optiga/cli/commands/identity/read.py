"""``--read``: an object of the chip, as text or into a file."""

from __future__ import annotations

from pathlib import Path

import click

from optiga.cli.support.content import SECRET_MODE, check_out
from optiga.cli.support.settings import Settings
from optiga.cli.support.trust import announce_emulated
from optiga.files.files import write_whole
from optiga.identity.genuineness import IDENTITY_SLOT
from optiga.identity.read import is_secret
from optiga.identity.read import read_object as read
from optiga.objects.addressing import READABLE, resolve


def read_object(settings: Settings, target: str, *, out: str | None) -> None:
    """``--read``: an object as PEM or hex dump on standard output, or as it is into a file."""
    resolved = resolve(target, READABLE)
    settings.check_query({"oid": "0xE0E1", "size": 1, "data": "00", "certificates": [""] * 8})
    if out is not None:
        check_out(out)
    with settings.open_chip(resolved.oid) as chip:
        result = read(chip, resolved)
        mode = SECRET_MODE if out is not None and is_secret(chip, resolved) else 0o666
    if resolved.oid == IDENTITY_SLOT.certificate_oid and result.certificates:
        announce_emulated(settings, result.certificates[0])
    if result.note:
        settings.warn(result.note)
    if out is not None:
        write_whole(Path(out), result.file_content, mode)
        settings.note(f"{resolved.info.label} has been written to {out}")
    if settings.wants_result:
        fields = {
            "oid": resolved.info.label,
            "size": len(result.data),
            "data": result.data.hex(),
            "certificates": [certificate.pem for certificate in result.certificates],
        }
        settings.print_result(fields, default="repr")
    elif out is None:
        click.echo(result.text, nl=False)
