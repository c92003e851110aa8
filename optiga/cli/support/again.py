"""Ctrl-C before anything has begun: how to start again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from optiga.cli.support.options import in_full
from optiga.files.interruptions import Unchanged
from optiga.naming import PHRASES

_AGAIN = PHRASES["again.call"][1]


@contextmanager
def told_to_start_again(said: str = "") -> Iterator[None]:
    """Have an interruption say how to start again, if it does not say how to go on.

    :param said: what is said before that, one sentence without the full stop; empty for nothing.
    """
    try:
        yield
    except KeyboardInterrupt as interrupted:
        if not any(_AGAIN in in_full(one) for one in interrupted.args):
            first = f"{said}. " if said else ""
            interrupted.args = (*interrupted.args, Unchanged(f"{first}To start again, {_AGAIN}"))
        raise
