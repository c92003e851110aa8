"""JSON text with the line of every value, so that a mistake can be reported with its line.

The standard library parses; what it does not tell, a pass over the tokens of the (by then known to be valid) text adds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sized
from functools import cached_property
from math import isfinite
from typing import Any, NoReturn

from optiga.errors import ConfigurationError, Reason
from optiga.files.opening import about_its
from optiga.values import Value, frozen

Path = tuple[str | int, ...]
"""Where a value stands: names of members and indices of elements, from the outside in; empty for the whole."""

_MOST_DUPLICATES = 100
_MOST_NESTED = 100
"""Objects and arrays within one another: many more than a document has, and few enough for who goes through them. How
many json.loads takes is another number in each version of Python."""
_TOKEN = r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+'
_WORDS = {
    "Expecting property name enclosed in double quotes": "a name in double quotes is missing here",
    "Expecting ':' delimiter": "':' is missing after the name",
    "Expecting ',' delimiter": "',' is missing between two values",
    "Expecting value": "a value is missing here",
    "Extra data": "extra text after the end of the value",
    "Invalid control character at": "a text contains a line break or a control character",
    "Unterminated string starting at": "the text that starts here has no closing double quote",
}

_BEGINNING = r"(?:[\s\ufeff]|//[^\n]*\n|#[^\n]*\n|/\*(?:[^*]|\*(?!/))*\*/)*[{\[]"
"""Of JSON with comments, which people may take to be allowed. A text about anything else begins otherwise."""
_NO_COMMA = "Expecting ',' delimiter"
_TRAILING_COMMA = "extra ',' before the closing bracket"


_Place = tuple[int, "dict[str | int, Any] | None"]
"""The line of a value, and the places of those within; None where there are none."""


class Lines(Mapping[Path, int]):
    """The line of each value by its path, counted from 1, in the order in which the values stand.

    Each value has a place in that of the one around it: paths of their own would take room for each step of each.

    :param text: JSON that is valid. Its lines are looked for when the first is asked for: without a mistake none is.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _found(self) -> tuple[_Place, list[tuple[Path, int]]]:
        return _locate(self._text)

    @property
    def _root(self) -> _Place:
        return self._found[0]

    @property
    def repeated(self) -> list[tuple[Path, int]]:
        """Paths of members that stand more than once, each with the line of its repetition; the first hundred."""
        return self._found[1]

    def __getitem__(self, path: Path) -> int:
        place = self._root
        for step in path:
            if place[1] is None:
                raise KeyError(path)
            place = place[1][step]
        return place[0]

    def __iter__(self) -> Iterator[Path]:
        stack: list[tuple[Path, _Place]] = [((), self._root)]
        while stack:
            path, (_, within) = stack.pop()
            yield path
            stack += [((*path, step), place) for step, place in reversed((within or {}).items())]

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _NestedError(Exception):
    """A text is nested too deeply.

    :param line: where, counted from 1.
    """

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line


class _Container:
    """An object or array that is being read.

    :ivar name: of the member that is being read.
    :ivar places: of what is in it, by name or index.
    :ivar reported: names that stand in it more than once.
    :ivar is_repeated: whether it belongs to a member that stands more than once; what is doubled in it is not told.
    """

    __slots__ = ("is_object", "is_repeated", "name", "name_expected", "places", "reported")

    def __init__(self, *, is_object: bool) -> None:
        self.is_object = self.name_expected = is_object
        self.is_repeated = False
        self.name = ""
        self.places: dict[str | int, Any] = {}
        self.reported: set[str] = set()

    @property
    def step(self) -> str | int:
        """From here to the value that is being read."""
        return self.name if self.is_object else len(self.places) - 1

    def add(self, place: _Place) -> None:
        """Take in the value that is being read."""
        self.places[self.name if self.is_object else len(self.places)] = place


@frozen
class Document(Value):
    """A parsed JSON text.

    :param value: what json.loads gives.
    :param lines: line of each value by its path, counted from 1.
    :param duplicates: paths of members that stand more than once, each with the line of its repetition; the first
        hundred of them.
    """

    value: Any
    lines: Mapping[Path, int]
    duplicates: tuple[tuple[Path, int], ...]


@about_its("name", is_name=True)
def parse_json(text: str, name: str) -> Document:
    """Parse JSON text.

    :param name: what to call the text in messages, usually the path of its file.
    :raises ConfigurationError: if it is not JSON; the message starts with ``name:line:``.
    """
    has_repeated = False

    def as_object(members: list[tuple[str, Any]]) -> object:
        nonlocal has_repeated
        value = dict(members)
        has_repeated |= len(value) < len(members)
        return value

    try:
        value = _load(text, as_object)
    except json.JSONDecodeError as error:
        what, position = _in_words(error)
        if error.msg == _NO_COMMA and "\n" in text[(end := len(text[:position].rstrip())) : position]:
            what, position = "',' is missing at the end of this line", end
        line, column = _line_at(text, position), position - text.rfind("\n", 0, position)
        is_other = text.strip() and text.lstrip()[0] not in "{["
        reason = Reason.WRONG_TYPE if is_other else Reason.BAD_VALUE
        raise ConfigurationError(f"{name}:{line}: not JSON: {what} (column {column})", reason=reason) from None
    except RecursionError:
        raise ConfigurationError(f"{name}:1: not JSON: nested too deeply") from None
    except ValueError:
        line, what = _refused_number(text)
        raise ConfigurationError(f"{name}:{line}: not JSON: {what}") from None
    lines = Lines(text)
    is_looked_at = has_repeated or text.count("{") + text.count("[") > _MOST_NESTED
    try:
        repeated = lines.repeated if is_looked_at else ()
    except _NestedError as error:
        raise ConfigurationError(f"{name}:{error.line}: nested too deeply, more than {_MOST_NESTED} times") from None
    return Document(value, lines, tuple(repeated))


def _line_at(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _load(text: str, as_object: Callable[[list[tuple[str, Any]]], object] = dict) -> Any:
    """What json.loads gives.

    :raises ValueError: for NaN and infinity in words, and for a number that is too large.
    """
    return json.loads(text, parse_constant=_refuse_constant, parse_float=_parse_float, object_pairs_hook=as_object)


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(constant)


def _parse_float(number: str) -> float:
    value = float(number)
    if not isfinite(value):
        raise ValueError(number)
    return value


def _refused_number(text: str) -> tuple[int, str]:
    """The line of the first number that no program could take, and what is wrong: json.loads does not say where."""
    for match in re.finditer(_TOKEN, text):
        token = match.group()
        try:
            _load(token)
        except json.JSONDecodeError:
            continue
        except ValueError:
            what = f"{token} is not a JSON value" if token[-1:].isalpha() else f"the number {token} is too large"
            return _line_at(text, match.start()), what
    return 1, "a number is too large"


def _in_words(error: json.JSONDecodeError) -> tuple[str, int]:
    """What is wrong, and where in the text."""
    text, position = error.doc, error.pos
    before, rest = text[:position].rstrip(), text[position : position + 2]
    if not text.strip():
        return "the file is empty", position
    if position >= len(text.rstrip()):
        return "the text ends too early: a closing bracket or brace is missing", position
    if before.endswith(",") and rest[:1] in "}]":
        return _TRAILING_COMMA, len(before) - 1
    if error.msg.startswith("Illegal trailing comma"):  # Python 3.13 and later point at the comma themselves
        return _TRAILING_COMMA, position
    if not before and not re.match(_BEGINNING, text):
        return "the text begins with neither '{' nor '['", position
    if rest.startswith(("//", "/*", "#")):
        return "comments are not allowed", position
    if rest.startswith("'"):
        return "texts need double quotes, not single quotes", position
    return _WORDS.get(error.msg, error.msg[:1].lower() + error.msg[1:]), position


def _locate(text: str) -> tuple[_Place, list[tuple[Path, int]]]:
    """The places of all values, and the members that stand more than once, of a text that is valid JSON.

    It takes the time and room that the size of the text explains.

    :raises _NestedError: if it is nested too deeply.
    """
    root: _Place = (1, None)
    duplicates: list[tuple[Path, int]] = []
    opened: list[_Container] = []
    line, position = 1, 0
    for match in re.finditer(_TOKEN, text):
        line += text.count("\n", position, match.start())
        position = match.start()
        token = match.group()
        if token in "}]":
            opened.pop()
        elif token == ",":
            opened[-1].name_expected = opened[-1].is_object
        elif token == ":":
            opened[-1].name_expected = False
        elif opened and opened[-1].name_expected:
            around = opened[-1]
            around.name = json.loads(token)
            if around.name in around.places:
                if not around.is_repeated and around.name not in around.reported and len(duplicates) < _MOST_DUPLICATES:
                    duplicates.append((tuple(one.step for one in opened), line))
                around.reported.add(around.name)
        else:
            within = _Container(is_object=token == "{") if token in "{[" else None
            place: _Place = (line, None if within is None else within.places)
            if within is not None and opened:
                around = opened[-1]
                within.is_repeated = around.is_repeated or (around.is_object and around.name in around.reported)
            if opened:
                opened[-1].add(place)
            else:
                root = place
            if within is not None:
                opened.append(within)
                _check_depth(opened, line)
    return root, duplicates


def _check_depth(opened: Sized, line: int) -> None:
    if len(opened) > _MOST_NESTED:
        raise _NestedError(line)
