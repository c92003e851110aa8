"""What is going to be done in AWS IoT; what can be asked there beforehand has been."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from optiga.cloud.aws.certificates import ACTIVE, INACTIVE, REVOKED, Certificates
from optiga.cloud.aws.fleet import FleetTemplate, load_fleet_template
from optiga.cloud.aws.policies import (
    EVERY_ACTION,
    PolicyTemplate,
    find_default_template,
    load_template,
    open_actions,
    passed_over,
    warnings_of,
)
from optiga.cloud.aws.registry import Registry
from optiga.cloud.aws.templates import THING, own_template
from optiga.errors import CloudError, Reason
from optiga.files.placeholders import UID_FIELD
from optiga.files.shown import whole_path
from optiga.pki.names import fill_uid, with_sample_uid
from optiga.provision.checks import (
    UNANSWERED,
    ask,
    check_billing_group,
    check_exclusive,
    check_policy,
    check_thing_group,
    check_thing_type,
)

if TYPE_CHECKING:
    from optiga.cloud.aws.certificates import CloudCa
    from optiga.cloud.aws.connection import Aws, AwsOptions
    from optiga.pki.certificate import Certificate
    from optiga.provision.entry import Entry
    from optiga.provision.events import Reporter
    from optiga.provision.services import Connector
    from optiga.provision.specs import ThingSpec

_STATUS = "its certificate is {}"


@dataclass(frozen=True, slots=True)
class CloudPlan:
    """What is going to be done in AWS IoT.

    :param endpoint: host name that devices connect to, None if AWS does not let us know.
    :param device: what a device is to be, the configuration's names among it.
    :param policy_template: None where there is no policy, or it comes from a provisioning template.
    :param fleet: the provisioning template, if one takes the place of thing and policy.
    :param ca: the issuer's certificate where it is registered with AWS.
    """

    aws: Aws
    certificates: Certificates
    registry: Registry
    endpoint: str | None
    device: ThingSpec
    policy_template: PolicyTemplate | None = None
    fleet: FleetTemplate | None = None
    ca: Certificate | None = None

    def thing(self, uid: str) -> str | None:
        """Name of a chip's thing."""
        return None if self.device.thing is None else fill_uid(self.device.thing, uid)

    def things(self, uid: str, subject: Mapping[str, str]) -> tuple[str, ...]:
        """Names of the things that a chip is going to be attached to, as far as they are known beforehand.

        :param subject: that of its certificate, by asn1crypto's names of components.
        """
        thing = self.thing(uid)
        if self.fleet is not None:
            return self.fleet.things(uid=uid, thing=thing, subject=subject)
        return () if thing is None else (thing,)

    def check_chip(self, uid: str, subject: Mapping[str, str]) -> None:
        """Refuse a chip of which AWS could not make what a provisioning template says.

        :param subject: that of its certificate, by asn1crypto's names of components.
        :raises ConfigurationError: if it could not, as far as that is known beforehand.
        """
        if self.fleet is not None:
            self.fleet.check_chip(uid=uid, thing=self.thing(uid), subject=subject)

    def policy(self, uid: str) -> str | None:
        """Name of a chip's policy."""
        return None if self.device.policy is None else fill_uid(self.device.policy, uid)

    @property
    def document(self) -> str | None:
        """Name of the policy whose document a run leaves, in which ``{uid}`` may stand; None where it leaves none."""
        return self.device.policy if self.policy_template is not None else None

    @property
    def template(self) -> str | None:
        """Name of the provisioning template, a file's without its folder."""
        return None if self.device.template is None else Path(self.device.template).name

    def certificate_problem(self, entry: Entry, reporter: Reporter) -> str:
        """Why AWS does not let an entry's certificate in, or is not to; empty if all is well, or there is none yet.

        Where these credentials may not ask, that is a warning, and no problem.
        """
        name = entry.certificate_id  # the journal's certificate and AWS's are compared with it as they are read
        if name is None:
            return ""
        what = "cannot check whether AWS IoT still accepts its certificate"
        held = ask(lambda: self.certificates.describe(name), UNANSWERED, reporter, what)
        if held is UNANSWERED:
            return ""
        if held is None:
            return "its certificate is no longer in AWS IoT"
        is_bad = held.status != ACTIVE if entry.is_finished else held.status == REVOKED
        return _STATUS.format(held.status) if is_bad else ""

    def activation(self, entry: Entry, problem: str) -> str:
        """What activates an entry's certificate again; empty unless it is inactive.

        :param problem: what :meth:`certificate_problem` says of it.
        """
        if problem != _STATUS.format(INACTIVE):
            return ""
        return f"set certificate {entry.certificate_id} to ACTIVE in {self.aws.region} (aws iot update-certificate)"

    def detached_from(self, entry: Entry, reporter: Reporter) -> list[str]:
        """The thing and the policy of an entry that its certificate is no longer attached to.

        Where these credentials may not ask, that is a warning, and taken for attached.
        """
        if entry.registered is None:
            return []
        loose = []
        for kind, name, find in (
            ("thing", entry.thing if entry.attached else None, self.registry.things_of),
            ("policy", entry.policy if entry.governed else None, self.registry.policies_of),
        ):
            if name is None:
                continue
            what = f"cannot check whether the certificate is still attached to the {kind} {name}"
            names = ask(partial(find, entry.registered.arn), [name], reporter, what)
            if name not in names:
                loose.append(f"the {kind} {name}")
        return loose


def plan_cloud(
    options: AwsOptions,
    device: ThingSpec,
    ca: Certificate | None,
    connect: Connector,
    reporter: Reporter,
    subject: Collection[str] | None = None,
) -> CloudPlan:
    """Check names and templates, then ask AWS who we are and whether what the device needs is there.

    :param device: completed by the configuration's names.
    :param ca: issuer of the certificates where that is not AWS.
    :param connect: the way to AWS.
    :param subject: the components that the certificates' subject is going to have; None if that is not known.
    :raises ConfigurationError: for whatever cannot be done so.
    :raises CloudError: if AWS cannot be asked or refuses.
    """
    device.check()
    template = _find_policy_template(device, reporter)
    aws = connect(options, reporter.note)
    for warning in aws.warnings:
        reporter.warn(warning)
    certificates, registry = Certificates(aws), Registry(aws)
    if template is not None:
        _warn_of_policy(template, aws, reporter)
    fleet = None
    if device.template is not None:
        has_thing, parameters = device.thing is not None, dict(device.parameters)
        fleet = load_fleet_template(
            device.template, registry, parameters, has_thing=has_thing, subject=subject, aws=aws
        )
        reporter.note(f"The provisioning template is {fleet.source}")
    for thing_type in (device.thing_type,) if device.thing_type else fleet.thing_types if fleet else ():
        check_thing_type(registry, thing_type, aws.region, reporter)
    for group in device.groups or (fleet.thing_groups if fleet else ()):
        check_thing_group(registry, group, aws.region, reporter)
    for policy in fleet.policies if fleet else ():
        check_policy(registry, policy, aws.region, reporter)
    if device.billing_group is not None:
        check_billing_group(registry, device.billing_group, aws.region, reporter)
    if device.exclusive:
        check_exclusive(registry)
    known = ca if ca is not None and _is_registered(ca, certificates, reporter) else None
    endpoint = ask(aws.endpoint, None, reporter, "cannot find out the endpoint that devices connect to")
    return CloudPlan(aws, certificates, registry, endpoint, device, template, fleet, known)


def _is_registered(ca: Certificate, certificates: Certificates, reporter: Reporter) -> bool:
    """Whether AWS IoT has a CA under its present certificate; a former one does not count, which is said.

    :raises CloudError: if it has, and the CA is not active.
    """
    found: list[CloudCa] = ask(
        lambda: certificates.find_cas(ca),
        [],
        reporter,
        f"cannot check whether AWS IoT has the CA {ca.subject}",
        "new certificates of this CA are registered without it",
    )
    registered = next((one for one in found if one.certificate.der == ca.der), None)
    if registered is not None and registered.status != ACTIVE:
        raise CloudError(
            f"AWS IoT has the CA {ca.subject}, but it is {registered.status}",
            hint="To activate the CA, use 'python -m optiga ca register'",
            reason=Reason.CONFLICT,
        )
    if found and registered is None:
        reporter.warn(
            f"AWS IoT has the CA {ca.subject} only under a certificate from before it was renewed: new certificates of "
            "this CA are registered without it. To register the renewed CA certificate, use "
            "'python -m optiga ca register'"
        )
    return registered is not None


def _find_policy_template(device: ThingSpec, reporter: Reporter) -> PolicyTemplate | None:
    """What the policy is made from; None where there is no policy, or a provisioning template has it."""
    if device.policy is None or device.template is not None:
        return None
    path = device.policy_template or find_default_template()
    if other := passed_over(path):
        reporter.warn(other)
    template = load_template(path)
    reporter.note(f"The policy template is {whole_path(path)}")
    template.check()
    return template


def _warn_of_policy(template: PolicyTemplate, aws: Aws, reporter: Reporter) -> None:
    """Say what in a policy looks like a mistake, or lets a device do too much."""
    document = template.render(aws, with_sample_uid(UID_FIELD))
    for warning in warnings_of(document, template.name):
        reporter.warn(warning)
    if actions := open_actions(document):
        allowed = "everything" if actions == [EVERY_ACTION] else ", ".join(actions)
        reporter.warn(
            f"the policy of {template.name} allows a device {allowed} on every resource. To limit a device to its "
            f"thing, use {own_template(THING)}"
        )
