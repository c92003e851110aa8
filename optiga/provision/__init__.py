"""Provisioning: from a blank chip to a device with an identity. An interrupted run can be continued.

A :class:`.job.Job` describes the wanted result. :func:`.plan.make_plan` checks everything that needs no chip,
:mod:`.preparation` finds the next step, and :func:`.run.provision` runs the :mod:`.steps`, records them in the journal
and sends :mod:`.events`. :mod:`.issuers` issue certificates, and :mod:`.undo` removes a device from AWS IoT.

Each completed step adds a fact (:mod:`.facts`); the state of a slot is computed from its facts (:mod:`.entry`). Facts
are never changed: :mod:`.chain` protects them with hash chains, and :mod:`.store` keeps them in a database.
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
