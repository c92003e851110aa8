"""What a file is that a command does not want: where the error does not say it, the file itself is looked at."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from optiga.errors import OptigaError
from optiga.files.known_documents import CHIP, CONFIGURATION, PEM, Known, name_content, name_document
from optiga.files.opening import open_input
from optiga.files.shown import shown
from optiga.pki.kinds import identify

_MOST = 1 << 20
_UNKNOWN = re.compile(
    r"is not an emulated chip|is not a journal|no certificate in|no CSR in|no readable private key|holds no CRL|"
    r"and a CA is a folder|not UTF-8|not JSON|is not hex|neither text nor|holds no manifest|without a certificate|"
    r"is not text|is not an update set|not a metadata tag"
)
"""Errors that say what a file is not."""
_HINT_IS_WRONG = "not UTF-8|not JSON|is not text|is not a journal"
"""Those whose hints are for a file of the right kind, which has a mistake."""
_DEFAULTS = "optiga.toml"
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


def advise_of_kind(error: OptigaError, arguments: Sequence[str]) -> None:
    """Have an error that a file is not what is needed say what the file is, and which command takes it.

    :param arguments: of the command line, among which the file is.
    """
    said = f"{getattr(error, 'port', None) or ''}: {error.message}"
    if not _UNKNOWN.search(said):
        return
    for name in _names(arguments):
        if not re.search(rf"(?<![\w./\\-]){re.escape(name)}(?![\w/\\])", said):
            continue
        try:
            what, taker = _kind_of(Path(name))
        except (OSError, ValueError, OptigaError):
            return
        if not what:  # a word of the command
            continue
        if _is_taken(what, taker, arguments):  # it is of the right kind, and has a mistake
            return
        if what not in said:
            if re.search(_HINT_IS_WRONG, said):
                error.hint = ""
            error.advise(f"{shown(name)} is {what}{taker and '. '}{taker}", first=True)
        return


def _is_taken(what: str, taker: str, arguments: Sequence[str]) -> bool:
    """Whether the command is one that takes files of this kind.

    :param taker: what to do with them, which names such commands.
    """
    commands = re.findall(r"'python -m optiga ([\w ]+)'", taker)
    if what == CONFIGURATION.what:
        commands += ["config check", "provision", "--csr"]
    given = {word.partition("=")[0] for word in arguments}
    return any(given.issuperset(command.split()) for command in commands)


def _names(arguments: Sequence[str]) -> Iterator[str]:
    """What may be names of files, without what a port has around one."""
    for word in arguments:
        value = word.partition("=")[2] if word.startswith("-") else word
        if value:
            yield value.removeprefix("emulator:").partition("?")[0] if value.startswith("emulator:") else value


def _kind_of(path: Path) -> tuple[str, str]:
    """What a file is, in words, and what to do with it; empty if that cannot be told, as of a folder."""
    if not path.is_file():
        return "", ""
    if path.name == _DEFAULTS:
        return "a file of default values", "It is read without being named"
    with open_input(path) as file:
        content = file.read(_MOST)
    if what := identify(content):
        return what, _TAKERS.get(what, "")
    known = name_content(content) or _document_of(content)
    if known is None or known is PEM:
        return "", ""
    return known.what, f"To use the chip, name it as the port emulator:{path}" if known is CHIP else known.taker


def _document_of(content: bytes) -> Known | None:
    try:
        return name_document(json.loads(content))
    except (ValueError, RecursionError):
        return None
