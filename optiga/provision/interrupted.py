"""What is said of a run that has not come to its end: it can be gone on with."""

from __future__ import annotations

from optiga.errors import Naming, OptigaError, naming

_AGAIN = "again.call"


def advise_again(error: OptigaError | KeyboardInterrupt, text: str) -> None:
    """Have a failure say how to go on: in its hint, or in the arguments of an interruption.

    :param text: the beginning of the sentence: what is gone on with; left out where the hint says already how.
    """
    again = naming(f"{{text}}, {{{_AGAIN}}}", text=text)
    if isinstance(error, KeyboardInterrupt):
        error.args = (*error.args, again)
    elif "again to continue" not in error.hint.lower() and not _says_again(error.hint):
        error.advise(again)


def _says_again(hint: str) -> bool:
    return isinstance(hint, Naming) and _AGAIN in hint.parts
