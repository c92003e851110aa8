"""What a configuration file says, as the commands of ``config`` print it."""

from __future__ import annotations

from dataclasses import dataclass

from optiga.cli.support.settings import Settings
from optiga.identity.configuration import Configuration
from optiga.results import lines


@dataclass(frozen=True, slots=True)
class SubjectComponent:
    """A component of a subject, for example ``country_name`` with ``DE``; ``{uid}`` may stand in the value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class CheckedConfiguration:
    """A configuration file without a mistake.

    :param file: its path, as it was given.
    :param slot: name of the slot of the key, for example ``second``.
    :param algorithm: of the key, for example ``secp256r1`` or ``rsa2048``.
    :param subject: in the order of the file.
    :param thing: name of the thing in AWS IoT, None where the file has none; so is ``policy``.
    """

    file: str
    slot: str
    algorithm: str
    subject: tuple[SubjectComponent, ...]
    thing: str | None
    policy: str | None


def describe(configuration: Configuration) -> CheckedConfiguration:
    """What a configuration says that has passed every check."""
    aws_iot = configuration.aws_iot
    return CheckedConfiguration(
        file=configuration.source,
        slot=configuration.slot.name,
        algorithm=configuration.algorithm.title,
        subject=tuple(SubjectComponent(name, value) for name, value in configuration.subject),
        thing=aws_iot.thing if aws_iot else None,
        policy=aws_iot.policy if aws_iot else None,
    )


def warn_of_lone_name(settings: Settings, checked: CheckedConfiguration) -> None:
    """Say what a configuration cannot be used for that names a thing or a policy, but not both."""
    if (checked.thing is None) != (checked.policy is None):
        has, lacks = ("policy", "thing") if checked.thing is None else ("thing", "policy")
        settings.warn(
            f"{checked.file} has a {has}, but no {lacks}: 'provision' needs both. Without the {lacks}, use it for "
            "'provision --template', 'provision --ca --no-cloud' or --csr"
        )


def text_of(checked: CheckedConfiguration) -> str:
    """A configuration for people: a line for each field."""
    subject = ", ".join(f"{component.name}={component.value}" for component in checked.subject)
    return lines(checked, subject=subject)
