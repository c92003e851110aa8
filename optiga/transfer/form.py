"""The file: a JSON object with a member for each object of a chip, as ``optigatrust`` 1.5.1 writes and reads it::

    {"e0f1": {"metadata": "200f…", "pretty_metadata": {"lcso": "creation", …}},
     "f1d0": {"metadata": "2011…", "pretty_metadata": {…}, "data": "00…"}}

``metadata`` and ``pretty_metadata`` say the same, either may be missing. ``data`` are those of an object that can be
read; the library writes an empty text where they cannot. Here the member is left out then: the library would take the
text for data, fail to write nothing, and leave the object without its metadata and open to changes.
"""

from __future__ import annotations

import json
import string
from collections.abc import Iterable
from typing import Any, NamedTuple, TypedDict

from optiga.errors import ConfigurationError, Reason
from optiga.files.json_lines import parse_json
from optiga.files.known_documents import EXPORT, Known, name_content, name_document, refuse_other
from optiga.files.opening import about_its
from optiga.files.problems import Problem, Section, raise_problems
from optiga.objects.addressing import IN_FILE, resolve
from optiga.objects.objects import why_of_other_kind
from optiga.protocol.metadata import OWN_TAGS, Metadata, Tag, tag_word
from optiga.protocol.metadata_words import describe_form
from optiga.protocol.objects import ObjectInfo, ObjectRef
from optiga.protocol.rules import values
from optiga.transfer.words import TAGS, Pretty, from_pretty, to_pretty

_MEMBERS = ("metadata", "pretty_metadata", "data")
_MOST_DIGITS = 6
"""Of what is meant for an identifier."""
_SHOWN = 24
"""Most letters of a wrong text that a message shows."""


class Entry(NamedTuple):
    """What a file has of one object.

    :param metadata: None where it has none.
    :param data: None where it has none; never empty.
    :param is_whole: whether the metadata are all that an object had, not some that are to be set.
    """

    info: ObjectInfo
    metadata: Metadata | None
    data: bytes | None
    is_whole: bool = True


def format_entries(entries: Iterable[Entry]) -> dict[str, Any]:
    """The content of a file, as JSON has it: keys first, then all others, each by their identifiers."""
    in_order = sorted(entries, key=lambda entry: (not entry.info.kind.is_key, entry.info.oid))
    return {f"{entry.info.oid:04x}": _format_entry(entry) for entry in in_order}


class _Member(TypedDict, total=False):
    """What a file has of one object."""

    metadata: str
    pretty_metadata: dict[str, Pretty]
    data: str


def _format_entry(entry: Entry) -> _Member:
    formatted: _Member = {}
    if entry.metadata is not None:
        formatted = {"metadata": entry.metadata.encode().hex(), "pretty_metadata": to_pretty(entry.metadata)}
    if entry.data is not None:
        formatted["data"] = entry.data.hex()
    return formatted


def encode_entries(entries: Iterable[Entry]) -> bytes:
    """The bytes of a file; ASCII, four spaces for each level, with a line break at the end."""
    return json.dumps(format_entries(entries), indent=4).encode("ascii") + b"\n"


@about_its("name", is_name=True)
def parse_entries(content: bytes, name: str) -> list[Entry]:
    """What a file says, each object once, in the file's order.

    :param name: what to call the file in messages.
    :raises ConfigurationError: if it is no such file, with the line of each mistake.
    """
    _refuse_other(name_content(content), name)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigurationError(
            f"{name} is not text",
            hint="Give a JSON file that 'python -m optiga export' has written",
            reason=Reason.WRONG_TYPE,
        ) from None
    document = parse_json(text, name)
    if isinstance(document.value, dict):
        _refuse_other(name_document(document.value), name)
    if not isinstance(document.value, dict) or not any(map(_is_object, document.value)):
        raise ConfigurationError(
            f"{name}:1: has no objects of a chip",
            hint="Give a JSON file with members such as e0f1, as 'python -m optiga export' writes it",
            reason=Reason.WRONG_TYPE,
        )
    problems = [
        Problem(line, f"{name}:{line}: {'.'.join(map(str, path))!r} is given twice")
        for path, line in document.duplicates
    ]
    whole = Section(document, name, problems)
    entries: dict[int, Entry] = {}
    for oid in document.value:
        section = whole.child(oid)
        try:
            info = resolve(oid, IN_FILE).info
        except ConfigurationError as error:
            section.problem(error.message)
            continue
        if info.oid in entries:
            section.problem(f"{info.label} is given twice")
        entries[info.oid] = _parse_entry(info, section)
    raise_problems(problems)
    return list(entries.values())


@about_its("name", is_name=True)
def parse_metadata(info: ObjectInfo, content: bytes, name: str) -> Metadata:
    """The metadata of one object in JSON: its words, as ``optigatrust object --meta`` prints them, an object's member
    of a file of a whole chip, or such a file.

    :param name: what to call the JSON in messages.
    :raises ConfigurationError: if there are none of this object.
    """
    document = parse_json(content.decode("utf-8-sig", "replace"), name)
    if name_document(document.value) == EXPORT:
        entry = next((one for one in parse_entries(content, name) if one.info.oid == info.oid), None)
        metadata = entry.metadata if entry else None
        if metadata is None:
            raise ConfigurationError(f"{name} has no metadata of {info.label}", oid=info.oid, reason=Reason.NOT_FOUND)
        return metadata
    _refuse_other(name_document(document.value), name)
    problems: list[Problem] = []
    section = Section(document, name, problems, whole="metadata")
    has_members = any(member in document.value for member in _MEMBERS[:2])
    if not has_members and not any(tag in document.value for tag in (*TAGS, "metadata_update")):
        raise ConfigurationError(f"{name} has no metadata", oid=info.oid, reason=Reason.WRONG_TYPE)
    found = _parse_entry(info, section).metadata if has_members else _parse_words(info, section)
    raise_problems(problems)
    if found is None:
        raise ConfigurationError(f"{name} has no metadata", oid=info.oid, reason=Reason.WRONG_TYPE)
    return found


def _is_object(name: str) -> bool:
    """Whether a member's name is meant for an object's, right or wrong."""
    digits = name.lower().removeprefix("0x")
    return ObjectRef.find(name) is not None or (len(digits) <= _MOST_DIGITS and set(digits) <= set(string.hexdigits))


def _refuse_other(known: Known | None, name: str) -> None:
    """Refuse a file that is another of the tool's, or of another tool."""
    if known and known != EXPORT:
        hint = known.taker or "Give a JSON file that 'python -m optiga export' has written"
        refuse_other(known, name, "an export of a chip's objects", hint=hint)


def _parse_entry(info: ObjectInfo, section: Section) -> Entry:
    members = section.members((), _MEMBERS)
    raw, words = None, None
    if "metadata" in members:
        raw = _parse_raw(info, members["metadata"])
    if "pretty_metadata" in members and members["pretty_metadata"].value is not None:
        words = _parse_words(info, members["pretty_metadata"])
    if raw is not None and words is not None:
        _compare(raw, words, members["pretty_metadata"])
    data = _parse_hex(members["data"]) if "data" in members else None
    return Entry(info, words if raw is None else raw, data or None, raw is not None)


def _parse_raw(info: ObjectInfo, section: Section) -> Metadata | None:
    data = _parse_hex(section)
    if data is None:
        return None
    try:
        metadata = Metadata.parse(data)
    except ValueError as error:
        section.problem(str(error))
        return None
    for tag, value in metadata.items():
        _check_value(info, tag, value, section)
    return metadata


def _parse_words(info: ObjectInfo, section: Section) -> Metadata | None:
    """Metadata from the library's words, without the tags that the chip sets."""
    items: dict[int, bytes] = {}
    is_good = isinstance(section.value, dict)
    for name, member in section.members((), TAGS, {"metadata_update": "meta_update"}).items():
        tag = TAGS[name]
        try:
            value = from_pretty(tag, member.value)
        except ValueError as error:
            member.problem(str(error))
            is_good = False
            continue
        if tag not in OWN_TAGS:
            _check_value(info, tag, value, member)
            items[tag] = value
    return Metadata(items) if is_good else None


def _compare(raw: Metadata, words: Metadata, section: Section) -> None:
    """Note where metadata and pretty metadata contradict one another.

    Those that the chip sets are no matter; the version may be missing among the words, where the library cannot read
    it, and so may what has no name there.
    """
    for name, tag in TAGS.items():
        one, other = raw.get(tag), words.get(tag)
        if tag in OWN_TAGS or one == other or (tag == Tag.VERSION and other is None):
            continue
        section.problem(
            f"{name} is {_said(words, tag)} here and {_said(raw, tag)} in metadata; omit one of the two members"
        )


def _said(metadata: Metadata, tag: Tag) -> str:
    return metadata.in_words().get(tag.name.lower(), "absent")


def _check_value(info: ObjectInfo, tag: int, value: bytes, section: Section) -> None:
    """Note a value that a tag cannot have, and a tag that is another kind of object's."""
    if tag in OWN_TAGS:
        return
    problem = values.check_value(None, info, tag, value)
    if problem is values.Problem.OTHER_KIND:
        section.problem(why_of_other_kind(info, tag))
    elif problem in (values.Problem.SIZE, values.Problem.NO_CONDITION):
        section.problem(f"{tag_word(tag)}: {describe_form(tag, value)}".removeprefix(f"{section.path[-1]}: "))


def _parse_hex(section: Section) -> bytes | None:
    """Bytes from hex digits; what is none is noted."""
    text = section.text()
    if text is None:
        return None
    if len(text) % 2 or not set(text) <= set(string.hexdigits):
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        section.problem(f"{shown!r} is not bytes in hex, for example 00ff")
        return None
    return bytes.fromhex(text)
