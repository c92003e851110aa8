"""The state of an emulated chip, read from a file."""

from __future__ import annotations

from optiga.cli.support.content import read_whole
from optiga.emulator import state
from optiga.errors import ConfigurationError
from optiga.files.json_lines import parse_json

_MAX_STATE = 1 << 20
"""Most bytes of a state that is read: many times what a chip's takes."""


def read_state(path: str) -> state.State:
    """The state in a file, or on standard input for ``-``.

    :raises ConfigurationError: if there is none; the message begins with the file.
    """
    name = "standard input" if path == "-" else path
    text = read_whole(path, "state", limit=_MAX_STATE).decode("utf-8-sig", "replace")
    document = parse_json(text, name)
    for place, line in document.duplicates:
        raise ConfigurationError(f"{name}:{line}: {'.'.join(map(str, place))!r} stands twice")
    try:
        return state.load(document.value)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"{name}: {error.message}", hint=error.hint, oid=error.oid, reason=error.reason
        ) from None
