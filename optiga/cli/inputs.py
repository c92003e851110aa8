"""Files that may also be standard input."""

from __future__ import annotations

import sys
from pathlib import Path

from optiga.errors import ConfigurationError

MAX_SIZE = 1 << 20
"""Most bytes that are read: many times what a whole chip holds."""


def read_file_or_input(path: str, what: str = "file") -> bytes:
    """The content of a file, or of standard input where the path is ``-``.

    :param what: what the file is to the user, for messages.
    :raises ConfigurationError: if it cannot be read, or is longer than a chip has room for.
    """
    from optiga.personalize.files import read_input

    if path != "-":
        return read_input(Path(path), what, MAX_SIZE)
    if sys.stdin is None:
        raise ConfigurationError("there is no standard input to read from")
    content = sys.stdin.buffer.read(MAX_SIZE + 1)
    if len(content) > MAX_SIZE:
        raise ConfigurationError(f"standard input is larger than {MAX_SIZE} bytes", hint="Is it the right file?")
    return content
