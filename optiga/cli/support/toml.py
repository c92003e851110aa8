"""Files in TOML."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from optiga.errors import ConfigurationError
from optiga.files.files import read_input

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


_KEY = r"""[ \t]*\[{0,2}[ \t]*(?:"([^"]*)"|'([^']*)'|([\w-]+))[ \t]*[=.\]]"""


class Toml(NamedTuple):
    """The content of a file: its values, and the line, counted from 1, where each begins."""

    values: Mapping[str, Any]
    lines: Mapping[str, int]


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
    except (ValueError, RecursionError) as error:
        cause = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise ConfigurationError(f"{path} is no TOML: {cause}") from None
    lines = _lines_of(text)
    return Toml(values, {key: lines.get(key, 1) for key in values})


def _lines_of(text: str) -> dict[str, int]:
    """Where each key, or a table of that name, begins; of a key in quotes with escapes that is not told."""
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if found := re.match(_KEY, line):
            lines.setdefault(next(name for name in found.groups() if name is not None), number)
    return lines
