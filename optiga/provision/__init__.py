"""From a blank chip to a device with an identity: planned whole, done step by step, finished after any interruption.

What is wanted is a :class:`.job.Job`, pure data. :func:`.plan.make_plan` checks everything that needs no chip,
:mod:`.preparation` finds where to go on, :func:`.run.provision` does the :mod:`.steps` with the journal beside it, and
tells whoever listens (:mod:`.events`). :mod:`.issuers` certify, :mod:`.undo` takes it all back.

What has been done is a fact (:mod:`.facts`), what a slot has come to the fold of its facts (:mod:`.entry`). The journal
is added to only: :mod:`.chain` says what holds it together, :mod:`.store` how it lies in a database.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optiga.chip import Chip
    from optiga.provision.entry import Entry
    from optiga.provision.job import Job
    from optiga.provision.services import Services


class _Room(ModuleType):
    """The package as a function, too: programs call ``optiga.provision``, whatever of it has been imported."""

    def __call__(self, job: Job, services: Services, chip: Chip | None = None) -> Entry:
        """As :func:`optiga.provision.run.provision`."""
        from optiga.provision.run import provision

        return provision(job, services, chip)


sys.modules[__name__].__class__ = _Room
