"""Results of ``emulator``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from optiga.emulator.identity import uid_of
from optiga.emulator.objects import StoredObject
from optiga.results import MERGED


@dataclass(frozen=True, slots=True)
class ChipFileResult:
    """An emulated chip: the result of ``emulator reset``, and a part of others.

    :param file: of the chip.
    :param port: for ``--port``.
    :param model: as ``--model`` takes it.
    :param uid: 27 bytes.
    """

    file: Path
    port: str
    model: str
    uid: bytes


@dataclass(frozen=True, slots=True)
class SecretFiles:
    """Files with the secrets of a chip; None for those that were not asked for.

    :param secret_file: of the platform binding secret.
    :param authorization_file: of the authorization reference.
    """

    secret_file: Path | None
    authorization_file: Path | None


@dataclass(frozen=True, slots=True)
class NewChip:
    """The result of ``emulator new``."""

    chip: ChipFileResult = field(metadata=MERGED)
    secrets: SecretFiles = field(metadata=MERGED)


@dataclass(frozen=True, slots=True)
class LoadedChip:
    """The result of ``emulator load``.

    :param remarks: what the loaded file does not contain, one sentence each.
    """

    chip: ChipFileResult = field(metadata=MERGED)
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DumpedChip:
    """The result of ``emulator dump`` into a file.

    :param file: with the state.
    :param chip: file of the chip.
    :param model: as ``--model`` takes it.
    :param uid: 27 bytes.
    """

    file: str
    chip: Path
    model: str
    uid: bytes


@dataclass(frozen=True, slots=True)
class DeliveredSecrets:
    """The result of ``emulator secrets``.

    :param file: of the chip.
    """

    file: Path
    secrets: SecretFiles = field(metadata=MERGED)


@dataclass(frozen=True, slots=True)
class RootCertificate:
    """The result of ``emulator root``.

    :param certificate: PEM.
    """

    certificate: str


@dataclass(frozen=True, slots=True)
class ServedChip:
    """The result of ``emulator serve``, which is printed when the chip can be used.

    :param port: to connect to.
    :param file: of the chip.
    :param control: for ``emulator control``; None without one.
    """

    port: str
    file: Path
    control: str | None


@dataclass(frozen=True, slots=True)
class ControlResult:
    """The result of ``emulator control``, except for events.

    :param control: socket of the control.
    :param value: kind of a fault, or the security event counter; None for other verbs.
    :param file: that was written or restored; None for other verbs.
    :param remarks: what a restored file does not contain, one sentence each.
    """

    control: str
    verb: str
    value: str | None = None
    file: str | None = None
    remarks: tuple[str, ...] = ()


def chip_result(file: Path, model: str, content: Mapping[int, StoredObject]) -> ChipFileResult:
    """The result for a chip in a file.

    :param content: all its objects.
    """
    return ChipFileResult(file, f"emulator:{file}", model, uid_of(content))


def secret_files(places: Mapping[int, Path]) -> SecretFiles:
    """The result for secrets in files.

    :param places: files by the object whose secret is in them.
    """
    return SecretFiles(places.get(0xE140), places.get(0xF1D0))
