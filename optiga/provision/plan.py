"""What is going to be done to a chip; everything that can be checked without it has been."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from optiga.cloud.aws.aws_names import check_attributes, check_name
from optiga.cloud.aws.certificates import ACTIVE, REVOKED
from optiga.errors import CloudError, ConfigurationError
from optiga.objects.addressing import Target, resolve_certificate
from optiga.pki.names import UID_FIELD, fill_uid, with_sample_uid
from optiga.protocol.objects import Reference, Slot, format_oid
from optiga.provision.checks import UNANSWERED, ask, check_thing_group, check_thing_type
from optiga.provision.issuers import AwsIssuer, CaIssuer, Issuer, check_aws_algorithm
from optiga.provision.outputs import check_outputs
from optiga.provision.report import Report
from optiga.provision.sizes import Sizes, check_room, sizes_of_aws

if TYPE_CHECKING:
    from optiga.ca.authority import CertificateAuthority
    from optiga.cloud.aws.certificates import Certificates
    from optiga.cloud.aws.connection import Aws, AwsOptions
    from optiga.cloud.aws.fleet import FleetTemplate
    from optiga.cloud.aws.policies import PolicyTemplate
    from optiga.cloud.aws.registry import Registry
    from optiga.identity.configuration import Configuration
    from optiga.pki.certificate import Certificate
    from optiga.provision.entry import Entry


class CloudWishes(NamedTuple):
    """What a device is to be in AWS IoT, as the user says it.

    ``{uid}`` may stand in the names of thing and policy, and in the values of attributes and parameters.

    :param thing: name of its thing.
    :param policy: name of its policy.
    :param policy_template: file that the policy is made from where there is none of the name.
    :param attributes: of the thing.
    :param template: name or file of a provisioning template that takes the place of all these.
    :param parameters: for that template.
    :param join: attach the chip also to a thing that has another active certificate.
    """

    thing: str | None = None
    policy: str | None = None
    policy_template: Path | None = None
    thing_type: str | None = None
    groups: tuple[str, ...] = ()
    attributes: Mapping[str, str] = {}
    template: str | None = None
    parameters: Mapping[str, str] = {}
    join: bool = False


@dataclass(frozen=True)
class CloudPlan:
    """What is going to be done in AWS IoT.

    :param endpoint: host name that devices connect to, None if AWS does not let us know.
    :param policy_template: None where there is no policy, or it comes from a provisioning template.
    :param ca: the issuer's certificate where it is registered with AWS.
    """

    aws: Aws
    certificates: Certificates
    registry: Registry
    endpoint: str | None
    wishes: CloudWishes
    policy_template: PolicyTemplate | None = None
    fleet: FleetTemplate | None = None
    ca: Certificate | None = None

    def thing(self, uid: str) -> str | None:
        """Name of a chip's thing."""
        return None if self.wishes.thing is None else fill_uid(self.wishes.thing, uid)

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
        return None if self.wishes.policy is None else fill_uid(self.wishes.policy, uid)

    @property
    def template(self) -> str | None:
        """Name of the provisioning template, a file's without its folder."""
        return None if self.wishes.template is None else Path(self.wishes.template).name

    def certificate_problem(self, entry: Entry, report: Report) -> str:
        """Why AWS does not let an entry's certificate in, or is not to; empty if all is well, or there is none yet.

        Where these credentials may not ask, that is a warning, and no problem.
        """
        name = entry.certificate_id  # the journal's certificate and AWS's are compared with it as they are read
        if name is None:
            return ""
        what = "whether AWS IoT still lets its certificate in is not checked"
        held = ask(lambda: self.certificates.describe(name), UNANSWERED, report, what)
        if held is UNANSWERED:
            return ""
        if held is None:
            return "its certificate is gone from AWS IoT"
        is_bad = held.status != ACTIVE if entry.is_finished else held.status == REVOKED
        return f"its certificate is {held.status}" if is_bad else ""


class NewIdentity(NamedTuple):
    """What a chip's new identity is made from: the configuration of its key and CSR, who certifies the key, and
    how long that is.
    """

    configuration: Configuration
    issuer: Issuer
    sizes: Sizes


@dataclass(frozen=True)
class Plan:
    """What is going to be done to a chip; good for any number of them.

    :param target: the object of the certificate.
    :param new: None for a chip that keeps the identity it came with.
    :param settings: fingerprint of what the CSR is made from, and of where its certificate goes.
    :param folder: where files go.
    :param cloud: None for chips that no cloud is told of.
    """

    slot: Slot
    target: Target
    new: NewIdentity | None
    settings: str
    folder: Path
    cloud: CloudPlan | None

    @property
    def issuer_name(self) -> str:
        """What stands for the issuer in the journal."""
        return self.new.issuer.name if self.new else "chip"

    @property
    def anew_hint(self) -> str:
        """How to begin anew."""
        if self.new is None:
            return f"'deprovision --slot {self.slot.name}' takes it back; then it can be registered anew"
        return "--renew makes a new key and certificate"

    def steps(self, *, renew: bool = False) -> list[str]:
        """What is going to be done to a chip that the journal does not know, one sentence each.

        :param renew: to one that is finished, which gets a new key and certificate.
        """
        slot, folder = self.slot, self.folder
        steps = []
        if self.new is not None:
            title, issuer = self.new.configuration.algorithm.title, self.new.issuer
            state = " (inactive)" if issuer.name == "aws" else ""
            steps += [
                f"The chip makes a key pair {title} in slot {slot.name} ({format_oid(slot.key_oid)}), over any other",
                f"It signs a CSR, which is kept in {folder}",
                f"{issuer.title} issues a certificate{state}, which is kept in {folder}",
                f"The certificate is written into {self.target.info.label} and compared there; the chip proves its key",
            ]
        else:
            steps.append(f"The chip proves the key of its certificate in {self.target.info.label}")
        steps += self._cloud_steps(self.cloud) if self.cloud else []
        return [*steps, "The certificate before it becomes inactive"] if renew and self.cloud else steps

    def _cloud_steps(self, cloud: CloudPlan) -> list[str]:
        steps, wishes = [], cloud.wishes
        if self.issuer_name != "aws":
            by = f"with the CA {cloud.ca.subject}" if cloud.ca else "without a CA"
            steps.append(f"The certificate is registered {by} (inactive)")
        if cloud.fleet is not None:
            steps.append(f"The provisioning template {cloud.fleet.name} makes thing and policy")
        if wishes.thing is not None and cloud.fleet is None:
            typed = f" with the type {wishes.thing_type}" if wishes.thing_type else ""
            steps.append(f"It is attached to the thing {wishes.thing}, which is made{typed} if it is not there")
            if wishes.attributes:
                pairs = ", ".join(f"{key}={value}" for key, value in wishes.attributes.items())
                steps.append(f"The thing gets the attributes {pairs}")
            steps += [f"The thing goes into the group {group}" for group in wishes.groups]
        if cloud.policy_template is not None:
            made = f"made from {cloud.policy_template.name} if it is not there"
            steps.append(f"The policy {wishes.policy}, {made}, is attached to it")
        steps.append(f"It becomes active in {cloud.aws.region}, account {cloud.aws.account}")
        return steps


def plan_provision(
    configuration: Configuration,
    folder: Path,
    *,
    aws_options: AwsOptions | None,
    wishes: CloudWishes,
    authority: CertificateAuthority | None = None,
    days: int | None = None,
    server: bool = False,
    ignore_names: bool = False,
    oid: Reference | None = None,
    report: Report = Report(),  # noqa: B008 - a tuple
) -> Plan:
    """Plan the whole way of a chip with a new key.

    :param folder: where files go.
    :param aws_options: the way to AWS; None to stop after the chip, which takes a CA of one's own.
    :param wishes: thing and policy of the configuration take their place if they are None.
    :param authority: a CA of one's own in place of AWS's.
    :param days: validity of what it issues.
    :param server: let it certify TLS servers, too, if the CSR asks for that.
    :param ignore_names: have it leave out names that it does not certify, in place of refusing them.
    :param oid: object for the certificate, where the slot has none or another is wanted.
    :raises ConfigurationError: for whatever cannot be done so.
    :raises CloudError: if AWS cannot be asked or refuses.
    """
    target = resolve_certificate(configuration.slot, oid)
    if aws_options is None and authority is None:
        raise ConfigurationError("without a cloud nobody certifies the key", hint="Name a CA of your own with --ca")
    named = None
    if aws_options is not None:
        named = _with_configuration(wishes, configuration)
        check_aws_algorithm(configuration)
    if authority is None:
        check_room(configuration.source, sizes_of_aws(configuration), target)
    issuer: Issuer | None = None
    if authority is not None:
        own = CaIssuer(authority, days, server=server, ignore_names=ignore_names)
        own.check(configuration)
        check_room(configuration.source, own.sizes(configuration), target)
        issuer = own
    cloud = None
    if aws_options is not None and named is not None:
        ca, subject = authority.certificate if authority else None, {name for name, _ in configuration.subject}
        cloud = plan_cloud(aws_options, named, ca, report, subject)
        issuer = issuer or AwsIssuer(cloud.certificates)
        sample = with_sample_uid(UID_FIELD)
        cloud.check_chip(sample, {name: fill_uid(value, sample) for name, value in configuration.subject})
    assert issuer is not None  # noqa: S101 - there is a cloud or a CA
    check_outputs(folder, cloud)
    made_from = [configuration.csr_config, configuration.slot.name, target.info.label]
    settings = hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()
    return Plan(
        configuration.slot,
        target,
        NewIdentity(configuration, issuer, issuer.sizes(configuration)),
        settings,
        folder,
        cloud,
    )


def plan_registration(slot: Slot, folder: Path, aws_options: AwsOptions, wishes: CloudWishes, report: Report) -> Plan:
    """Plan the registration of the certificate that a chip came with.

    :raises ConfigurationError: for whatever cannot be done so.
    :raises CloudError: if AWS cannot be asked or refuses.
    """
    if slot.certificate_oid is None:
        raise ConfigurationError(
            f"slot {slot.name} has no object for a certificate",
            hint="first, second, third and fourth have",
            oid=slot.key_oid,
        )
    target = resolve_certificate(slot, None)
    cloud = plan_cloud(aws_options, wishes, None, report)
    check_outputs(folder, cloud)
    return Plan(slot, target, None, "", folder, cloud)


def plan_cloud(
    options: AwsOptions,
    wishes: CloudWishes,
    ca: Certificate | None,
    report: Report,
    subject: Collection[str] | None = None,
) -> CloudPlan:
    """Check names and templates, then ask AWS who we are and whether what the wishes name is there.

    :param ca: issuer of the certificates where that is not AWS.
    :param subject: the components that the certificates' subject is going to have; None if that is not known.
    """
    from optiga.cloud.aws.certificates import Certificates
    from optiga.cloud.aws.connection import connect
    from optiga.cloud.aws.fleet import load_fleet_template
    from optiga.cloud.aws.policies import (
        find_default_template,
        load_template,
        opens_everything,
        passed_over,
        warnings_of,
    )
    from optiga.cloud.aws.registry import Registry
    from optiga.cloud.aws.templates import THING, own_template

    _check_wishes(wishes)
    template = None
    if wishes.policy is not None and wishes.template is None:
        path = wishes.policy_template or find_default_template()
        report.note(f"The policy template is {path.absolute()}")
        if other := passed_over(path):
            report.warn(other)
        template = load_template(path)
    aws = connect(options, report.note)
    certificates, registry = Certificates(aws), Registry(aws)
    if template is not None:
        document = template.render(aws, with_sample_uid("{uid}"))
        for warning in warnings_of(document, template.name):
            report.warn(warning)
        if opens_everything(document):
            report.warn(
                f"the policy of {template.name} lets a device do everything everywhere; "
                f"{own_template(THING)} binds it to its thing"
            )
    fleet = None
    if wishes.template is not None:
        has_thing = wishes.thing is not None
        fleet = load_fleet_template(
            wishes.template, registry, wishes.parameters, has_thing=has_thing, subject=subject, aws=aws
        )
        report.note(f"The provisioning template is {fleet.source}")
    for thing_type in (wishes.thing_type,) if wishes.thing_type else fleet.thing_types if fleet else ():
        check_thing_type(registry, thing_type, aws.region, report)
    for group in wishes.groups or (fleet.thing_groups if fleet else ()):
        check_thing_group(registry, group, aws.region, report)
    registered = None
    if ca is not None:
        what = "the certificate is registered without its CA"
        registered = ask(lambda: certificates.find_ca(ca), None, report, what)
    if ca is not None and registered is not None and registered.status != ACTIVE:
        raise CloudError(
            f"AWS IoT has the CA {ca.subject}, but it is {registered.status}", hint="'ca register' activates it"
        )
    endpoint = ask(aws.endpoint, None, report, "the endpoint that devices connect to stays unknown")
    return CloudPlan(
        aws, certificates, registry, endpoint, wishes, template, fleet, ca if registered is not None else None
    )


def _with_configuration(wishes: CloudWishes, configuration: Configuration) -> CloudWishes:
    """The wishes, completed by those of the configuration."""
    source, named = configuration.source, configuration.aws_iot
    thing = named.thing if named and wishes.thing is None else wishes.thing
    policy = named.policy if named and wishes.policy is None else wishes.policy
    for field, value in (("thing", thing), ("policy", policy)):
        if value is None and wishes.template is None:
            raise ConfigurationError(
                f"{source}: aws_iot_config: {field!r} is missing",
                hint="Name it there, or use --no-cloud with a CA of your own",
            )
        if value is not None:
            check_name(field, value, f"{source}: aws_iot_config.{field}: ")
    return wishes._replace(thing=thing, policy=None if wishes.template else policy)


def _check_wishes(wishes: CloudWishes) -> None:
    for kind, value in (("thing", wishes.thing), ("policy", wishes.policy), ("thing type", wishes.thing_type)):
        if value is not None:
            check_name(kind, value)
    for number, group in enumerate(wishes.groups):
        check_name("thing group", group)
        if group in wishes.groups[:number]:
            raise ConfigurationError(f"the thing group {group} is named twice", hint="Name each group once")
    check_attributes(wishes.attributes, typed=wishes.thing_type is not None)
    extras = wishes.attributes or wishes.groups or wishes.thing_type
    if wishes.template is not None and (extras or wishes.policy is not None or wishes.policy_template is not None):
        raise ConfigurationError(
            "a provisioning template says itself what the thing and its policy are",
            hint="Leave out --attribute, --thing-type, --thing-group, --policy and --policy-template, or --template",
        )
    if wishes.template is None and wishes.parameters:
        raise ConfigurationError("--parameter goes with --template")
    if wishes.thing is None and wishes.template is None and extras:
        raise ConfigurationError("there is no thing to have a type, a group or attributes", hint="Name a thing")
