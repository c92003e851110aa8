"""``--csr`` with ``--keep-key``: a CSR for the key that is in its slot already."""

from __future__ import annotations

from pathlib import Path

from optiga.chip.key_fate import name_key
from optiga.cli.commands.identity.csr import CsrResult, find_configuration
from optiga.cli.support.chip_files import is_still_to_be_made, open_for_dry_run
from optiga.cli.support.file_names import ANOTHER_FOLDER
from optiga.cli.support.filler import warn_of_filler
from optiga.cli.support.settings import Settings
from optiga.errors import ConfigurationError, Reason, naming
from optiga.files.files import check_folder_writable
from optiga.identity.attestation import IDENTITY_SLOT
from optiga.identity.configuration import Configuration
from optiga.identity.kept_key import (
    KeptKeyRehearsal,
    KnownKey,
    check_kept_key,
    create_csr_of_kept_key,
    rehearse_kept_key,
)
from optiga.pki.public_key_files import load_public_key


def csr(settings: Settings, config_path: str, *, slot: str | None, out_dir: str, public_key: str | None) -> None:
    """``--csr --keep-key``: the CSR's file, its name and the public key on standard output; the chip is not changed."""
    configuration = find_configuration(settings, config_path, slot)
    settings.check_query(CsrResult)
    folder = Path(out_dir)
    check_folder_writable(folder, hint=ANOTHER_FOLDER)
    known = _load(settings, public_key, configuration)
    _refuse_a_blank_chip(settings, configuration)
    with settings.open_chip() as chip:
        made = create_csr_of_kept_key(chip, configuration, known)
    made.save(folder)
    settings.note(f"The CSR is for the key in {name_key(configuration.slot.key_oid)}; no key was generated")
    settings.print_result(CsrResult.of(made, folder), default="repr")


def rehearse(settings: Settings, config_path: str, *, slot: str | None, out_dir: str, public_key: str | None) -> None:
    """``--csr --keep-key --dry-run``: check configuration, folder, files and chip; the key does not sign."""
    configuration = find_configuration(settings, config_path, slot)
    settings.check_query(KeptKeyRehearsal)
    check_folder_writable(Path(out_dir), hint=ANOTHER_FOLDER)
    known = _load(settings, public_key, configuration)
    _refuse_a_blank_chip(settings, configuration)
    with open_for_dry_run(settings, "the command without --dry-run") as chip:
        result = rehearse_kept_key(chip, configuration, known)
    text = (
        f"The key {result.algorithm} in slot {result.slot} would sign a CSR for itself, in the folder {out_dir!r}. Its "
        f"public key is that of {result.public_key_source}; whether it belongs to the key is checked when the key "
        "signs.\nNothing "
        "was changed."
    )
    settings.print_result(result, text=text)


def _load(settings: Settings, public_key: str | None, configuration: Configuration) -> KnownKey | None:
    """The public key in the file that was named, checked against the configuration."""
    if public_key is None:
        return None
    known = KnownKey(load_public_key(Path(public_key)), public_key)
    check_kept_key(known, configuration)
    warn_of_filler(settings, public_key)
    return known


def _refuse_a_blank_chip(settings: Settings, configuration: Configuration) -> None:
    """Make no emulated chip for a slot that is empty on it: who keeps a key has one. The first has the factory's."""
    if configuration.slot != IDENTITY_SLOT and is_still_to_be_made(settings):
        raise ConfigurationError(
            f"the emulated chip does not exist yet, and a new one has no key in slot {configuration.slot.name}",
            hint=naming("Name the chip's file with {port}, or omit {keep_key}"),
            reason=Reason.NOT_FOUND,
        )
