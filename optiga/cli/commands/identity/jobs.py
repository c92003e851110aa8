"""The three jobs of the main command: make a CSR, write a file, read an object."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from optiga.cli.support.settings import Settings
from optiga.pki.names import UID_FIELD

if TYPE_CHECKING:
    from optiga.chip import Chip
    from optiga.identity.write import WritePlan


_CSR_SIZE = 8192
"""Bytes of a CSR's file that hold what is not in the configuration."""
_UID_SIZE = 128
"""Bytes of it that a UID takes, at most."""


def make_csr(settings: Settings, config_path: str, *, slot: str | None, out_dir: str) -> None:
    """``--csr``: key pair and CSR from the chip; the CSR's file; its name and the public key on standard output.

    Nobody is asked. The room for the file is taken before the key is made, because the key before it is lost then.
    """
    from optiga.files.reserved import ReservedFile
    from optiga.identity.configuration import load_configuration
    from optiga.identity.csr import create_csr, warm_up
    from optiga.identity.key_fate import KeyFate, what_it_means

    configuration = load_configuration(Path(config_path), slot=slot)
    settings.check_query({"filename": "x.csr", "public_key": "00"})
    folder = Path(out_dir)
    shown = json.dumps(configuration.csr_config, sort_keys=True, indent=4, ensure_ascii=False)
    size = _CSR_SIZE + 2 * len(shown.encode(errors="replace")) + _UID_SIZE * shown.count(UID_FIELD)
    with ReservedFile(folder, size) as file, KeyFate(configuration.slot.key_oid) as fate:
        settings.note(f"Your configuration is following:\n{shown}")
        with settings.open_chip(meanwhile=lambda: warm_up(configuration)) as chip:
            _warn_of_identity(settings, chip, folder, configuration.slot.name)
            csr = create_csr(chip, configuration, fate)
            try:
                file.keep(csr.filename, csr.pem.encode("ascii"))
            except BaseException:
                click.echo(csr.pem, err=True, nl=False)
                raise
    settings.note(what_it_means(configuration.slot, configuration.algorithm))
    result = {"filename": csr.filename, "public_key": csr.public_key}
    settings.print_result(result, default="repr")


def _warn_of_identity(settings: Settings, chip: Chip, folder: Path, slot: str) -> None:
    """Say that the chip is a finished device by the journal in the folder. One exchange if that has such a slot."""
    if not os.path.lexists(journal := folder / "personalization.db"):
        return
    from optiga.cli.support.journals import JOURNAL_OPTIONS
    from optiga.cli.support.options import in_options
    from optiga.errors import ConfigurationError
    from optiga.provision.journal import open_journal

    try:
        with open_journal(journal, warn=settings.warn) as opened:
            if not (finished := opened.may_have_finished(slot)) or chip.uid.hex not in finished:
                return
            entry = opened.find(chip.uid.hex, slot)
    except ConfigurationError as error:
        why = in_options(str(error), JOURNAL_OPTIONS)
        settings.warn(f"whether this chip has an identity already cannot be seen: {why}")
        return
    if entry is None or not entry.is_finished:
        return
    settings.warn(
        f"the journal {journal} has chip {chip.uid.hex}, slot {slot}, as finished: the key of that identity is "
        "replaced now, so its certificate no longer fits. 'provision --renew' replaces both"
    )


def write_file(settings: Settings, path: str, *, slot: str | None, object_id: str | None, strict: bool) -> None:
    """``--write``: a certificate, chain or data file into the chip, compared there and proven."""
    from optiga.cli.support.options import options_for
    from optiga.identity.write import plan_write

    with options_for(oid="--id"):
        plan = plan_write(Path(path), slot=slot, oid=object_id)
    carry_out(settings, plan, strict=strict)


def carry_out(settings: Settings, plan: WritePlan, *, strict: bool = False) -> None:
    """Write what is planned, and say what came of it."""
    from optiga.identity.key_fate import name_key
    from optiga.identity.write import execute_write

    settings.check_query({"oid": "0xE0E1", "slot": "second", "size": 1, "written": True, "key_match": True})
    settings.note(f"Your are going to write the following file:\n{plan.text}")
    with settings.open_chip(plan.target.oid) as chip:
        result = execute_write(chip, plan, strict=strict)
    for warning in result.warnings:
        settings.warn(warning)
    if result.key_match and plan.target.slot and result.key_oid not in (None, plan.target.slot.key_oid):
        settings.note(f"The certificate is of the key in {name_key(result.key_oid)}, which the chip has proven")
    what = "Certificate" if plan.chain else "Data"
    if result.written:
        settings.note(f"{what} has been written")
    else:
        settings.note(f"{what} was there already: {plan.target.info.label} was not programmed again")
    if settings.wants_result:
        fields = {
            "oid": plan.target.info.label,
            "slot": result.slot,
            "size": result.size,
            "written": result.written,
            "key_match": result.key_match,
        }
        settings.print_result(fields, default="repr")


def read_object(settings: Settings, target: str, *, out: str | None) -> None:
    """``--read``: an object as PEM or hex dump on standard output, or as it is into a file."""
    from optiga.cli.support.content import SECRET_MODE, check_out
    from optiga.cli.support.trust import announce_emulated
    from optiga.files.files import write_whole
    from optiga.identity.genuineness import IDENTITY_SLOT
    from optiga.identity.read import is_secret
    from optiga.identity.read import read_object as read
    from optiga.objects.addressing import READABLE, resolve

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
