"""What is said of a run that has not come to its end: it can be gone on with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from optiga.errors import Naming, OptigaError, Reason, naming
from optiga.files.interruptions import Unchanged

if TYPE_CHECKING:
    from optiga.provision.job import Job

_AGAIN = "again.call"
_CALL_AGAIN = Naming("", _AGAIN, "")
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
        return naming("{again.call} without {renew}")
    return _CALL_AGAIN


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


def advise_again(error: OptigaError | KeyboardInterrupt, text: str, how: Naming = _CALL_AGAIN) -> None:
    """Have a failure say how to go on: in its hint, or in the arguments of an interruption.

    :param text: the beginning of the sentence: what is gone on with; left out where the hint says already how. Where
        the next run would fail in the same way, it says so.
    :param how: what is called again.
    """
    if isinstance(error, KeyboardInterrupt):
        error.args = (*error.args, naming("{text}, {how}", text=text, how=how))
    elif "again to continue" not in error.hint.lower() and not _says_again(error.hint):
        cause = "" if error.reason in _PASSING else "remove the cause, then "
        error.advise(naming("{text}, {cause}{how}", text=text, cause=cause, how=how))


def _says_again(hint: str) -> bool:
    return isinstance(hint, Naming) and _AGAIN in hint.parts
