"""What a step is, and what it is given to work with."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    from optiga.provision.attestation import Attestation
    from optiga.provision.chip_slot import ChipSlot
    from optiga.provision.cloud_plan import CloudPlan
    from optiga.provision.entry import Entry
    from optiga.provision.entry import Step as Level
    from optiga.provision.events import Clock, Reporter, StepName
    from optiga.provision.journal import Journal
    from optiga.provision.outputs import ChipOutputs
    from optiga.provision.plan import NewIdentity, Plan
    from optiga.provision.services import Confirm


@dataclass(frozen=True, slots=True)
class Work:
    """One chip at work: what every step of its run is given.

    :param outputs: its files.
    :param confirm: who is asked before a key is replaced that the journal does not know; None asks nobody.
    """

    plan: Plan
    chip_slot: ChipSlot
    attestation: Attestation
    journal: Journal
    reporter: Reporter
    clock: Clock
    outputs: ChipOutputs
    confirm: Confirm | None = None

    @property
    def uid(self) -> str:
        """The chip's UID in hex."""
        return self.chip_slot.uid

    @property
    def new(self) -> NewIdentity:
        """What the new identity is made from; only jobs that make one have the steps that ask for this."""
        assert self.plan.new is not None  # noqa: S101
        return self.plan.new

    @property
    def cloud(self) -> CloudPlan:
        """What is going to be done in AWS IoT; only jobs with a cloud have the steps that ask for this."""
        assert self.plan.cloud is not None  # noqa: S101
        return self.plan.cloud


Progress: TypeAlias = "Generator[Entry, Entry, None]"
"""What a slot comes to in a step: each entry that is yielded is sent back as the journal has it."""


class Step(Protocol):
    """One step of a job: a value without a state of its own."""

    @property
    def name(self) -> StepName:
        """What it is called in events."""
        ...

    def describe(self, plan: Plan) -> tuple[str, ...]:
        """What it is going to do to a chip that the journal does not know, one sentence each, at least one."""
        ...


@runtime_checkable
class OpeningStep(Step, Protocol):
    """A step that every run does anew, before the journal is compared with the chip."""

    def open(self, work: Work) -> None:
        """Do it.

        :raises OptigaError: if it fails.
        """
        ...


@runtime_checkable
class KeptStep(Step, Protocol):
    """A step that is done once: the journal keeps it."""

    @property
    def level(self) -> Level:
        """How far the slot has come when it is done."""
        ...

    def run(self, entry: Entry, work: Work) -> Progress:
        """Do it.

        :param entry: what the slot has come to.
        :returns: what the slot has come to then, each time that something is to be written down before more is done.
        :raises OptigaError: if it fails; the next run goes on behind the last entry that was written down.
        """
        ...
