"""What AWS is asked; a question that these credentials may not ask is a warning, and the run goes on."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import TYPE_CHECKING, TypeVar

from optiga.cloud.aws.aws_names import check_name
from optiga.cloud.aws.errors import AwsError
from optiga.cloud.aws.registry import ThingGroup, ThingType
from optiga.errors import ConfigurationError, Reason, naming
from optiga.naming import pip_install

if TYPE_CHECKING:
    from optiga.cloud.aws.registry import Registry
    from optiga.provision.events import Reporter

T = TypeVar("T")
U = TypeVar("U")


class Unanswered(Enum):
    """What stands for an answer that nothing else can stand for."""

    UNANSWERED = auto()


UNANSWERED = Unanswered.UNANSWERED


def ask(question: Callable[[], T], unanswered: U, reporter: Reporter, what: str, otherwise: str = "") -> T | U:
    """The answer to a question that only reads.

    :param unanswered: what stands for the answer where the credentials may not ask.
    :param what: what cannot be done then, for the warning: ``cannot check whether …``.
    :param otherwise: what comes of that, a clause behind "without this check"; empty if that is clear.
    :raises AwsError: for whatever else AWS says.
    """
    try:
        return question()
    except AwsError as error:
        if not error.is_unanswered:
            raise
        reporter.warn(unanswered_text(error, what, otherwise))
        return unanswered


def unanswered_text(error: AwsError, what: str, otherwise: str = "") -> str:
    """That a question has no answer, why, and what to do; the parameters are those of :func:`ask`."""
    text = f"{what}, because these credentials do not allow {error.denied}. {error.hint}"
    return f"{text}. Without this check, {otherwise}" if otherwise else text


def check_thing_type(registry: Registry, name: str, region: str, reporter: Reporter) -> None:
    """Refuse a thing type that no new thing can have.

    :raises ConfigurationError: if there is none of the name, or it is deprecated.
    """
    what = f"cannot check whether there is a thing type {name}"
    unknown: ThingType | None = ThingType(name, is_deprecated=False)
    found = ask(lambda: registry.find_thing_type(name), unknown, reporter, what)
    if found is None:
        raise ConfigurationError(
            f"there is no thing type {name} in {region}", hint="Create it first", reason=Reason.NOT_FOUND
        )
    if found.is_deprecated:
        raise ConfigurationError(
            f"the thing type {name} in {region} is deprecated: AWS IoT does not create things of this type",
            hint="Use another thing type, or undo the deprecation (DeprecateThingType with undoDeprecate)",
            reason=Reason.UNSUPPORTED,
        )


def check_billing_group(registry: Registry, name: str, region: str, reporter: Reporter) -> None:
    """Refuse a billing group that is not there.

    :raises ConfigurationError: if there is none of the name.
    """
    what = f"cannot check whether there is a billing group {name}"
    if not ask(lambda: registry.has_billing_group(name), True, reporter, what):
        raise ConfigurationError(
            f"there is no billing group {name} in {region}", hint="Create it first", reason=Reason.NOT_FOUND
        )


def check_exclusive(registry: Registry) -> None:
    """Refuse an exclusive attachment that the installed boto3 cannot ask for.

    :raises ConfigurationError: if it cannot.
    """
    if not registry.attaches_exclusively:
        raise ConfigurationError(
            naming("{exclusive}: the installed boto3 is too old for it"),
            hint=f"Install a newer one: {pip_install('-U', 'boto3')}",
            reason=Reason.UNSUPPORTED,
        )


def check_thing_group(registry: Registry, name: str, region: str, reporter: Reporter) -> None:
    """Refuse a thing group that no thing can be put into.

    :raises ConfigurationError: if there is none of the name, or it is a dynamic one.
    """
    what = f"cannot check whether there is a thing group {name}"
    unknown: ThingGroup | None = ThingGroup(name, is_dynamic=False)
    found = ask(lambda: registry.find_thing_group(name), unknown, reporter, what)
    if found is None:
        raise ConfigurationError(
            f"there is no thing group {name} in {region}", hint="Create it first", reason=Reason.NOT_FOUND
        )
    if found.is_dynamic:
        raise ConfigurationError(
            f"the thing group {name} in {region} is dynamic: things cannot be added to it",
            hint="Use a static group, or omit the group",
            reason=Reason.UNSUPPORTED,
        )


def check_policy(registry: Registry, name: str, region: str, reporter: Reporter) -> None:
    """Refuse a policy that a provisioning template only names, and that is not there.

    :raises ConfigurationError: if there is none of the name, or no policy can have it.
    """
    check_name("policy", name, "the provisioning template: ")
    what = f"cannot check whether there is a policy {name}"
    if ask(lambda: registry.policy_document(name), "", reporter, what) is None:
        raise ConfigurationError(
            f"there is no policy {name} in {region}, and the provisioning template has no document for it",
            hint="Create the policy first, or add its PolicyDocument to the template",
            reason=Reason.NOT_FOUND,
        )
