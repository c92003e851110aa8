"""``--csr``: key pair and CSR from the chip."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from optiga.cli.support.options import option_of
from optiga.cli.support.settings import Settings
from optiga.errors import ConfigurationError
from optiga.files.reserved import ReservedFile
from optiga.identity.configuration import load_configuration
from optiga.identity.csr import create_csr, warm_up
from optiga.identity.key_fate import KeyFate, what_it_means
from optiga.pki.names import UID_FIELD

if TYPE_CHECKING:
    from optiga.chip import Chip

_CSR_SIZE = 8192
"""Bytes of a CSR's file that hold what is not in the configuration."""
_UID_SIZE = 128
"""Bytes of it that a UID takes, at most."""


def make_csr(settings: Settings, config_path: str, *, slot: str | None, out_dir: str) -> None:
    """``--csr``: key pair and CSR from the chip; the CSR's file; its name and the public key on standard output.

    Nobody is asked. The room for the file is taken before the key is made, because the key before it is lost then.
    """
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
    from optiga.provision.journal import open_journal

    try:
        with open_journal(journal) as opened:
            finished = [entry for entry in opened.all() if entry.slot == slot and entry.is_finished]
    except ConfigurationError as error:
        settings.warn(f"whether this chip has an identity already cannot be seen: {error.text(option_of)}")
        return
    if not finished or chip.uid.hex not in [entry.uid for entry in finished]:
        return
    settings.warn(
        f"the journal {journal} has chip {chip.uid.hex}, slot {slot}, as finished: the key of that identity is "
        "replaced now, so its certificate no longer fits. 'provision --renew' replaces both"
    )
