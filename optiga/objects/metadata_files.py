"""Metadata as people have them beside words: hex, an array in C, or what the chip encodes, also in files."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from optiga.errors import ConfigurationError
from optiga.files.hex_text import parse_hex
from optiga.objects.objects import read_raw_metadata, read_words
from optiga.protocol.metadata import Metadata

if TYPE_CHECKING:
    from optiga.protocol.objects import ObjectInfo

_HEX = re.compile(r"(0[xX])?[0-9a-fA-F]{2}([\s,]*(0[xX])?[0-9a-fA-F]{2})*")


def read_metadata(info: ObjectInfo, words: Sequence[str], read: Callable[[str], bytes]) -> Metadata:
    """Metadata to set.

    :param words: ``tag: value`` each; or one text that is hex, the name of a file, or - for standard input.
    :param read: gives the content of a file of a name, or of standard input for ``-``.
    :raises ConfigurationError: if they are none of it, or the object cannot have them.
    """
    if len(words) != 1:
        return read_words(info, words)
    text = words[0].strip()
    if is_hex(text):
        return read_raw_metadata(info, parse_hex(text.encode(), "metadata"))
    if text == "-" or _is_file(text):
        return metadata_of_file(info, read(text), "standard input" if text == "-" else text)
    if ":" not in text:
        raise ConfigurationError(
            f"{text!r} is neither metadata nor a file with some",
            hint="Metadata are words, as 'change: never', or hex, as 2003d001ff",
            oid=info.oid,
        )
    return read_words(info, words)


def is_hex(text: str) -> bool:
    """Whether a text is whole bytes in hex, with spaces, commas or ``0x`` between them or not."""
    return _HEX.fullmatch(text.strip()) is not None


def metadata_of_file(info: ObjectInfo, content: bytes, name: str) -> Metadata:
    """The metadata in a file: as the chip encodes them, in hex, an array in C, or words, one tag on each line.

    :param name: what to call the file in messages.
    :raises ConfigurationError: if there are none, or the object cannot have them; the message names the file.
    """
    try:
        if _is_encoded(content):
            return read_raw_metadata(info, content)
        text = content.decode("utf-8-sig", "replace")
        if "{" in text or ":" not in text or is_hex(text.replace(":", " ")):
            return read_raw_metadata(info, parse_hex(content, name))
        lines = [line.strip() for line in text.splitlines()]
        return read_words(info, [line for line in lines if line and not line.startswith("#")])
    except ConfigurationError as error:
        if name not in error.message:
            error.locate(name)
        raise


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
