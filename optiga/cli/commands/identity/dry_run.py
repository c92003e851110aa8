"""``--csr`` and ``--write`` with ``--dry-run``: what they would do to the chip."""

from __future__ import annotations

import os
from pathlib import Path

from optiga.cli.commands.identity.csr import JOURNAL, find_configuration
from optiga.cli.commands.identity.write import read_plan
from optiga.cli.support.chip_files import is_still_to_be_made
from optiga.cli.support.file_names import ANOTHER_FOLDER
from optiga.cli.support.journals import warn_of_identity
from optiga.cli.support.settings import Settings
from optiga.errors import counted
from optiga.files.files import check_folder_writable
from optiga.identity.keys_on_chip import first_is_locked
from optiga.identity.rehearsal import CsrRehearsal, WriteRehearsal, rehearse_csr, rehearse_write, unseen_write
from optiga.identity.write import WritePlan


def csr(settings: Settings, config_path: str, *, slot: str | None, out_dir: str) -> None:
    """``--csr --dry-run``: check configuration, folder and chip; say what would be made, and what would be lost."""
    configuration = find_configuration(settings, config_path, slot)
    settings.check_query(CsrRehearsal)
    check_folder_writable(Path(out_dir), hint=ANOTHER_FOLDER)
    if configuration.is_of_first_slot:
        refuse_first_of_blank(settings)
    if is_still_to_be_made(settings):
        settings.note("The emulated chip does not exist yet: --csr would create it, factory-fresh")
        result = rehearse_csr(None, configuration)
    else:
        with settings.open_chip() as chip:
            if os.path.lexists(journal := Path(out_dir) / JOURNAL):
                warn_of_identity(settings, chip, journal, configuration.slot.name)
            result = rehearse_csr(chip, configuration)
    settings.print_result(result, text=_csr_text(result, out_dir))


def write(
    settings: Settings, path: str, *, slot: str | None, object_id: str | None, passphrase_file: str | None
) -> None:
    """``--write --dry-run``: check file, object and chip; say whether and what would be written."""
    plan = read_plan(settings, path, slot=slot, object_id=object_id, passphrase_file=passphrase_file)
    settings.check_query(WriteRehearsal)
    if is_still_to_be_made(settings):
        settings.note("The emulated chip does not exist yet: --write would create it, factory-fresh")
        result = unseen_write(plan)
    else:
        with settings.open_chip(plan.target.oid) as chip:
            result = rehearse_write(chip, plan)
    for warning in result.warnings:
        settings.warn(warning)
    settings.print_result(result, text=_write_text(result, plan))


def refuse_first_of_blank(settings: Settings) -> None:
    """Make no emulated chip for a new key in its slot ``first``: a new chip has it locked.

    :raises ConfigurationError: if the chip at the port would be a new one.
    """
    if is_still_to_be_made(settings):
        raise first_is_locked("a new chip lets nobody change it")


def _csr_text(result: CsrRehearsal, out_dir: str) -> str:
    said = [
        f"A new {result.algorithm} key would be generated in slot {result.slot}, and a CSR for it in the folder "
        f"{out_dir!r}."
    ]
    if result.lost_key is not None:
        said.append(f"The current key ({result.lost_key}) would be lost.")
    if result.lost_certificate is not None:
        said.append(f"The certificate of {result.lost_certificate} in the slot would no longer match the key.")
    return "\n".join([*said, "Nothing was changed."])


def _write_text(result: WriteRehearsal, plan: WritePlan) -> str:
    label = plan.target.info.label
    if result.would_write is False:
        said = f"{label} already has this content ({counted(result.size, 'byte')}): nothing would be written."
    else:
        said = f"{counted(result.size, 'byte')} would be written to {label}."
    if result.lost_certificate is not None:
        said += f"\nThe certificate of {result.lost_certificate} in the slot would be lost."
    if plan.chain and plan.target.slot:
        said += (
            "\nWhether the certificate belongs to the slot's key is checked when the certificate is written: the "
            "key then signs."
        )
    return f"{said}\nNothing was changed."
