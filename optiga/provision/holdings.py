"""What AWS IoT has of a slot before it is taken back: its certificates, and what they are attached to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from optiga.cloud.aws.certificates import ACTIVE, INACTIVE
from optiga.errors import CloudError, Reason, counted, naming
from optiga.provision.believed import known_keys, whose
from optiga.provision.checks import UNANSWERED, ask
from optiga.provision.chip_slot import chain_of
from optiga.provision.facts import damaged
from optiga.provision.issuers import AwsIssuer, find_unrecorded

if TYPE_CHECKING:
    from collections.abc import Callable

    from optiga.cloud.aws.certificates import Certificates
    from optiga.cloud.aws.registry import Registry
    from optiga.provision.entry import Entry
    from optiga.provision.events import Reporter
    from optiga.provision.own_things import OwnThings

_MAX_NAMED = 2


@dataclass(frozen=True, slots=True)
class Held:
    """A certificate of an entry, as it is in AWS IoT.

    :param things: names of the things that it is attached to; the entry's where these credentials may not ask.
    :param policies: the same of policies.
    """

    certificate_id: str
    arn: str
    is_active: bool
    things: list[str]
    policies: list[str]


@dataclass(frozen=True, slots=True)
class Holdings:
    """The certificates of an entry in AWS IoT.

    :param own: those that are to be removed.
    :param stays: whether there may be others of its own, which are not.
    :param is_seen: whether one of them was looked at; where none was, nobody knows what they were attached to.
    :param known: what the journal knows of the slot's things.
    """

    own: tuple[Held, ...]
    stays: bool
    is_seen: bool
    known: OwnThings

    def may_have(self, thing: str) -> bool:
        """Whether a thing is one of these certificates', or can have been."""
        things = {name for one in self.own for name in one.things}
        return thing in things or self.known.has(thing, is_seen=self.is_seen or bool(things))

    def check_thing(self, name: str, registry: Registry, certificates: Certificates, reporter: Reporter) -> None:
        """Refuse to remove a thing that has other certificates.

        :raises CloudError: if it has.
        """
        what = f"cannot check whether the thing {name} has other certificates"
        attached: list[str] = ask(partial(registry.certificates_of, name), [], reporter, what)
        others = sorted(set(attached) - {one.certificate_id for one in self.own})
        if others:
            raise CloudError(
                f"the thing {name} has {counted(len(others), 'other certificate')}: "
                f"{_named(others, partial(_status, certificates, reporter))}",
                hint=naming(
                    "Nothing was changed. Omit {delete_thing}, or detach its other certificates first: use 'python -m "
                    "optiga deprovision' with the journal ({journal}) or slot that has them, or detach them in AWS IoT "
                    "(aws iot detach-thing-principal)"
                ),
                reason=Reason.CONFLICT,
            )

    def check_policy(self, name: str, registry: Registry, reporter: Reporter) -> None:
        """Refuse to remove a policy that others use, or that AWS does not let be removed.

        :raises CloudError: if it is such a one.
        """
        what = f"cannot check whether the policy {name} is used by others"
        targets: list[str] = ask(partial(registry.targets_of, name), [], reporter, what)
        others = sorted(set(targets) - {one.arn for one in self.own})
        if others:
            raise CloudError(
                f"the policy {name} is attached to {counted(len(others), 'other target')}: {_named(others)}",
                hint=naming(
                    "Nothing was changed. Omit {delete_policy}, or detach the policy from them first (aws iot "
                    "detach-policy). AWS takes up to five minutes to release a policy"
                ),
                reason=Reason.CONFLICT,
            )
        what, refused = f"cannot check whether the policy {name} has several versions", "AWS may refuse to delete it"
        if more := ask(partial(registry.other_versions_of, name), 0, reporter, what, refused):
            raise CloudError(
                f"the policy {name} has {counted(more, 'version')} beside the default one, and AWS does not delete it "
                "with those",
                hint=naming(
                    "Nothing was changed. Omit {delete_policy}, or delete its other versions first (aws iot "
                    "delete-policy-version)"
                ),
                reason=Reason.CONFLICT,
            )


def look(
    entry: Entry, certificates: Certificates, registry: Registry, reporter: Reporter, known: OwnThings
) -> Holdings:
    """Find an entry's certificates, with those that AWS was given or has made without its being heard of.

    Where these credentials may not look at one that the journal has, it is taken for the entry's own and active, with a
    warning.

    :param known: what the journal knows of the slot's things.
    :raises ConfigurationError: if one has another key than the journal says.
    """
    own, stays, is_seen = [], False, False
    unrecorded = find_unrecorded(entry, certificates, reporter) if entry.is_complete else None
    for name in (*reversed(known_keys(entry)), *([unrecorded] if unrecorded else [])):
        what, assumed = f"cannot check the certificate {name} in AWS IoT", "the certificate is assumed to be active"
        held = ask(partial(certificates.describe, name), UNANSWERED, reporter, what, assumed)
        if held is None:
            reporter.note(f"There is no certificate {name} in AWS IoT any more")
            continue
        is_own = held is UNANSWERED or name == unrecorded or whose(entry, held, registry)
        if is_own is False:
            raise damaged(entry.uid, entry.slot, f"the certificate {name} in AWS IoT has another key")
        if is_own is None:
            stays = True
            reporter.warn(f"the certificate {name} stays: cannot check whether it belongs to this device")
            continue
        is_seen |= held is not UNANSWERED
        is_active = held is UNANSWERED or held.status == ACTIVE
        own.append(_attached(entry, name, certificates, registry, reporter, is_active=is_active))
    if (unheard := _unregistered(entry)) is not None:
        what, left = f"cannot check whether AWS IoT has the certificate {unheard}", "the certificate stays in AWS IoT"
        held = ask(partial(certificates.describe, unheard), UNANSWERED, reporter, what, left)
        if held is UNANSWERED:
            stays = True
        elif held is not None and held.status != INACTIVE:
            stays = True
            reporter.warn(f"the certificate {unheard} stays in AWS IoT: its status is {held.status}, not INACTIVE")
        elif held is not None:
            own.append(_attached(entry, unheard, certificates, registry, reporter, is_active=False))
            is_seen = True
    return Holdings(tuple(own), stays, is_seen, known)


def _unregistered(entry: Entry) -> str | None:
    """The identifier of a certificate that AWS may have been given without its answer being heard; else None."""
    if entry.issuer == AwsIssuer.name or entry.issued is None or entry.registered is not None:
        return None
    return chain_of(entry)[0].fingerprint


def _attached(
    entry: Entry, name: str, certificates: Certificates, registry: Registry, reporter: Reporter, *, is_active: bool
) -> Held:
    """A certificate with what it is attached to."""
    arn = certificates.arn_of(name)
    unseen = f"cannot check what else the certificate {name} is attached to"
    refused = "AWS may refuse to delete it: it does not delete an attached certificate"
    thing, policy = [entry.thing] if entry.thing else [], [entry.policy] if entry.policy else []
    things = ask(partial(registry.things_of, arn), thing, reporter, unseen, refused)
    policies = ask(partial(registry.policies_of, arn), policy, reporter, unseen, refused)
    return Held(name, arn, is_active, things, policies)


def _named(names: list[str], told: Callable[[str], str] = "{}".format) -> str:
    """The first of some names.

    :param told: how a name is told.
    """
    return ", ".join(map(told, names[:_MAX_NAMED])) + " …" * (len(names) > _MAX_NAMED)


def _status(certificates: Certificates, reporter: Reporter, name: str) -> str:
    """A certificate with its state in AWS IoT, as far as these credentials may ask."""
    held = ask(partial(certificates.describe, name), UNANSWERED, reporter, f"cannot check the certificate {name}")
    return name if held is None or held is UNANSWERED else f"{name} ({held.status})"
