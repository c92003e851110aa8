"""Files that are not to be written over: the only copy of a private key may be in them, or what this tool keeps."""

from __future__ import annotations

import re
from pathlib import Path

from optiga.errors import ConfigurationError, Reason, naming
from optiga.files.opening import about_its, open_input

PRIVATE_KEY = "it contains a private key"
_MAX_SIZE = 1 << 16
"""Bytes of a file that are looked at: many times what a private key takes."""
_MARK = b"PRIVATE KEY-----"
_PEM = (_MARK, b"".join(b"%c\0" % one for one in _MARK), b"".join(b"\0%c" % one for one in _MARK))
"""In ASCII and in both forms of UTF-16."""
_DER = (
    rb"(?s)\x30(?:[\x00-\x7f]|\x81.|\x82..|\x83...)"
    rb"(?:\x02\x01[\x00\x01]\x30"  # PKCS #8
    rb"|\x02\x01\x00\x02"  # PKCS #1
    rb"|\x02\x01\x01\x04"  # SEC 1
    rb"|\x02\x01\x03\x30"  # PKCS #12
    rb"|\x30(?:[\x00-\x7f]|\x81.|\x82..)\x06.\x2a\x86\x48\x86\xf7\x0d\x01(?:\x05|\x0c\x01))"  # PKCS #8, encrypted
)
"""How private keys begin in DER; no certificate, request or public key begins so. Compiled where it is needed: most
commands load this and need none of it."""
_SQLITE = b"SQLite format 3\0"
_ID = slice(68, 72)
"""Where the application's identifier stands in the header of SQLite's files ("Database File Format", 1.3)."""
_OWN = {
    b"OPTG": "it is an emulated chip",
    b"OPJN": "it is a journal",
    b"OPCA": "it is a file of the CA",
}
_COMPANION = r"(.+)-(?:journal|wal|shm)"
_SEAL = r"(.+)\.seal"
_CA = ("ca.key", "ca.pem")
"""What is in every folder of a CA."""
_OF_CA = (*_CA, "chain.pem", "issued.db", "crl.pem", "records.sig", "settings.json")


def what_is_lost(path: Path) -> str:
    """Why a file is not to be written over, or made, as a clause; empty for any other.

    It is the file that counts, whatever its name is: the one that a link leads to, too.
    """
    try:
        real = path.resolve()
        if real.name in _OF_CA and all((real.parent / name).is_file() for name in _CA):
            return "it is a file of the CA"
        if companion := re.fullmatch(_COMPANION, real.name):
            why = what_is_lost(real.with_name(companion[1]))
            return f"SQLite uses it together with {companion[1]}" if why in _OWN.values() else ""
        sealed = re.fullmatch(_SEAL, real.name)
        if sealed and what_is_lost(real.with_name(sealed[1])) == _OWN[b"OPJN"]:
            return f"it is the seal of the journal {sealed[1]}"
        if not path.is_file():
            return ""
        with open_input(path) as file:
            data = file.read(_MAX_SIZE)
    except (OSError, ValueError):  # whoever may not read it may write it nevertheless, and is told why not
        return ""
    if data.startswith(_SQLITE):
        return _OWN.get(data[_ID], "")
    return PRIVATE_KEY if any(mark in data for mark in _PEM) or re.match(_DER, data) else ""


@about_its("path")
def check_nothing_lost(path: Path, hint: str = "", *, keys: bool = False) -> None:
    """Refuse to write over a file that nobody could get back.

    :param hint: what to do instead, where no parameter ``out`` names the file.
    :param keys: let a private key be written over, for a caller who asks first.
    :raises ConfigurationError: if the file is such a one.
    """
    why = what_is_lost(path)
    if why and not (keys and why == PRIVATE_KEY):
        raise ConfigurationError(
            f"cannot write {path}: {why}",
            hint=hint
            or naming(
                "Name another with {out}{or_move}",
                or_move=", or move the file away first" if why == PRIVATE_KEY else "",
            ),
            reason=Reason.EXISTS,
        )
