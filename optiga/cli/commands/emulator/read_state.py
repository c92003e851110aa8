"""The state of an emulated chip, read from a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga.cli.support.content import read_whole
from optiga.emulator import find_model, state
from optiga.errors import ConfigurationError, Reason
from optiga.files.json_lines import parse_json
from optiga.files.known_documents import EXPORT, name_content, name_document
from optiga.transfer.emulated import load_export
from optiga.transfer.form import parse_entries

if TYPE_CHECKING:
    from optiga.files.json_lines import Document

_MAX_STATE = 1 << 20
"""Most bytes of a state that is read: many times what a chip's takes."""


def read_state(path: str) -> state.State:
    """The state in a file, or on standard input for ``-``.

    :raises ConfigurationError: if there is none; the message begins with the file.
    """
    name, content = _read(path)
    return _load(_parse(content, name), name)


def read_chip(path: str, model: str | None) -> tuple[state.State, list[str]]:
    """The state in a file, or that of a chip like the one that an export was made of; ``-`` is standard input.

    :param model: of the chip of an export; None for the one that its UID tells.
    :returns: and what an export does not tell of the chip, one sentence each.
    :raises ConfigurationError: if it is neither; the message begins with the file.
    """
    chosen = None if model is None else find_model(model)
    name, content = _read(path)
    document = _parse(content, name)
    if name_document(document.value) != EXPORT:
        loaded = _load(document, name)
        if chosen is not None and chosen is not loaded.model:
            raise ConfigurationError(f"{name} is the state of an {loaded.model.title}, not of an {chosen.title}")
        return loaded, []
    entries = parse_entries(content, name)
    try:
        exported = load_export(entries, chosen)
    except ConfigurationError as error:
        error.locate(name)
        raise
    return exported.state, exported.remarks


def _read(path: str) -> tuple[str, bytes]:
    """What to call a file, and its content."""
    return "standard input" if path == "-" else path, read_whole(path, "state", limit=_MAX_STATE)


def _parse(content: bytes, name: str) -> Document:
    if known := name_content(content):
        raise ConfigurationError(
            f"{name} is {known.what}, not the state of an emulated chip",
            hint=known.taker or "It must be JSON, as 'emulator dump' or 'export' writes it",
            reason=Reason.WRONG_TYPE,
        )
    document = parse_json(content.decode("utf-8-sig", "replace"), name)
    for place, line in document.duplicates:
        raise ConfigurationError(f"{name}:{line}: {'.'.join(map(str, place))!r} stands twice")
    return document


def _load(document: Document, name: str) -> state.State:
    try:
        return state.load(document.value)
    except ConfigurationError as error:
        error.locate(name)
        raise
