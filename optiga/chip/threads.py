"""Threads that use one chip: each waits until what another has asked for is done. Another process has no use of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from types import FunctionType
from typing import Any, ParamSpec, TypeVar

from optiga.errors import ClosedError

C = TypeVar("C")
P = ParamSpec("P")
R = TypeVar("R")

_AT_ONCE = ("close", "do_meanwhile")
"""Methods that wait for nobody: whoever closes a chip wants an end of what is going on."""


def one_at_a_time(kind: type[C]) -> type[C]:
    """A class whose public methods each keep the chip to themselves until they have ended.

    A hash, a write or an update takes several commands, and a refusal is asked for its reason: commands of another
    thread between them would change what comes of it.
    """
    for name, method in list(vars(kind).items()):
        if isinstance(method, FunctionType) and not name.startswith("_") and name not in _AT_ONCE:
            setattr(kind, name, in_turn(method))
    return kind


def in_turn(function: Callable[P, R]) -> Callable[P, R]:
    """A function that keeps a chip to itself until it has ended; the chip, or a part of one, is its first argument."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        given: Any = args[0] if args else kwargs["chip"]
        chip = getattr(given, "_chip", given)
        refuse_elsewhere(chip)
        with chip.turn:
            return function(*args, **kwargs)

    return call


def refuse_elsewhere(chip: Any) -> None:
    """Refuse a chip that was opened before this process was forked: two processes cannot share one line.

    Before anyone waits for the chip: a thread that had it as the process was forked is not here to give it back.

    :raises ClosedError: if it is one.
    """
    here = os.getpid()
    process = getattr(chip, "_process", here)
    if process != here:
        raise ClosedError(
            f"the chip was opened in process {process}", hint="Open it again in this process", port=chip.port
        )
