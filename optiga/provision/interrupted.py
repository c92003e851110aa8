"""What is said of a run that has not come to its end: it can be gone on with."""

from __future__ import annotations

from optiga.errors import OptigaError


def advise_again(error: OptigaError | KeyboardInterrupt, text: str) -> None:
    """Have a failure say how to go on: in its hint, or in the arguments of an interruption.

    :param text: one sentence without the full stop; left out where the hint says already how to continue.
    """
    if isinstance(error, KeyboardInterrupt):
        error.args = (*error.args, text)
    elif not any(again in error.hint.lower() for again in ("again to continue", "the same command again")):
        error.advise(text)
