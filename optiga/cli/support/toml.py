"""Files in TOML."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from optiga.errors import ConfigurationError
from optiga.files.files import read_input

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def read_toml(path: Path, what: str, limit: int) -> Mapping[str, Any]:
    """The content of a file.

    :param what: what the file is to the user, for messages.
    :param limit: most bytes it may have.
    :raises ConfigurationError: if it cannot be read, is longer, or is no TOML.
    """
    data = read_input(path, what, limit)
    try:
        values: dict[str, Any] = tomllib.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        cause = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise ConfigurationError(f"{path} is no TOML: {cause}") from None
    return values
