"""The steps in AWS IoT, and the last one, after which a device is let in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from optiga.cloud.aws.certificates import ACTIVE, REVOKED
from optiga.cloud.aws.errors import STATE, ignoring
from optiga.cloud.aws.policies import differences
from optiga.errors import CloudError, Naming, Reason, naming
from optiga.files.files import write_whole
from optiga.pki.name_parts import subject_components
from optiga.pki.names import fill_uid
from optiga.provision.believed import whose
from optiga.provision.checks import UNANSWERED, ask, unanswered_text
from optiga.provision.chip_slot import chain_of
from optiga.provision.entry import Step as Level
from optiga.provision.events import StepName
from optiga.provision.facts import (
    AttachedExclusively,
    Billed,
    Finished,
    PolicyAttached,
    Registered,
    ThingAttached,
    ThingRequested,
    WithoutPolicy,
    WithoutThing,
)
from optiga.provision.restoring import write_arn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from optiga.cloud.aws.registry import Ensured
    from optiga.provision.entry import Entry
    from optiga.provision.facts import Fact
    from optiga.provision.plan import Plan
    from optiga.provision.specs import ThingSpec
    from optiga.provision.steps.work import Progress, Work

PREVIOUS = "The previous certificate becomes inactive"
"""What a renewal ends with."""
_CREATED, _FOUND = "created", "already exists"
"""What is said of a thing and a policy."""


@dataclass(frozen=True, slots=True)
class RegisterCertificate:
    """AWS IoT gets a certificate that it has not made itself."""

    name: ClassVar[StepName] = StepName.REGISTERED
    level: ClassVar[Level] = Level.REGISTERED

    def describe(self, plan: Plan) -> tuple[str, ...]:
        ca = plan.cloud.ca if plan.cloud else None
        by = f"with the CA {ca.subject}" if ca else "without a CA"
        return (f"The certificate is registered {by} (inactive)",)

    def run(self, entry: Entry, work: Work) -> Progress:
        cloud = work.cloud
        leaf = chain_of(entry)[0]
        registered = cloud.certificates.register(leaf, cloud.ca)
        if registered.status == REVOKED:
            raise CloudError(
                f"AWS IoT already has this certificate, and it is REVOKED: {registered.certificate_id}",
                hint="To let the device connect again, delete the certificate in AWS IoT first",
                reason=Reason.REVOKED,
            )
        write_arn(entry, registered.arn, work)
        work.reporter.note(f"Certificate registered with AWS IoT {'with its CA' if cloud.ca else 'without a CA'}")
        yield entry.after(Registered(registered.certificate_id, registered.arn))


@dataclass(frozen=True, slots=True)
class AttachThing:
    """The certificate is attached to its thing."""

    name: ClassVar[StepName] = StepName.THING
    level: ClassVar[Level] = Level.THING

    def describe(self, plan: Plan) -> tuple[str, ...]:
        if plan.cloud is None:
            return ()
        device = plan.cloud.device
        typed = f" with the type {device.thing_type}" if device.thing_type else ""
        told = [f"It is attached to the thing {device.thing}, which is created{typed} if it does not exist"]
        if device.attributes:
            pairs = ", ".join(f"{key}={value}" for key, value in device.attributes)
            told.append(f"The thing gets the attributes {pairs}")
        if device.exclusive:
            told.append("The certificate is attached exclusively: it cannot be attached to another thing")
        if device.billing_group:
            told.append(f"The thing is added to the billing group {device.billing_group}, if it has none")
        return (*told, *(f"The thing is added to the thing group {group}" for group in device.groups))

    def run(self, entry: Entry, work: Work) -> Progress:
        if entry.thing is None:
            yield entry.after(WithoutThing())
            return
        registry, device, reporter = work.cloud.registry, work.cloud.device, work.reporter
        attributes = {key: fill_uid(value, work.uid) for key, value in device.attributes}
        unseen = f"cannot check whether there is a thing {entry.thing}"
        created = "the thing is created if it does not exist"
        ensured = registry.ensure_thing(
            entry.thing,
            device.thing_type,
            attributes,
            lambda error: reporter.warn(unanswered_text(error, unseen, created)),
            billing_group=device.billing_group,
            before=partial(work.journal.append, entry.uid, entry.slot, ThingRequested(entry.thing)),
        )
        for group in device.groups:
            registry.add_to_group(entry.thing, group)
        registry.attach_thing(entry.thing, entry.of(Registered).arn, exclusively=device.exclusive)
        reporter.note(f"Thing {entry.thing} {_CREATED if ensured.is_made else _FOUND}")
        for note in _changed_attributes(entry.thing, attributes, ensured):
            reporter.note(note)
        for warning in _left_undone(entry.thing, device, ensured):
            reporter.warn(warning)
        more: list[Fact] = [AttachedExclusively()] if device.exclusive else []
        before = ensured.before.billing_group if ensured.before else None
        if device.billing_group and before in (None, device.billing_group):
            more.append(Billed(device.billing_group))
        yield entry.after(*more, ThingAttached(entry.thing, ensured.arn))


def _changed_attributes(name: str, attributes: Mapping[str, str], ensured: Ensured) -> Iterator[str]:
    """What is changed in the attributes of a thing that was there already; one sentence each."""
    before = {} if ensured.before is None else ensured.before.attributes
    for key, value in () if ensured.is_made else attributes.items():
        if (old := before.get(key)) != value:
            yield f"The attribute {key} of the thing {name} is now {value}" + (f", before {old}" if old else "")


def _left_undone(name: str, device: ThingSpec, ensured: Ensured) -> Iterator[str]:
    """What was asked for a thing and not done, because the thing was there already; one sentence each."""
    before = ensured.before
    if ensured.is_made:
        return
    if device.thing_type is not None and before is None:
        yield (
            f"the thing {name} already exists and keeps its type: cannot check whether the type is {device.thing_type}"
        )
    elif before is not None and device.thing_type not in (None, before.thing_type):
        has = f"has the type {before.thing_type}" if before.thing_type else "has no type"
        yield (
            f"the thing {name} already exists and {has}, which does not change: the thing did not get the type "
            f"{device.thing_type}"
        )
    if before is not None and before.billing_group and device.billing_group not in (None, before.billing_group):
        yield (
            f"the thing {name} is in the billing group {before.billing_group} and stays there: it was not added to "
            f"{device.billing_group}"
        )


@dataclass(frozen=True, slots=True)
class AttachPolicy:
    """The certificate gets its policy."""

    name: ClassVar[StepName] = StepName.POLICY
    level: ClassVar[Level] = Level.POLICY

    def describe(self, plan: Plan) -> tuple[str, ...]:
        if plan.cloud is None or plan.cloud.policy_template is None:
            return ()
        made = f"created from {plan.cloud.policy_template.name} if it does not exist"
        return (f"The policy {plan.cloud.device.policy}, {made}, is attached to it",)

    def run(self, entry: Entry, work: Work) -> Progress:
        cloud, path = work.cloud, work.outputs.policy
        if entry.policy is None or cloud.policy_template is None or path is None:
            yield entry.after(WithoutPolicy())
            return
        document = cloud.policy_template.render(cloud.aws, work.uid)
        write_whole(path, document.encode(), ours=True)
        is_made = cloud.registry.make_policy(entry.policy, document)
        if not is_made:
            self._compare(entry.policy, document, work)
        cloud.registry.attach_policy(entry.policy, entry.of(Registered).arn)
        work.reporter.note(f"Policy {entry.policy} {_CREATED if is_made else _FOUND}")
        yield entry.after(PolicyAttached(entry.policy))

    def _compare(self, name: str, document: str, work: Work) -> None:
        """Say in what the policy that AWS has differs from the template's."""
        what = f"cannot compare the policy {name} in AWS, which is used, with the template"
        theirs = ask(lambda: work.cloud.registry.policy_document(name), None, work.reporter, what)
        different = differences(document, theirs) if theirs is not None else []
        if different:
            lines = "\n".join(f"    {line}" for line in different)
            work.reporter.warn(f"the policy {name} in AWS is used, although it differs from the template:\n{lines}")


@dataclass(frozen=True, slots=True)
class ApplyTemplate:
    """A provisioning template makes the thing and the policy, and attaches both."""

    name: ClassVar[StepName] = StepName.POLICY
    level: ClassVar[Level] = Level.POLICY

    def describe(self, plan: Plan) -> tuple[str, ...]:
        fleet = plan.cloud.fleet if plan.cloud else None
        return (f"The provisioning template {fleet.name if fleet else ''} creates thing and policy",)

    def run(self, entry: Entry, work: Work) -> Progress:
        work.attestation.repeat(entry)  # a template may make the certificate active
        fleet = work.cloud.fleet
        assert fleet is not None  # noqa: S101 - this step is for jobs with one
        parameters = fleet.parameters(
            uid=work.uid,
            thing=entry.thing,
            certificate_id=entry.of(Registered).certificate_id,
            subject=subject_components(chain_of(entry)[0].parsed.subject),
        )
        made = work.cloud.registry.register_thing(fleet.body, parameters)
        work.reporter.note(f"Thing {made.thing} by the provisioning template {fleet.name}")
        yield entry.after(
            WithoutThing() if made.thing is None else ThingAttached(made.thing, made.thing_arn),
            WithoutPolicy() if made.policy is None else PolicyAttached(made.policy),
        )


@dataclass(frozen=True, slots=True)
class Finish:
    """The device has its identity; in AWS IoT its certificate becomes active, and those before it inactive."""

    name: ClassVar[StepName] = StepName.FINISHED
    level: ClassVar[Level] = Level.FINISHED

    def describe(self, plan: Plan) -> tuple[str, ...]:
        if plan.cloud is None:
            return ("The journal marks the chip as finished",)
        told = f"The certificate becomes active in {plan.cloud.aws.region}, account {plan.cloud.aws.account}"
        return (told, PREVIOUS) if plan.job.renew else (told,)

    def run(self, entry: Entry, work: Work) -> Progress:
        work.attestation.repeat(entry)
        if work.plan.cloud is not None:
            name = entry.of(Registered).certificate_id
            work.cloud.certificates.activate(name)
            work.reporter.note("Certificate active")
            if entry.policy is None:
                _note_no_policy(work)
            for old in entry.begun.replaced:
                if old.certificate_id != name:
                    self._deactivate(entry, old.certificate_id, work)
        yield entry.after(Finished())

    def _deactivate(self, entry: Entry, certificate_id: str, work: Work) -> None:
        """Make a certificate that was replaced inactive, if it is this chip's; one that is revoked stays so."""
        certificates, reporter = work.cloud.certificates, work.reporter
        what = f"cannot check whether the previous certificate, {certificate_id}, is active"
        inactive = "the certificate is deactivated"
        held = ask(lambda: certificates.describe(certificate_id), UNANSWERED, reporter, what, inactive)
        if held is not UNANSWERED:
            if held is None or held.status != ACTIVE:
                return
            if not whose(entry, held, work.cloud.registry):
                reporter.warn(
                    f"the previous certificate in the journal, {certificate_id}, stays active: nothing proves that "
                    "its key was on this chip. Check whether somebody has changed the journal"
                )
                return
        with ignoring(STATE):  # AWS changes nothing of one that is revoked
            certificates.deactivate(certificate_id)
            reporter.note(f"The previous certificate is now inactive: {certificate_id}")


def _note_no_policy(work: Work) -> None:
    """Say that a device without a policy can do nothing yet, and how it gets one."""
    how: str = "Attach a policy to the certificate in AWS IoT"
    if work.plan.new is None and work.cloud.fleet is None:
        how = Naming(
            f"{how}, or use 'python -m optiga deprovision ", f"slot={work.plan.slot.name}",
            "' and register the device again with ",
            "policy=NAME", "",
        )  # fmt: skip
    work.reporter.note(
        naming(
            "The certificate has no policy: unless its thing group has one, AWS IoT does not allow the device anything "
            "yet. {how}",
            how=how,
        )
    )
