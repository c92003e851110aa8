"""``--write``: a certificate, chain or data file into the chip."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from optiga.chip.key_fate import name_key
from optiga.cli.support.chip_files import refuse_a_blank_chip
from optiga.cli.support.containers import container_passphrase, warn_of_key
from optiga.cli.support.content import MAX_FOR_CHIP, read_whole
from optiga.cli.support.options import in_full, options_for
from optiga.cli.support.settings import Settings
from optiga.identity.write import WritePlan, WriteResult, execute_write, plan_content, plan_write
from optiga.objects.addressing import resolve_writable
from optiga.pki.certificate_files import unlocked


def write_file(
    settings: Settings,
    path: str,
    *,
    slot: str | None,
    object_id: str | None,
    passphrase_file: str | None,
    strict: bool,
) -> None:
    """``--write``: a certificate, chain or data file into the chip, compared there and proven."""
    plan = read_plan(settings, path, slot=slot, object_id=object_id, passphrase_file=passphrase_file)
    carry_out(settings, plan, strict=strict)


def read_plan(
    settings: Settings, path: str, *, slot: str | None, object_id: str | None, passphrase_file: str | None
) -> WritePlan:
    """What a file, or standard input for ``-``, is to put where; all is checked that can be without the chip.

    :param passphrase_file: that of ``--pkcs12-passphrase-file``.
    """
    passphrase = container_passphrase(settings, passphrase_file)
    with options_for(oid="--id"):
        if path == "-":
            target = resolve_writable(slot, object_id)
            content = read_whole(path, limit=MAX_FOR_CHIP, room=target.info.room)
            content, notes = unlocked(content, "standard input", passphrase)
            return plan_content(content, target, "standard input", notes=notes)
        plan = plan_write(Path(path), slot=slot, oid=object_id, passphrase=passphrase)
    warn_of_key(settings, path, plan.warnings)
    return plan


def carry_out(settings: Settings, plan: WritePlan, *, strict: bool = False) -> None:
    """Write what is planned, and say what came of it."""
    settings.check_query(WriteResult)
    settings.note(f"Your are going to write the following file:\n{plan.text}")
    if strict and plan.chain and plan.target.slot:
        refuse_a_blank_chip(settings, plan.target.slot.key_oid)
    with settings.open_chip(plan.target.oid) as chip:
        result = execute_write(chip, plan, strict=strict)
    result = replace(result, warnings=tuple(map(in_full, result.warnings)))
    for warning in result.warnings:
        settings.warn(warning)
    if result.key_match is False and not result.is_misplaced:
        settings.note("Each CSR makes a new key: write the certificate of the last one. To refuse others, use --strict")
    if result.key_match and plan.target.slot and result.key_oid not in (None, plan.target.slot.key_oid):
        settings.note(f"The certificate belongs to the key in {name_key(result.key_oid)}: the chip has proven it")
    elif result.key_match:
        settings.note("The chip has proven that it has the certificate's key")
    what = "Certificate" if result.is_certificate else "Data"
    if result.written:
        settings.note(f"{what} has been written")
    else:
        settings.note(f"{what} is already in {plan.target.info.label}: nothing was written")
    if settings.wants_result:
        settings.print_result(result, default="repr")
