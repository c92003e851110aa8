"""What a file says of a chip: the state of an emulated one, or what was exported of any."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from optiga.cli.support.content import read_whole
from optiga.emulator import find_model, state
from optiga.emulator.models import DEFAULT_MODEL
from optiga.errors import ConfigurationError, Reason
from optiga.files.json_lines import parse_json
from optiga.files.known_documents import CHIP, EXPORT, PEM, name_content, name_document
from optiga.files.opening import about, about_its
from optiga.transfer.emulated import load_export, tells_model
from optiga.transfer.form import parse_entries

if TYPE_CHECKING:
    from optiga.emulator.models import ChipModel
    from optiga.files.json_lines import Document
    from optiga.transfer.form import Entry

_MAX_STATE = 1 << 20
"""Most bytes of a state that is read: many times what a chip's takes."""


@dataclass(frozen=True, slots=True)
class ChipFile:
    """What a file says of a chip.

    :param name: what to call the file in messages.
    :param loaded: the whole state of an emulated chip; None for an export.
    :param entries: of an export.
    :param model: of the exported chip, if it was named.
    :param told: ``data``, ``metadata`` or both, for each object of which the file has that.
    """

    name: str
    loaded: state.State | None
    entries: tuple[Entry, ...] = ()
    model: ChipModel | None = None
    told: Mapping[int, Collection[str]] = field(default_factory=dict)

    def make(self, otherwise: ChipModel | None = None) -> tuple[state.State, list[str]]:
        """The chip in that state, or one that is like the one that the export was made of.

        :param otherwise: the model of an exported chip of which neither the user nor the file tells it; None for the
            usual one, which is said.
        :returns: and what an export does not tell of the chip, one sentence each.
        :raises ConfigurationError: if no chip can be so; the message begins with the file.
        """
        if self.loaded is not None:
            return self.loaded, []
        with _located(self.name):
            exported = load_export(self.entries, self.model, otherwise=otherwise or DEFAULT_MODEL)
        remarks = exported.remarks
        if self.model is None and otherwise is None and not tells_model(self.entries):
            remarks.append(
                f"The file has no UID: the chip is an {exported.state.model.title}. To choose another, use --model"
            )
        return exported.state, remarks


def read_chip(path: str, model: str | None) -> ChipFile:
    """What a file says of a chip; ``-`` is standard input.

    :param model: of the chip of an export; None for the one that its UID tells.
    :raises ConfigurationError: if it says nothing of one; the message begins with the file.
    """
    chosen = None if model is None else find_model(model)
    name, content = _read(path)
    document = _parse(content, name)
    if name_document(document.value) == EXPORT:
        entries = tuple(parse_entries(content, name))
        return ChipFile(name, None, entries, chosen, {entry.info.oid: _told(entry) for entry in entries})
    with _located(name):
        loaded = state.load(document.value)
    if chosen is not None and chosen is not loaded.model:
        raise ConfigurationError(f"{name} is the state of an {loaded.model.title}, not of an {chosen.title}")
    return ChipFile(name, loaded, told=state.told_by(document.value))


def _told(entry: Entry) -> list[str]:
    return ["data"] * (entry.data is not None) + ["metadata"] * (entry.metadata is not None)


@contextmanager
def _located(name: str) -> Iterator[None]:
    """Have mistakes in a file begin with its name."""
    try:
        with about(name, is_name=True):
            yield
    except ConfigurationError as error:
        error.locate(name)
        raise


def _read(path: str) -> tuple[str, bytes]:
    """What to call a file, and its content."""
    return "standard input" if path == "-" else path, read_whole(path, "state", limit=_MAX_STATE)


@about_its("name", is_name=True)
def _parse(content: bytes, name: str) -> Document:
    if known := name_content(content):
        hint = (known is not PEM and known.taker) or "It must be JSON, as 'emulator dump' or 'export' writes it"
        if known is CHIP:
            hint = "To write the state of a chip, use 'emulator dump'. To copy a chip, copy its file"
        said = f"{name} is {known.what}, not the state of an emulated chip"
        raise ConfigurationError(said, hint=hint, reason=Reason.WRONG_TYPE)
    document = parse_json(content.decode("utf-8-sig", "replace"), name)
    for place, line in document.duplicates:
        raise ConfigurationError(f"{name}:{line}: {'.'.join(map(str, place))!r} is given twice")
    return document
