"""What is said of a run that has not come to its end: it can be gone on with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from optiga.errors import Naming, OptigaError, naming
from optiga.files.interruptions import Unchanged

if TYPE_CHECKING:
    from optiga.provision.job import Job


def again(job: Job) -> Naming:
    """What to run to go on. A renewal goes on without being asked for again, which might be one more renewal."""
    if job.renew and not job.is_conditional:
        return naming("run the same command again without {renew}")
    return naming("run the same command again")


@contextmanager
def told_that_it_is_finished(job: Job) -> Iterator[None]:
    """Have an interruption say that the chip is finished, and that only the result was not told."""
    try:
        yield
    except KeyboardInterrupt as interrupted:
        if not any(isinstance(said, Unchanged) for said in interrupted.args):
            text = naming("The chip is finished. To see the result, {again}", again=again(job))
            interrupted.args = (*interrupted.args, Unchanged(*text.parts))
        raise


def advise_again(error: OptigaError | KeyboardInterrupt, text: str) -> None:
    """Have a failure say how to go on: in its hint, or in the arguments of an interruption.

    :param text: one sentence without the full stop; left out where the hint says already how to continue.
    """
    if isinstance(error, KeyboardInterrupt):
        error.args = (*error.args, text)
    elif not any(again in error.hint.lower() for again in ("again to continue", "the same command again")):
        error.advise(text)
