"""What is said of a run that has not come to its end: it can be gone on with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from optiga.errors import Naming, OptigaError, Reason, naming
from optiga.files.interruptions import Unchanged
from optiga.naming import replaced

if TYPE_CHECKING:
    from optiga.provision.job import Job

_AGAIN = "run the same command again"
_PASSING = frozenset(
    {
        Reason.BUSY,
        Reason.DISCONNECTED,
        Reason.DISTURBED,
        Reason.INTERRUPTED,
        Reason.NO_ANSWER,
        Reason.OUTCOME_UNKNOWN,
        Reason.THROTTLED,
        Reason.UNREACHABLE,
    }
)
"""Of which the next run may see nothing any more (docs/errors.md, "Which errors to retry")."""


def again(job: Job) -> Naming:
    """What to run to go on. A renewal goes on without being asked for again, which might be one more renewal."""
    if job.renew and not job.is_conditional:
        return naming("run the same command again without {renew}")
    return naming("run the same command again")


@contextmanager
def told_that_it_is_finished(job: Job) -> Iterator[None]:
    """Have an interruption or a failure say that the chip is finished, and that only the result was not told."""
    try:
        yield
    except OptigaError as error:
        error.advise(naming("The chip is finished. To see the result, {again}", again=again(job)))
        raise
    except KeyboardInterrupt as interrupted:
        if not any(isinstance(said, Unchanged) for said in interrupted.args):
            text = naming("The chip is finished. To see the result, {again}", again=again(job))
            interrupted.args = (*interrupted.args, Unchanged(*text.parts))
        raise


def advise_again(error: OptigaError | KeyboardInterrupt, text: str) -> None:
    """Have a failure say how to go on: in its hint, or in the arguments of an interruption.

    :param text: sentences without the last full stop, of which the last ends with what to run; left out where the hint
        says already how to continue. Where the same command would fail in the same way, it says so.
    """
    if isinstance(error, KeyboardInterrupt):
        error.args = (*error.args, text)
    elif not any(again in error.hint.lower() for again in ("again to continue", "the same command again")):
        is_passing = error.reason in _PASSING
        error.advise(text if is_passing else replaced(text, _AGAIN, f"remove the cause, then {_AGAIN}"))
