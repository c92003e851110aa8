"""The steps of a job: one list for the dry run, the run, its events and the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga.provision.specs import AwsIssuerSpec, OwnCertificate
from optiga.provision.steps.cloud import ApplyTemplate, AttachPolicy, AttachThing, Finish, RegisterCertificate
from optiga.provision.steps.identity import Certify, MakeKey, ProveGenuine, SignCsr, TakeOwn, WriteCertificate
from optiga.provision.steps.work import Step

if TYPE_CHECKING:
    from optiga.provision.job import Job
    from optiga.provision.plan import Plan


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


def describe(plan: Plan) -> tuple[str, ...]:
    """What is going to be done to a chip that the journal does not know, one sentence each: what a dry run says."""
    return tuple(sentence for step in steps(plan.job) for sentence in step.describe(plan))
