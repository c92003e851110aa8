"""Commands in words, with their times: for people who wait, and for the log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from optiga.chip.commands.base import Command
from optiga.errors import BoardError
from optiga.files.activity import Activity, is_watched
from optiga.protocol.objects import format_oid
from optiga.protocol.request import Request

_WORDS = {
    "OpenApplication": ("open the application", ""),
    "CloseApplication": ("close the application", ""),
    "GetDataObject": ("read", " "),
    "SetDataObject": ("write", " "),
    "SetObjectProtected": ("update", " "),
    "GetRandom": ("generate random bytes", " into "),
    "EncryptSym": ("encrypt", " with "),
    "DecryptSym": ("decrypt", " with "),
    "EncryptAsym": ("encrypt with RSA", " with "),
    "DecryptAsym": ("decrypt with RSA", " with "),
    "CalcHash": ("hash", " "),
    "CalcSign": ("sign", " with "),
    "VerifySign": ("verify", " with "),
    "CalcSSec": ("agree on a secret", " with "),
    "DeriveKey": ("derive a key", " from "),
    "GenKeyPair": ("generate a key pair", " in "),
    "GenSymKey": ("generate an AES key", " in "),
}
"""What a command does, and what stands before the object that it is about; by its title in the manual."""
_METADATA, _COUNT = 0x01, 0x02
"""The Params of reading and writing metadata, and of counting."""
_LONG_MS = 200.0
"""A command that takes longer is worked on when no answer comes; else the line is silent."""


def in_words(command: Command[Any]) -> str:
    """What a command does, to which object: ``read 0xE0C2``, ``generate a key pair in 0xE0F1``."""
    title = command.code.title
    words, about = _WORDS[title]
    if title in ("GetDataObject", "SetDataObject") and command.param == _METADATA:
        about = " metadata of "
    if title == "SetDataObject" and command.param == _COUNT:
        words = "count"
    return words if command.target is None else f"{words}{about}{format_oid(command.target)}"


def is_logged() -> bool:
    """Whether anybody reads the log, which nobody does who has not loaded :mod:`logging`."""
    logging = sys.modules.get("logging")
    return logging is not None and bool(logging.getLogger(__package__).isEnabledFor(logging.INFO))


def exchange(command: Command[Any], request: Request, carry: Callable[[Request], bytes], port: str) -> bytes:
    """Carry a command to the chip, and tell whoever wants to know.

    :param port: how the user names the way to the chip.
    :returns: the answer.
    """
    if request.traits.is_repeatable:
        return _carry(command, request, carry, port)
    try:
        return _carry(command, replace(request, title=in_words(command)), carry, port)
    except BoardError as error:
        if error.oid is None:
            error.oid = command.target
        raise


def _carry(command: Command[Any], request: Request, carry: Callable[[Request], bytes], port: str) -> bytes:
    if not is_watched() and not is_logged():
        return carry(request)

    def say() -> str:
        if is_long:
            return f"The chip works: {in_words(command)}"
        return f"No answer yet{f' from {port}' if port else ''}: {in_words(command)}"

    is_long = request.traits.typical_ms >= _LONG_MS
    began = time.monotonic()
    with Activity(say, note=None if is_long else lambda: f"No answer yet from {port or 'the chip'}"):
        try:
            return carry(request)
        finally:
            if is_logged():
                took = (time.monotonic() - began) * 1000
                sys.modules["logging"].getLogger(__package__).info("%s: %.0f ms", in_words(command), took)
