"""Threads that use one chip: each waits until what another has asked for is done."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from types import FunctionType
from typing import Any, ParamSpec, TypeVar

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
        chip: Any = args[0] if args else kwargs["chip"]
        with getattr(chip, "_chip", chip).turn:
            return function(*args, **kwargs)

    return call
