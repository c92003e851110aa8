"""The steps of a job: one list for the dry run, the run, its events and the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga.files.placeholders import SLOT_FIELD
from optiga.pki.names import fill_uid
from optiga.provision.specs import AwsIssuerSpec, OwnCertificate
from optiga.provision.steps.cloud import PREVIOUS, ApplyTemplate, AttachPolicy, AttachThing, Finish, RegisterCertificate
from optiga.provision.steps.identity import Certify, MakeKey, ProveGenuine, SignCsr, TakeOwn, WriteCertificate
from optiga.provision.steps.work import KeptStep, Step

if TYPE_CHECKING:
    from optiga.provision.job import Job
    from optiga.provision.plan import Plan
    from optiga.provision.preview import Foreseen


def steps(job: Job) -> tuple[Step, ...]:
    """What is done for a job, in this order, each behind the last."""
    found: list[Step] = [] if job.trust is None else [ProveGenuine()]
    if isinstance(job.issuer, OwnCertificate):
        found.append(TakeOwn())
    else:
        found += [MakeKey(), SignCsr(), Certify(), WriteCertificate()]
    device = job.device
    if device is not None:
        if not isinstance(job.issuer, AwsIssuerSpec):
            found.append(RegisterCertificate())
        if device.template is not None:
            found.append(ApplyTemplate())
        else:
            found += [AttachThing()] if device.thing is not None else []
            found += [AttachPolicy()] if device.policy is not None else []
    return (*found, Finish())


def describe(plan: Plan, foreseen: Foreseen | None = None) -> tuple[str, ...]:
    """What a run is going to do, one sentence each: what a dry run says.

    :param foreseen: what the chip and the journal have told; None if no chip was read, as for a chip that the journal
        does not know.
    """
    if foreseen is None:
        return tuple(sentence for step in steps(plan.job) for sentence in step.describe(plan))
    left = [step for step in steps(plan.job) if not isinstance(step, KeptStep) or step.level > foreseen.level]
    told = list(foreseen.restored)
    told += [sentence for step in left for sentence in step.describe(plan) if sentence != PREVIOUS]
    told += [f"{PREVIOUS}: {name}" for name in foreseen.previous]
    return tuple(fill_uid(sentence, foreseen.uid).replace(SLOT_FIELD, plan.slot.name) for sentence in told)
