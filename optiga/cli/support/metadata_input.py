"""Metadata as people give them: words, hex, or a file with either."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from optiga.cli.support.content import read_whole
from optiga.errors import ConfigurationError
from optiga.files.hex_text import parse_hex
from optiga.objects.objects import read_raw_metadata, read_words
from optiga.protocol.metadata import Metadata

if TYPE_CHECKING:
    from optiga.protocol.objects import ObjectInfo

_MAX_SIZE = 1 << 14
"""Most bytes of a file with metadata, which have 44 bytes: room for words and comments."""
_HEX = re.compile(r"(0[xX])?[0-9a-fA-F]{2}([\s,]*(0[xX])?[0-9a-fA-F]{2})*")


def read_metadata(info: ObjectInfo, words: Sequence[str]) -> Metadata:
    """Metadata to set.

    :param words: ``tag: value`` each; or one text that is hex, the name of a file, or - for standard input.
    :raises ConfigurationError: if they are none of it, or the object cannot have them.
    """
    if len(words) != 1:
        return read_words(info, words)
    text = words[0].strip()
    if _HEX.fullmatch(text):
        return read_raw_metadata(info, parse_hex(text.encode(), "metadata"))
    if text == "-" or _is_file(text):
        return _read_file(info, text)
    if ":" not in text:
        raise ConfigurationError(
            f"{text!r} is neither metadata nor a file with some",
            hint="Metadata are words, as 'change: never', or hex, as 2003d001ff",
            oid=info.oid,
        )
    return read_words(info, words)


def _read_file(info: ObjectInfo, path: str) -> Metadata:
    """The metadata in a file: as the chip encodes them, in hex, an array in C, or words, one tag on each line."""
    name = "standard input" if path == "-" else path
    content = read_whole(path, "metadata", limit=_MAX_SIZE)
    try:
        if _is_encoded(content):
            return read_raw_metadata(info, content)
        text = content.decode("utf-8-sig", "replace")
        if "{" in text or ":" not in text or _HEX.fullmatch(text.replace(":", " ").strip()):
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
