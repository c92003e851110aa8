"""The emulated chip's commands, one module each, named after the command's code.

Each has one function ``execute(machine, param, data) -> bytes`` that returns the data of the answer or raises
:class:`optiga.emulator.machine.CommandError`. The chip has refused every Param that its model lacks before a command is
called. A module is loaded with the first use of its command, for the sake of a CSR's start-up.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from optiga.protocol.codes import CommandCode

if TYPE_CHECKING:
    from optiga.emulator.machine import Machine

CommandFunction = Callable[["Machine", int, bytes], bytes]


@cache
def find_command(code: int) -> CommandFunction | None:
    """What carries out a command; None if the code is none of a command.

    The module of a command has the name of its code.
    """
    try:
        name = CommandCode(code).name.lower()
    except ValueError:
        return None
    function: CommandFunction = import_module(f"{__name__}.{name}").execute
    return function
