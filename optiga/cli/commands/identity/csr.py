"""``--csr``: key pair and CSR from the chip."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optiga.chip.key_fate import KeyFate, what_it_means
from optiga.cli.support.file_names import ANOTHER_FOLDER
from optiga.cli.support.lazy import load
from optiga.cli.support.printing import say
from optiga.cli.support.settings import Settings
from optiga.errors import OptigaError
from optiga.files.placeholders import UID_FIELD, warnings_about_fields
from optiga.files.reserved import ReservedFile
from optiga.files.shown import whole_path
from optiga.identity.configuration import load_configuration, parse_configuration, read_text
from optiga.results import ADDED
from optiga.values import Value, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from optiga.chip import Chip
    from optiga.identity.configuration import Configuration
    from optiga.identity.csr import Csr

JOURNAL = "personalization.db"
"""The journal of whoever has provisioned chips in the folder; its own name stands in what a CSR does not load."""
_CSR_SIZE = 8192
"""Bytes of a CSR's file that hold what is not in the configuration."""
_UID_SIZE = 128
"""Bytes of it that a UID takes, at most."""


@frozen
class CsrResult(Value):
    """The result of ``--csr``.

    :param filename: of the request, in the output folder.
    :param public_key: in hex: BIT STRING for EC, SubjectPublicKeyInfo for RSA.
    :param path: of the file, absolute.
    """

    filename: str
    public_key: str
    path: str = field(metadata=ADDED)

    @classmethod
    def of(cls, csr: Csr, folder: Path) -> CsrResult:
        """What is said of a request whose file lies in a folder."""
        return cls(csr.filename, csr.public_key, whole_path(folder / csr.filename))


def _used(configuration: Configuration, slot: str | None) -> Mapping[str, Any]:
    """The configuration as it is used: with the slot that was asked for."""
    shown = configuration.csr_config
    if slot is not None:
        shown["key_info"]["parameters"]["slot"] = configuration.key_label
    return shown


def find_configuration(settings: Settings, config_path: str, slot: str | None) -> Configuration:
    """The configuration of ``--csr``, which is in a file, or for ``-`` on standard input. People learn of its oddities.

    :raises ConfigurationError: with every mistake in it.
    """
    if config_path != "-":
        configuration = load_configuration(Path(config_path), slot=slot, first=True)
    else:
        path, data = load("optiga.cli.support.content:named_or_input", "optiga")("-", "configuration")
        configuration = parse_configuration(read_text(path, data), str(path), slot=slot, first=True)
    warn_of_names(settings, configuration)
    return configuration


def warn_of_names(settings: Settings, configuration: Configuration) -> None:
    """Say which names are the same for every chip, although the chip's UID is meant to be in them."""
    names = configuration.aws_iot
    values = [*configuration.subject, *configuration.extensions.subject_alt_names]
    if names is not None:
        values += [(kind, name) for kind, name in (("thing", names.thing), ("policy", names.policy)) if name]
    for warning in warnings_about_fields(values):
        settings.warn(f"{configuration.source}: {warning}")


def make_csr(settings: Settings, config_path: str, *, slot: str | None, out_dir: str) -> None:
    """``--csr``: key pair and CSR from the chip; the CSR's file; its name and the public key on standard output.

    Nobody is asked. The room for the file is taken before the key is made, because the key before it is lost then.
    """
    configuration = find_configuration(settings, config_path, slot)
    settings.check_query(CsrResult)
    if configuration.is_of_first_slot:
        load("optiga.cli.commands.identity.dry_run:refuse_first_of_blank", "optiga")(settings)
    folder = Path(out_dir)
    shown = json.dumps(_used(configuration, slot), sort_keys=True, indent=4, ensure_ascii=False)
    size = _CSR_SIZE + 2 * len(shown.encode(errors="replace")) + _UID_SIZE * shown.count(UID_FIELD)
    with ReservedFile(folder, size, ANOTHER_FOLDER) as file, KeyFate(configuration.slot.key_oid) as fate:
        settings.note(f"Your configuration is following:\n{shown}")

        def prepare() -> None:
            _maker()
            file.secure()

        with settings.open_chip(meanwhile=prepare) as chip:
            file.secure()
            if configuration.is_of_first_slot:
                load("optiga.identity.keys_on_chip:check_first_slot", "optiga")(chip)
            if os.path.lexists(journal := folder / JOURNAL):
                from optiga.cli.support.journals import warn_of_identity

                warn_of_identity(settings, chip, journal, configuration.slot.name)
            csr = _maker()(chip, configuration, fate)
            try:
                file.keep(csr.filename, csr.pem.encode("ascii"))
            except BaseException:
                say(csr.pem, line_break=False)
                raise
        settings.note(what_it_means(configuration.slot, configuration.algorithm, is_blank=settings.has_made_chip))
        result = CsrResult.of(csr, folder)
        try:
            settings.print_result(result, default="repr")
        except OptigaError as error:
            error.advise(f"The CSR is in {result.path}")
            raise


def _maker() -> Callable[[Chip, Configuration, KeyFate], Csr]:
    """What makes a CSR, loaded in the time that a board's chip takes to begin."""
    from optiga.identity.csr import check_packages, create_csr

    check_packages()
    return create_csr
