"""JSON text with the line of every value, so that a mistake can be shown where it stands.

The standard library parses; what it does not tell, a pass over the tokens of the (by then known to be valid) text adds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

from optiga.errors import ConfigurationError

Path = tuple[str | int, ...]
"""Where a value stands: names of members and indices of elements, from the outside in; empty for the whole."""

_TOKEN = r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+'
_WORDS = {
    "Expecting property name enclosed in double quotes": "a name in double quotes must stand here",
    "Expecting ':' delimiter": "':' is missing after the name",
    "Expecting ',' delimiter": "',' is missing between two values",
    "Expecting value": "a value must stand here",
    "Extra data": "the value has ended, but more text follows",
    "Invalid control character at": "a text runs over the end of its line or holds a control character",
    "Unterminated string starting at": "the text that begins here is not closed with a double quote",
}

_TRAILING_COMMA = "a ',' before the closing bracket is one too many"


class Document(NamedTuple):
    """A parsed JSON text.

    :param value: what json.loads gives.
    :param lines: line of each value by its path, counted from 1.
    :param duplicates: paths of members that stand more than once, each with the line of its repetition.
    """

    value: Any
    lines: Mapping[Path, int]
    duplicates: tuple[tuple[Path, int], ...]


def parse_json(text: str, name: str) -> Document:
    """Parse JSON text.

    :param name: what to call the text in messages, usually the path of its file.
    :raises ConfigurationError: if it is not JSON; the message starts with ``name:line:``.
    """
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        what, position = _in_words(error)
        line, column = text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)
        raise ConfigurationError(f"{name}:{line}: not JSON: {what} (column {column})") from None
    except RecursionError:
        raise ConfigurationError(f"{name}:1: not JSON: nested too deeply") from None
    except ValueError as error:  # NaN, or an integer of thousands of digits
        raise ConfigurationError(f"{name}:1: not JSON: {error}") from None
    lines, duplicates = _locate(text)
    return Document(value, lines, tuple(duplicates))


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a value of JSON")


def _in_words(error: json.JSONDecodeError) -> tuple[str, int]:
    """What is wrong, and where in the text."""
    text, position = error.doc, error.pos
    before, rest = text[:position].rstrip(), text[position : position + 2]
    if not text.strip():
        return "the file is empty", position
    if position >= len(text.rstrip()):
        return "the text ends too early, a bracket or brace is not closed", position
    if before.endswith(",") and rest[:1] in "}]":
        return _TRAILING_COMMA, len(before) - 1
    if error.msg.startswith("Illegal trailing comma"):  # Python 3.13 and later point at the comma themselves
        return _TRAILING_COMMA, position
    if rest.startswith(("//", "/*", "#")):
        return "comments are not allowed", position
    if rest.startswith("'"):
        return "texts stand in double quotes, not in single ones", position
    return _WORDS.get(error.msg, error.msg[:1].lower() + error.msg[1:]), position


def _locate(text: str) -> tuple[dict[Path, int], list[tuple[Path, int]]]:
    """Lines by path, and the duplicates, of a text that is valid JSON."""
    lines: dict[Path, int] = {}
    duplicates: list[tuple[Path, int]] = []
    path: list[str | int] = []  # of the value that comes next
    in_object: list[bool] = []
    name_expected = False
    line, position = 1, 0
    for match in re.finditer(_TOKEN, text):
        line += text.count("\n", position, match.start())
        position = match.start()
        token = match.group()
        if token in "}]":
            in_object.pop()
            path.pop()
            name_expected = False
        elif token == ",":
            name_expected = in_object[-1]
            if not name_expected:
                path[-1] = int(path[-1]) + 1
        elif token == ":":
            name_expected = False
        elif name_expected:
            path[-1] = json.loads(token)
            here = tuple(path)
            if here in lines and not any(here[: len(other)] == other for other, _ in duplicates):
                duplicates.append((here, line))
        else:
            lines[tuple(path)] = line
            if token in "{[":
                name_expected = token == "{"
                in_object.append(name_expected)
                path.append("" if name_expected else 0)
    return lines, duplicates
