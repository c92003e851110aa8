"""Provisioning: from a blank chip to a device with an identity. An interrupted run can be continued.

A :class:`.job.Job` describes the wanted result. :func:`.plan.make_plan` checks everything that needs no chip,
:mod:`.preparation` finds the next step, and :func:`.run.provision` runs the :mod:`.steps`, records them in the journal
and sends :mod:`.events`. :mod:`.issuers` issue certificates, and :mod:`.undo` removes a device from AWS IoT.

Each completed step adds a fact (:mod:`.facts`); the state of a slot is computed from its facts (:mod:`.entry`). Facts
are never changed: :mod:`.chain` protects them with hash chains, and :mod:`.store` keeps them in a database.
"""

from __future__ import annotations

import inspect
import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optiga.chip import Chip
    from optiga.provision.entry import Entry
    from optiga.provision.job import Job
    from optiga.provision.plan import Plan
    from optiga.provision.services import Services

_ABOUT = __doc__


class _Room(ModuleType):
    """The package as a function, too: programs call ``optiga.provision``, whatever of it has been imported."""

    def __call__(self, job: Job, services: Services, chip: Chip | None = None, *, plan: Plan | None = None) -> Entry:
        """As :func:`optiga.provision.run.provision`."""
        done: Entry = _function()(job, services, chip, plan=plan)
        return done

    def __reduce__(self) -> tuple[Any, ...]:
        return import_module, (self.__name__,)


def _function() -> Any:
    """What is called, which loads far more than the package."""
    return import_module(f"{__name__}.run").provision


def _explain(_: ModuleType) -> str:
    """The documentation of the function, for ``help(optiga.provision)``; that of the package behind it."""
    function = _function()
    return f"optiga.provision{inspect.signature(function)}\n\n{inspect.getdoc(function)}\n\n{_ABOUT}"


_Room.__doc__ = property(_explain)  # type: ignore[assignment]  # of the package, not of this class
sys.modules[__name__].__class__ = _Room
