"""What a job is made of: who certifies, what the device is in AWS IoT, who is believed. Values, nothing opened."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from optiga.cloud.aws.aws_names import check_attributes, check_name
from optiga.errors import ConfigurationError, naming
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
    """AWS IoT's own CA certifies the new key."""


@dataclass(frozen=True, slots=True)
class CaIssuerSpec:
    """A CA of one's own certifies the new key.

    :param folder: the CA's.
    :param days: validity of the certificate; None for the usual.
    :param server: let it be a TLS server's, too, if the configuration asks for that.
    :param ignore_names: leave out names that the CA does not certify, in place of refusing them.
    """

    folder: Path
    days: int | None = None
    server: bool = False
    ignore_names: bool = False


@dataclass(frozen=True, slots=True)
class OwnCertificate:
    """Nobody certifies: the chip keeps the key and the certificate that it came with."""


IssuerSpec: TypeAlias = AwsIssuerSpec | CaIssuerSpec | OwnCertificate


@dataclass(frozen=True, slots=True)
class TrustSpec:
    """Who is believed to certify genuine chips.

    :param file: certificates of roots, and of intermediates below them.
    :param emulated: let the emulator's root count at every port, where it is among them; else it counts at the port
        ``emulator`` alone.
    """

    file: Path
    emulated: bool = False


@dataclass(frozen=True, slots=True)
class ThingSpec:
    """What a device is to be in AWS IoT.

    ``{uid}`` may stand in the names of thing and policy, and in the values of attributes and parameters.

    :param thing: name of its thing; None takes the configuration's.
    :param policy: name of its policy; None takes the configuration's.
    :param policy_template: file that the policy is made from where there is none of the name; None takes the project's
        own, which binds a device to its thing.
    :param thing_type: type of the thing, if it is made.
    :param groups: for the thing.
    :param attributes: of the thing.
    :param template: name or file of a provisioning template that takes the place of all these.
    :param parameters: for that template.
    :param join: attach the chip also to a thing that has another active certificate.
    :param exclusive: attach the certificate so that it can be no other thing's.
    :param billing_group: for the thing, if it is in none.
    """

    thing: str | None = None
    policy: str | None = None
    policy_template: Path | None = None
    thing_type: str | None = None
    groups: tuple[str, ...] = ()
    attributes: Pairs = ()
    template: str | None = None
    parameters: Pairs = ()
    join: bool = False
    exclusive: bool = False
    billing_group: str | None = None

    def __post_init__(self) -> None:
        for field, pairs in (("attributes", self.attributes), ("parameters", self.parameters)):
            if len(dict(pairs)) != len(pairs):
                raise ConfigurationError(f"'{field}' has the same name twice", parameter=field)

    def check(self) -> None:
        """Refuse names that AWS does not take, and what does not go together.

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
        if self.template == "":
            raise ConfigurationError(
                naming("{template} is empty"), hint="Give the path of a file, or a template's name in AWS"
            )
        extras = [named for name, named in _EXTRAS.items() if getattr(self, name)]
        policies = [named for name, named in _POLICIES.items() if getattr(self, name) is not None]
        if self.template is not None and (extras or policies):
            named = reduce(lambda all_, one: naming("{all_}, {one}", all_=all_, one=one), extras + policies)
            raise ConfigurationError(
                "a provisioning template itself defines the thing and its policy",
                hint=naming("Omit either {named}, or {template}", named=named),
            )
        if self.template is None and self.parameters:
            raise ConfigurationError(naming("{parameters} requires {template}"))
        if self.thing is None and self.template is None and extras:
            raise ConfigurationError(
                "a type, a group, attributes and an exclusive certificate require a thing", hint="Give a thing"
            )


def check_device(spec: ThingSpec, configuration: Configuration) -> None:
    """Refuse a device whose thing or policy nobody names.

    :param spec: completed by the configuration.
    :raises ConfigurationError: for the first name that is missing, or that AWS does not take.
    """
    source = configuration.source
    for field, value in (("thing", spec.thing), ("policy", spec.policy)):
        if value is None and spec.template is None:
            raise ConfigurationError(
                f"{source}: aws_iot_config: {field!r} is missing",
                hint=naming("Add it there, or use {thing=None} with your own CA"),
            )
        if value is not None:
            check_name(field, value, f"{source}: aws_iot_config.{field}: ")
