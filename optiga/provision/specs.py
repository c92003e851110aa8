"""What a job is made of: who certifies, what the device is in AWS IoT, who is believed. Values, nothing opened."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from optiga.arguments import set_fields, takes
from optiga.ca.days import check_days
from optiga.cloud.aws.aws_names import check_attributes, check_name
from optiga.errors import ConfigurationError, Naming, Reason, naming
from optiga.files.placeholders import find_wrong_field

if TYPE_CHECKING:
    from optiga.identity.configuration import Configuration

Pairs: TypeAlias = tuple[tuple[str, str], ...]
"""Names, each with its value; no name twice."""
_EXTRAS = {
    "attributes": naming("{attributes}"),
    "thing_type": naming("{thing_type}"),
    "groups": naming("{groups}"),
    "billing_group": naming("{billing_group}"),
    "exclusive": naming("{exclusive}"),
}
"""What is asked for a thing beside its name, as a message names it."""
_POLICIES = {"policy": naming("{policy}"), "policy_template": naming("{policy_template}")}


@dataclass(frozen=True, slots=True)
class AwsIssuerSpec:
    """Issuer: AWS IoT issues the certificate for the new key."""


@dataclass(frozen=True, slots=True, init=False)
class CaIssuerSpec:
    """Issuer: your own CA issues the certificate for the new key.

    :param folder: folder of the CA.
    :param days: validity of the certificate in days; None for the default.
    :param server: allow the certificate for TLS servers, too, if the configuration asks for it.
    :param ignore_names: omit names that the CA does not certify, instead of refusing the CSR.
    :raises ConfigurationError: if a certificate cannot be valid for so many days.
    """

    folder: Path
    days: int | None
    server: bool
    ignore_names: bool

    @takes
    def __init__(
        self,
        folder: str | os.PathLike[str],
        days: int | None = None,
        server: bool = False,
        ignore_names: bool = False,
    ) -> None:
        check_days(days)
        set_fields(self, folder=_path_of(folder, "folder"), days=days, server=server, ignore_names=ignore_names)


@dataclass(frozen=True, slots=True)
class OwnCertificate:
    """Nobody certifies: the chip keeps the key and the certificate that it came with."""


IssuerSpec: TypeAlias = AwsIssuerSpec | CaIssuerSpec | OwnCertificate


@dataclass(frozen=True, slots=True, init=False)
class TrustSpec:
    """The trusted roots for genuine chips.

    :param file: file with the root certificates and the intermediate certificates below them.
    :param emulated: accept the emulator's root, if the file has it, at every port; otherwise only at the port
        ``emulator``.
    """

    file: Path
    emulated: bool

    @takes
    def __init__(self, file: str | os.PathLike[str], emulated: bool = False) -> None:
        set_fields(self, file=_path_of(file, "file"), emulated=emulated)


@dataclass(frozen=True, slots=True, init=False)
class ThingSpec:
    """The device in AWS IoT: thing, policy and what belongs to them.

    ``{uid}`` is replaced with the chip's UID in the names of thing and policy, and in the values of attributes and
    parameters.

    :param thing: name of the thing; None for the name in the configuration.
    :param policy: name of the policy; None for the name in the configuration.
    :param policy_template: file with the template of the policy, used if the policy does not exist; None for the
        default template, which limits a device to its thing.
    :param thing_type: type of the thing, if the thing is created.
    :param groups: thing groups to add the thing to.
    :param attributes: attributes of the thing, values by name.
    :param template: name or file of a provisioning template, used instead of all parameters above.
    :param parameters: parameters of the provisioning template, values by name.
    :param join: attach the certificate even to a thing that has another active certificate.
    :param exclusive: attach the certificate exclusively, so that it cannot be attached to another thing.
    :param billing_group: billing group of the thing, if the thing is in no billing group.
    :raises ConfigurationError: if AWS does not accept a name or value, or they contradict each other.
    """

    thing: str | None
    policy: str | None
    policy_template: Path | None
    thing_type: str | None
    groups: tuple[str, ...]
    attributes: Pairs
    template: str | None
    parameters: Pairs
    join: bool
    exclusive: bool
    billing_group: str | None

    @takes
    def __init__(
        self,
        thing: str | None = None,
        policy: str | None = None,
        policy_template: str | os.PathLike[str] | None = None,
        thing_type: str | None = None,
        groups: tuple[str, ...] = (),
        attributes: Pairs = (),
        template: str | None = None,
        parameters: Pairs = (),
        join: bool = False,
        exclusive: bool = False,
        billing_group: str | None = None,
    ) -> None:
        set_fields(
            self,
            thing=thing,
            policy=policy,
            policy_template=None if policy_template is None else _path_of(policy_template, "policy_template"),
            thing_type=thing_type,
            groups=groups,
            attributes=attributes,
            template=template,
            parameters=parameters,
            join=join,
            exclusive=exclusive,
            billing_group=billing_group,
        )
        for field, pairs in (("attributes", attributes), ("parameters", parameters)):
            if len(dict(pairs)) != len(pairs):
                raise ConfigurationError(f"'{field}' has the same name twice", parameter=field)
        self._check_values()
        self._check_template()

    def _check_values(self) -> None:
        """Refuse names and values that AWS does not accept.

        :raises ConfigurationError: for the first mistake.
        """
        for kind, value in (
            ("thing", self.thing),
            ("policy", self.policy),
            ("thing type", self.thing_type),
            ("billing group", self.billing_group),
        ):
            if value is not None:
                check_name(kind, value)
        for number, group in enumerate(self.groups):
            check_name("thing group", group)
            if group in self.groups[:number]:
                raise ConfigurationError(f"the thing group {group} is given twice", hint="Give each group only once")
        for name, value in self.parameters:
            if mistake := find_wrong_field(value):
                raise ConfigurationError(naming("{parameters} {name}: the value {mistake}", name=name, mistake=mistake))
        check_attributes(dict(self.attributes), typed=self.thing_type is not None)

    def _check_template(self) -> None:
        """Refuse what does not go with a provisioning template, or only with one.

        :raises ConfigurationError: for the first mistake.
        """
        if self.template == "":
            raise ConfigurationError(
                naming("{template} is empty"), hint="Give the path of a file, or a template's name in AWS"
            )
        extras = self._extras
        policies = [named for name, named in _POLICIES.items() if getattr(self, name) is not None]
        if self.template is not None and (extras or policies):
            named = reduce(lambda all_, one: naming("{all_}, {one}", all_=all_, one=one), extras + policies)
            raise ConfigurationError(
                "a provisioning template itself defines the thing and its policy",
                hint=naming("Omit either {named}, or {template}", named=named),
                reason=Reason.CONFLICT,
            )
        if self.template is None and self.parameters:
            raise ConfigurationError(
                naming("{parameters} requires {template}"), reason=Reason.MISSING, parameter="template"
            )

    @property
    def _extras(self) -> list[Naming]:
        return [named for name, named in _EXTRAS.items() if getattr(self, name)]

    def check(self) -> None:
        """Refuse what needs a thing or a policy, if there is none: neither here nor in a configuration.

        :raises ConfigurationError: for the first mistake.
        """
        if self.template is None and self.policy is None and self.policy_template is not None:
            raise ConfigurationError(
                naming("{policy_template} requires {policy}"), reason=Reason.MISSING, parameter="policy"
            )
        if self.thing is None and self.template is None and self._extras:
            raise ConfigurationError(
                "a type, a group, attributes and an exclusive certificate require a thing",
                hint="Give a thing",
                reason=Reason.MISSING,
            )
        if self.thing is None and self.template is None and self.join:
            raise ConfigurationError(naming("{join} requires {thing}"), reason=Reason.MISSING, parameter="thing")


def _path_of(given: str | os.PathLike[str], parameter: str) -> Path:
    """The path of a file or folder.

    :raises ConfigurationError: if it is none.
    """
    text = os.fspath(given)
    if not text or "\0" in text:
        raise ConfigurationError(f"{text!r} names no file or folder", parameter=parameter)
    return Path(text)


def complete_device(spec: ThingSpec, configuration: Configuration) -> ThingSpec:
    """A device with the names that the configuration has for what is not named otherwise.

    :raises ConfigurationError: for the first name that is missing, or that AWS does not take.
    """
    named, source, has_template = configuration.aws_iot, configuration.source, spec.template is not None

    def name_of(field: str, given: str | None) -> str | None:
        if given is not None or (has_template and field == "policy"):
            return given
        name: str | None = getattr(named, field, None)
        if name is None and not has_template:
            raise ConfigurationError(
                f"{source}: aws_iot_config: {field!r} is missing",
                hint=naming("Add it there, or use {thing=None} with your own CA"),
            )
        if name is not None:
            check_name(field, name, f"{source}: aws_iot_config.{field}: ")
        return name

    return replace(spec, thing=name_of("thing", spec.thing), policy=name_of("policy", spec.policy))
