"""Files in TOML."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from optiga.errors import ConfigurationError
from optiga.files.files import read_input
from optiga.files.opening import about_its

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


_PAIR = re.compile(r"""\s*["']?([\w-]+)["']?\s*=\s*(.*?)\s*(?:#.*)?$""")
"""A key and what stands behind it, but for a comment."""
_PLACE = re.compile(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", re.DOTALL)
"""What the parser says, and where."""
_KEY = r"""[ \t]*\[{0,2}[ \t]*(?:"([^"]*)"|'([^']*)'|([\w-]+))[ \t]*[=.\]]"""


class Toml(NamedTuple):
    """The content of a file: its values, and the line, counted from 1, where each begins."""

    values: Mapping[str, Any]
    lines: Mapping[str, int]


@about_its("path")
def read_toml(path: Path, what: str, limit: int) -> Toml:
    """The content of a file.

    :param what: what the file is to the user, for messages.
    :param limit: most bytes it may have.
    :raises ConfigurationError: if it cannot be read, is longer, or is no TOML.
    """
    data = read_input(path, what, limit)
    try:
        text = data.decode("utf-8-sig")
        values: dict[str, Any] = tomllib.loads(text)
    except RecursionError:
        raise ConfigurationError(f"{path} is no TOML: it is nested too deeply") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} is no TOML: it is not UTF-8") from None
    except ValueError as error:
        raise ConfigurationError(_explain(path, text, str(error))) from None
    lines = _lines_of(text)
    return Toml(values, {key: lines.get(key, 1) for key in values})


def _explain(path: Path, text: str, cause: str) -> str:
    """What is wrong with a file, in plain words where the mistake is a common one.

    :param cause: what the parser says.
    """
    told = _PLACE.fullmatch(cause)
    lines = text.split("\n")
    number = int(told[2]) if told and told[2] else len(text.rstrip().split("\n"))
    what = told[1] if told else cause
    pair = _PAIR.match(lines[number - 1]) if number <= len(lines) else None
    said = f"this is no TOML: {what}"
    if pair is not None and what == "Cannot overwrite a value":
        said = f"{pair[1]!r} is set twice"
    elif pair is not None and what == "Invalid value" and not pair[2]:
        said = f"{pair[1]!r} has no value"
    elif pair is not None and what == "Invalid value" and not re.search("[\"'{}\\[\\]]", pair[2]):
        quote = "'" if "\\" in pair[2] else '"'
        said = f"{pair[1]!r}: put the text in quotes: {pair[1]} = {quote}{pair[2]}{quote}"
    return f"{path}:{number}: {said}"


def _lines_of(text: str) -> dict[str, int]:
    """Where each key, or a table of that name, begins; of a key in quotes with escapes that is not told."""
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if found := re.match(_KEY, line):
            lines.setdefault(next(name for name in found.groups() if name is not None), number)
    return lines
