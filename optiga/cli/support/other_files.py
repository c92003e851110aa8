"""What a file is that a command does not want: where the error does not say it, the file itself is looked at."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from optiga.errors import OptigaError
from optiga.files.known_documents import CHIP, PEM, Known, name_content, name_document
from optiga.files.opening import open_input
from optiga.files.shown import shown
from optiga.pki.kinds import identify

_MOST = 1 << 20
_DEFAULTS = Known("a file of default values", "It is read without being named")
_NAME_OF_DEFAULTS = "optiga.toml"
_TAKERS = {
    "a certificate": "To write it to the chip, use --write",
    "a certificate signing request": "Have a CA sign it, for example with 'ca sign'",
    "a certificate revocation list": "",
    "a private key": "",
    "a public key": "",
    "a PKCS #7 container": "To write its certificates to the chip, use --write",
    "a PKCS #12 container": "To write its certificates to the chip, use --write",
}
"""What to do with each kind that :func:`optiga.pki.kinds.identify` tells."""


_JOURNAL = r"(?:.* )?--journal[ =]"
"""A name that a command keeps its notes under: what else could be done with the file is no help."""


def advise_of_kind(error: OptigaError, arguments: Sequence[str]) -> None:
    """Have an error that a file has the wrong type say what the file is, and which command takes it.

    :param arguments: of the command line, among which the file is.
    """
    words = [f"{before} {word}" for before, word in itertools.pairwise(["", *arguments]) if error.path in word]
    if not words or any(re.match(r"--out[\w-]* |.* --out", word) for word in words):  # nobody named it to be read
        return
    try:
        kinds = list(_kinds_of(Path(error.path)))
    except (OSError, ValueError):
        return
    if not kinds or any(kind.what.split(" ", 1)[-1] in error.message for kind in kinds):
        return
    if all(re.match(_JOURNAL, word) for word in words):
        error.advise(f"{shown(error.path)} is {kinds[0].what}", first=True)
        return
    taker = f"To use the chip, name it as the port emulator:{error.path}" if kinds[0] is CHIP else kinds[0].taker
    error.advise(f"{shown(error.path)} is {kinds[0].what}{taker and '. '}{taker}", first=True)


def _kinds_of(path: Path) -> Iterator[Known]:
    """What a file is, as exactly as can be told, and then in other words; nothing for a folder."""
    if not path.is_file():
        return
    if path.name == _NAME_OF_DEFAULTS:
        yield _DEFAULTS
        return
    with open_input(path) as file:
        content = file.read(_MOST)
    if what := identify(content):
        yield Known(what, _TAKERS.get(what, ""))
    known = name_content(content) or _document_of(content)
    if known is not None and (what or known is not PEM):
        yield known


def _document_of(content: bytes) -> Known | None:
    try:
        return name_document(json.loads(content))
    except (ValueError, RecursionError):
        return None
