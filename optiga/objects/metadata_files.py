"""Metadata as people have them beside words: hex, an array in C, or what the chip encodes, also in files."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from optiga.errors import ConfigurationError, Reason
from optiga.files.encodings import wide_encoding
from optiga.files.hex_text import is_escaped, parse_hex
from optiga.files.known_documents import PEM, Known, name_content, refuse_other
from optiga.files.opening import about_its, at_fault
from optiga.objects.objects import read_raw_metadata, read_words
from optiga.pki.kinds import CERTIFICATE, identify
from optiga.protocol.conditions import AccessCondition
from optiga.protocol.der import SEQUENCE
from optiga.protocol.metadata import Metadata
from optiga.protocol.metadata_words import with_colon

if TYPE_CHECKING:
    from optiga.protocol.objects import ObjectInfo

_HEX = re.compile(r"(0[xX])?[0-9a-fA-F]{2}([\s,]*(0[xX])?[0-9a-fA-F]{2})*[\s,]*")

JsonReader: TypeAlias = "Callable[[ObjectInfo, bytes, str], Metadata]"
"""Reads metadata from JSON, which is the business of whoever knows the JSON of whole chips."""


@at_fault("words")
def read_metadata(
    info: ObjectInfo, words: Sequence[str], read: Callable[[str], bytes], read_json: JsonReader
) -> Metadata:
    """Metadata to set.

    :param words: ``tag: value`` each; or one text that is hex, the name of a file, or - for standard input.
    :param read: gives the content of a file of a name, or of standard input for ``-``.
    :param read_json: for a file of JSON.
    :raises ConfigurationError: if they are none of it, or the object cannot have them.
    """
    text = " ".join(words).strip()
    if is_hex(text) or _is_hex_with_colons(text) or (text.startswith("{") and len(words) == 1):
        return metadata_of_file(info, text.encode(), "metadata", read_json)
    if len(words) != 1:
        return _read_several(info, words)
    if text == "-" or _is_file(text):
        return metadata_of_file(info, read(text), "standard input" if text == "-" else text, read_json)
    if ":" not in text:
        meant = with_colon(text)
        usual = "Give words, such as 'change: never', or hex, such as 2003d001ff"
        raise ConfigurationError(
            f"{text!r} is neither metadata nor a file with metadata",
            hint=f"Write a colon after the tag: {meant!r}" if meant else usual,
            oid=info.oid,
        )
    return read_words(info, words)


def _read_several(info: ObjectInfo, words: Sequence[str]) -> Metadata:
    """Metadata in words, each text with a tag and its value.

    :raises ConfigurationError: if they are wrong, also if a tag and its value are texts of their own.
    """
    try:
        return read_words(info, words)
    except ConfigurationError:
        meant = with_colon(" ".join(words))
        if not meant or not _is_right(info, meant):
            raise
        raise ConfigurationError(
            f"{' '.join(words)!r} is one tag in several words",
            hint=f"Write the tag, a colon and the value in one pair of quotes: {meant!r}",
            oid=info.oid,
        ) from None


def _is_right(info: ObjectInfo, text: str) -> bool:
    try:
        read_words(info, [text])
    except ConfigurationError:
        return False
    return True


def _is_hex_with_colons(text: str) -> bool:
    """Whether a text is metadata in hex with colons between the bytes, and no tag and its value in hex."""
    spaced = text.replace(":", " ")
    return is_hex(spaced) and not is_escaped(spaced) and _is_encoded(parse_hex(spaced.encode(), "metadata"))


def is_hex(text: str) -> bool:
    """Whether a text is whole bytes in hex, with spaces, commas, ``0x`` or backslashes between them or not."""
    return _HEX.fullmatch(text.strip()) is not None or is_escaped(text)


@about_its("name", is_name=True)
def metadata_of_file(info: ObjectInfo, content: bytes, name: str, read_json: JsonReader) -> Metadata:
    """The metadata in a file: as the chip encodes them, in hex, an array in C, JSON, or words, one tag on each line.

    :param name: what to call the file in messages.
    :param read_json: for a file of JSON.
    :raises ConfigurationError: if there are none, or the object cannot have them; the message names the file.
    """
    try:
        if _is_encoded(content):
            return read_raw_metadata(info, content)
        _refuse_other(content, name)
        text = content.decode("utf-8-sig", "replace")
        if text.lstrip().startswith("{") and '"' in text:
            return read_raw_metadata(info, read_json(info, content, name).encode())
        if "{" in text or ":" not in text or is_hex(text.replace(":", " ")):
            return read_raw_metadata(info, _bytes_of(content, name))
        lines = [line.strip() for line in text.splitlines()]
        return read_words(info, [line for line in lines if line and not line.startswith("#")])
    except ConfigurationError as error:
        if name not in error.message:
            error.locate(name)
        raise


def _refuse_other(content: bytes, name: str) -> None:
    known = name_content(content)
    if known is None and content[:1] == bytes([SEQUENCE]) and (what := identify(content)):
        known = Known(what, PEM.taker if what == CERTIFICATE else "")
    refuse_other(known, name, "metadata")


def _bytes_of(content: bytes, name: str) -> bytes:
    """The bytes that a text says, or that a file has that is no text.

    :raises ConfigurationError: if they are an access condition alone, as Infineon's tools read one from a file: its
        length, and behind it the condition.
    """
    data = parse_hex(content, name) if _is_text(content) else content
    condition = data[1:]
    if data[:1] == bytes([len(condition) & 0xFF]) and _is_condition(condition):
        raise ConfigurationError(
            f"{name} has only an access condition with its length in front",
            hint=f"Add the name of the condition, for example 'change: {condition.hex()}'",
            reason=Reason.WRONG_TYPE,
        )
    return data


def _is_text(content: bytes) -> bool:
    """Whether a file is for people; one in UTF-16 is one, of which something is said then."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return bool(wide_encoding(content))
    return all(one.isprintable() or one.isspace() or one == "\ufeff" for one in text)


def _is_condition(data: bytes) -> bool:
    try:
        AccessCondition.parse(data)
    except ValueError:
        return False
    return True


def _is_file(text: str) -> bool:
    """Whether there is something to read under a name, which may be any text."""
    try:
        return Path(text).exists() and not Path(text).is_dir()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _is_encoded(content: bytes) -> bool:
    try:
        Metadata.parse(content)
    except ValueError:
        return False
    return True
