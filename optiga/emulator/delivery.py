"""What Infineon delivers apart from a chip: its platform binding secret, and its authorization reference.

For a Trust M Express they come from CIRRENT Cloud ID, for a Trust M MTR from Infineon's OSTS or Kudelski keySTREAM
(``Infineon/optiga-trust-m-overview``, ``README.md``), in hex, a line for each chip ("OPTIGA Trust M Cloud ID", user
guide, rev. 1.2, chapter 2); for an emulated chip from its file, as the bytes that ports and ``--authorize`` take.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from optiga.emulator.configurations import provisioning_of
from optiga.emulator.models import ChipModel
from optiga.emulator.objects import StoredObject
from optiga.errors import ConfigurationError, Reason
from optiga.files.files import check_output_file, write_new
from optiga.protocol.codes import ObjectType
from optiga.protocol.metadata import Tag
from optiga.protocol.objects import AUTHORIZATION_REFERENCE, PLATFORM_BINDING_SECRET, format_oid

_TYPES = {
    PLATFORM_BINDING_SECRET: ObjectType.PLATFORM_BINDING,
    AUTHORIZATION_REFERENCE: ObjectType.AUTHORIZATION_REFERENCE,
}


def check_places(chip: Path, places: Mapping[int, Path]) -> None:
    """Make sure, before anything is done, that secrets can be written, and replace nothing.

    :param chip: the chip's file.
    :param places: files by the object whose secret goes into them.
    :raises ConfigurationError: if one of them is there, cannot be written, or is named twice.
    """
    named = {os.path.realpath(chip)}
    for path in places.values():
        check_output_file(path, "Name another file", secret=True, over_keys=True)
        if os.path.lexists(path):
            raise ConfigurationError(
                f"{path} already exists and may hold the secret of another chip",
                hint="Name another file",
                reason=Reason.EXISTS,
            )
        if (real := os.path.realpath(path)) in named:
            raise ConfigurationError(
                f"{path} is named twice", hint="Use a separate file for each secret", reason=Reason.CONFLICT
            )
        named.add(real)


def require_own_secrets(model: ChipModel) -> None:
    """Make sure that chips of a model come with secrets of their own.

    :raises ConfigurationError: if they do not.
    """
    if not provisioning_of(model).secrets:
        raise ConfigurationError(
            f"a new {model.title} comes without a secret",
            hint="To give a Trust M a secret, use 'python -m optiga pair'. The models "
            "trust-m-express and trust-m-mtr come with secrets",
            reason=Reason.UNSUPPORTED,
        )


@contextmanager
def written(content: Mapping[int, StoredObject], places: Mapping[int, Path]) -> Iterator[None]:
    """Write secrets of a chip into files, bytes as they are, mode 0600; if the block fails they are taken away.

    :param content: all objects of the chip.
    :param places: as for :func:`check_places`.
    :raises ConfigurationError: if the chip has no such secret, or a file cannot be written; no file is left then.
    """
    secrets = {path: _secret(content, oid) for oid, path in places.items()}
    made: list[Path] = []
    try:
        for path, secret in secrets.items():
            write_new(path, secret, 0o600)
            made.append(path)
        yield
    except BaseException:
        for path in made:
            with suppress(OSError):
                path.unlink()
        raise


def _secret(content: Mapping[int, StoredObject], oid: int) -> bytes:
    stored = content.get(oid)
    if stored is None or stored.metadata.get(Tag.TYPE) != bytes([_TYPES[oid]]) or not stored.data:
        raise ConfigurationError(
            f"the chip has no {_TYPES[oid].name.lower().replace('_', ' ')} in {format_oid(oid)}",
            reason=Reason.NOT_FOUND,
        )
    return stored.data
