"""What to do where a server of an emulated chip has it: a server does not end by itself."""

from __future__ import annotations

import re

from optiga.errors import BoardError, OptigaError, Reason

_SERVER = re.compile(r"\bin use by process \d+ \(.* emulator serve\b(.*)\)$")
"""How the error names it, with the options of its command line."""


def advise_of_server(error: OptigaError) -> None:
    """Have the error of a chip that a server has say how to reach the chip."""
    if not isinstance(error, BoardError) or error.reason is not Reason.BUSY:
        return
    if server := _SERVER.search(error.message):
        error.hint = _way_to(f"{server[1]} ")


def _way_to(options: str) -> str:
    """What to do, from the options of the server, which have blanks around them."""
    if re.search(r" --(?:i2c|ft260)\b", options):  # a socket for other programs, which no port reaches
        return "End it first"
    if tcp := re.search(r" --tcp[ =](?:([^ ]*):)?([1-9]\d*) ", options):
        return f"Use the port that it serves, socket://{tcp[1] or '127.0.0.1'}:{tcp[2]}, or end it"
    if link := re.search(r" --pty[ =](?!-)([^ …]+) ", options):
        return f"Use the port that it serves, {link[1]}, or end it"
    return "Use the port that it printed, or end it"
