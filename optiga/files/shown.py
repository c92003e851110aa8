"""Texts from outside for display: control characters and invisible characters are escaped."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from optiga.errors import printable
from optiga.naming import in_command

if TYPE_CHECKING:
    from pathlib import Path


def shown(text: str) -> str:
    """A text on one line of its own, as Python's literals have it: ``\\x1b``, ``\\u202e``, ``\\n``."""
    return printable(text)


def shown_path(path: Path) -> str:
    """A path as it was given; in full if it is dots alone, which nobody can tell from those of a sentence."""
    return str(path) if str(path).strip("./") else os.path.abspath(path)  # noqa: PTH100 - without the dots


def whole_path(path: Path) -> str:
    """A path from the root, without dots. Where ``..`` leads to depends on the links before it."""
    return str(path.resolve() if ".." in path.parts else path.absolute())


def file_in_command(name: Path | str) -> str:
    """The name of a file or folder as a command in a message has it; ``FILE`` for one that cannot be pasted.

    :param name: a text that has a space in it is only the name of a file that is there: it may be "the PEM text".
    """
    text = str(name)
    if isinstance(name, str) and " " in text and not os.path.lexists(text):
        return "FILE"
    return in_command(f"./{text}" if text.startswith("-") else text, "FILE")


def shown_lines(text: str) -> str:
    """A text whose line feeds are ours, or do no harm."""
    return text if text.isprintable() else "\n".join(map(shown, text.split("\n")))


def shown_json(text: str) -> str:
    """JSON that means the same, with JSON's own escapes."""
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    return "".join(one if one.isprintable() or one == "\n" else _escape_json(one) for one in text)


def _escape_json(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))
