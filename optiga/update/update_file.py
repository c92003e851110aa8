"""Update sets in files: JSON of our own, and the C arrays that Infineon's tool writes.

The JSON has these members, and no others::

    {"format": "optiga-update", "version": 1,
     "about": {"target": "0xE0E1", …},        what the set does, in words; not looked at when it is read
     "manifest": "84 43 …",                   the signed manifest, hexadecimal
     "fragments": ["…", …]}                   each fragment in its order, hexadecimal

Infineon's tool (``protected_update_data_set``) writes arrays of bytes named ``manifest_data``, ``fragment_01``,
``fragment_02`` and so on, which its examples include as they are and its Python command line reads.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from optiga.errors import ConfigurationError, Reason
from optiga.files.c_arrays import find_arrays, parse_items, without_comments
from optiga.files.files import read_input, write_whole
from optiga.files.json_lines import parse_json
from optiga.files.known_documents import UPDATE_FORMAT as FORMAT
from optiga.files.known_documents import UPDATE_SET, Known, name_content, name_document, refuse_other
from optiga.files.opening import about_its
from optiga.results import to_json
from optiga.update.raw_set import MAX_SIZE, is_folder, read_beside, read_files, read_folder, refuse_damaged_file
from optiga.update.update_set import MADE_AGAIN, UpdateSet

VERSION = 1

_MEMBERS = {"format", "version", "about", "manifest", "fragments"}
_C_SUFFIXES = (".h", ".c", ".txt")


@about_its("path")
def read_update(path: Path, *others: Path) -> UpdateSet:
    """The update set in a file, JSON or C; or of a manifest and fragments in files of their own bytes.

    :param path: that file; or the manifest's, with the fragments' beside it; or a folder with both.
    :param others: the files of the fragments, in any order, the manifest among them or not.
    :raises ConfigurationError: if it cannot be read, or holds no whole set.
    """
    if others:
        return read_files((path, *others))
    if is_folder(path):
        return read_folder(path)
    data = read_input(path, "update set", MAX_SIZE)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = ""
    refuse_other(_other_content(data), str(path), "an update set")
    if "{" not in text and (update := read_beside(path)):
        return update
    if "{" not in text:
        refuse_damaged_file(path)
    if data and not text:
        raise ConfigurationError(
            f"{path} is neither text nor the manifest of an update",
            hint="Use an update set in JSON, in C as Infineon's tool writes it, or as a manifest and its fragments",
            reason=Reason.WRONG_TYPE,
        )
    if text.lstrip().startswith("{"):
        return _parse_json(text, str(path))
    return _parse_c(text, str(path))


def write_update(path: Path, update: UpdateSet) -> None:
    """Write an update set, whole or not at all: in C for a name that ends in .h, .c or .txt, otherwise in JSON.

    It is as secret as its payload is: readable for its owner alone if that is a key in plain.

    :raises ConfigurationError: if it cannot be written.
    """
    text = encode_c(update) if path.suffix.lower() in _C_SUFFIXES else encode_json(update)
    write_whole(path, text.encode(), 0o666 if update.signed.manifest.encryption else 0o600)


def encode_json(update: UpdateSet) -> str:
    """The set in JSON."""
    document = {
        "format": FORMAT,
        "version": VERSION,
        "about": to_json(update.describe()),
        "manifest": update.manifest.hex(),
        "fragments": [fragment.hex() for fragment in update.fragments],
    }
    return json.dumps(document, indent=2) + "\n"


def encode_c(update: UpdateSet) -> str:
    """The set as Infineon's tool writes it."""
    parts = {"manifest_data": update.manifest}
    parts.update({f"fragment_{index:02}": fragment for index, fragment in enumerate(update.fragments, 1)})
    return "\n".join(_encode_array(name, data) for name, data in parts.items())


def _encode_array(name: str, data: bytes) -> str:
    rows = [data[start : start + 16] for start in range(0, len(data), 16)]
    lines = ["\t\t" + "".join(f"0x{byte:02X}, " for byte in row).rstrip() for row in rows]
    return "\n".join([f"\tuint8_t {name}[] = ", "\t{", *lines, "\t};", ""])


def _other_content(data: bytes) -> Known | None:
    """What a file is that is no update set, and no JSON."""
    known = name_content(data)
    return None if known is UPDATE_SET else known


def _parse_json(text: str, name: str) -> UpdateSet:
    document = parse_json(text, name)
    value = document.value
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        known = name_document(value)
        raise ConfigurationError(
            f"{name} is {known.what}, not an update set" if known else f"{name} is not an update set",
            hint=known.taker if known else f'A JSON update set has a member "format": "{FORMAT}"',
            reason=Reason.WRONG_TYPE,
        )
    if value.get("version") != VERSION:
        raise ConfigurationError(
            f"{name} is an update set of version {value.get('version')!r}, not {VERSION}",
            hint="Use the version of optiga.py that made it, or make the update again",
            reason=Reason.UNSUPPORTED,
        )
    if document.duplicates or set(value) - _MEMBERS:
        raise ConfigurationError(f"{name} has duplicate or unknown members", hint=MADE_AGAIN)
    fragments = value.get("fragments")
    if not isinstance(fragments, list):
        raise ConfigurationError(f'{name} has no list "fragments"', hint=MADE_AGAIN, reason=Reason.DAMAGED)
    return UpdateSet.parse(
        _parse_hex(value.get("manifest"), f"{name}: manifest"),
        tuple(_parse_hex(fragment, f"{name}: fragment {index}") for index, fragment in enumerate(fragments, 1)),
        name,
    )


def _parse_hex(text: Any, name: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except (TypeError, ValueError):
        raise ConfigurationError(f"{name} is not hexadecimal", hint=MADE_AGAIN, reason=Reason.DAMAGED) from None


def _parse_c(text: str, name: str) -> UpdateSet:
    """The first array whose name has "manifest" in it, and all with "fragment", in their order."""
    arrays = list(find_arrays(without_comments(text)))
    manifests, fragments = ([one for one in arrays if word in one[0].lower()] for word in ("manifest", "fragment"))
    if len(manifests) != 1:
        raise ConfigurationError(
            f"{name} is not an update set: it holds {'several manifests' if manifests else 'no manifest'}",
            hint="Use an update set in JSON, or in C as Infineon's tool writes it",
            reason=Reason.WRONG_TYPE,
        )
    manifest, *pieces = (_parse_array(*array, name) for array in (*manifests, *fragments))
    return UpdateSet.parse(manifest, tuple(pieces), name)


def _parse_array(array: str, body: str, count: int | None, name: str) -> bytes:
    try:
        return parse_items(body, count)
    except ValueError as error:
        raise ConfigurationError(f"{name}: the array {array} holds {error}", hint=MADE_AGAIN) from None
