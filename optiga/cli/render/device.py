"""The end of a run for people: what the device is now, where AWS has it, which files there are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from optiga.cli.render.tables import align
from optiga.provision.seal_file import seal_path

if TYPE_CHECKING:
    from optiga.provision.outputs import ChipOutputs
    from optiga.provision.results import RunResult


def summary_of(result: RunResult, outputs: ChipOutputs, journal: Path) -> str:
    """A few short lines; the last has no line break.

    :param outputs: the files of this chip; those that are there are told.
    :param journal: its file.
    """
    return align([[label, value] for label, value in _rows(result, outputs, journal)])


def _rows(result: RunResult, outputs: ChipOutputs, journal: Path) -> Iterator[tuple[str, str]]:
    yield "chip", result.uid
    yield "slot", result.slot
    for label, value in (
        ("certificate", result.certificate_arn),
        ("serial", result.serial),
        ("thing", result.thing),
        ("", result.thing_arn),
        ("policy", result.policy),
        ("endpoint", result.endpoint),
    ):
        if value is not None:
            yield label, value
    label = "files"
    for path in (*_files(result, outputs), journal, *filter(Path.is_file, [seal_path(journal)])):
        yield label, str(path)
        label = ""


def _files(result: RunResult, outputs: ChipOutputs) -> Iterator[Path]:
    """What a run leaves of a chip, as far as it is there."""
    named = [name for name in (result.filename, result.certificate_file) if name is not None]
    in_cloud = [outputs.arn, outputs.policy] if result.certificate_arn is not None else []
    for path in (*(outputs.folder / name for name in named), *in_cloud):
        if path is not None and path.is_file():
            yield path
