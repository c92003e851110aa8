"""Taking a device's identity back: out of AWS IoT, and out of the journal. The chip itself is not touched."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from optiga.cloud.aws.certificates import ACTIVE, Certificates
from optiga.cloud.aws.connection import Aws, AwsOptions
from optiga.cloud.aws.errors import STATE, ignoring
from optiga.cloud.aws.registry import Registry
from optiga.errors import CloudError, ConfigurationError, naming
from optiga.provision.believed import check_entry, check_names, known_keys, whose
from optiga.provision.checks import UNANSWERED, ask
from optiga.provision.entry import Entry
from optiga.provision.events import Reporter, RunDone
from optiga.provision.facts import Deprovisioned, damaged
from optiga.provision.issuers import find_unrecorded
from optiga.provision.journal import Journal
from optiga.provision.services import Connector, Services


@dataclass(frozen=True, slots=True)
class Undone:
    """What has been taken back.

    :param uid: the chip's UID in hex.
    :param certificate_id: AWS's identifier of its certificate; None if it had none.
    :param thing: its thing; None if it had none.
    :param policy: its policy; None if it had none.
    :param journal_seal: the journal's newest seal, SHA-256 in hex; None where it has none.
    """

    uid: str
    slot: str
    step: str
    certificate_id: str | None
    thing: str | None
    policy: str | None
    journal_seal: str | None

    @classmethod
    def of(cls, entry: Entry, seal: str | None) -> Undone:
        """What is told of an entry."""
        return cls(entry.uid, entry.slot, entry.step.title, entry.certificate_id, entry.thing, entry.policy, seal)


def find_entry(journal: Journal, uid: str, slot: str) -> Entry:
    """What is to be taken back.

    :raises ConfigurationError: if the journal does not know it, or what it knows does not belong together.
    """
    entry = journal.find(uid, slot)
    if entry is None:
        known = [f"{one.uid} {one.slot}" for one in journal.all() if one.uid == uid or one.slot == slot]
        hint = f"The journal has {', '.join(known[:4])}" if known else "To list its entries, use 'journal show'"
        raise ConfigurationError(f"the journal has no entry for slot {slot} of chip {uid}", hint=hint)
    entry = check_entry(entry)
    check_names(entry, journal)
    return entry


def deprovision(
    entry: Entry,
    services: Services,
    options: AwsOptions,
    *,
    delete_thing: bool = False,
    delete_policy: bool = False,
) -> Entry:
    """Detach, deactivate and delete a device's certificate, and its replaced certificates.

    Resources that are already deleted are not an error. After a failure, call the function again.

    :param entry: the entry of the journal from :func:`find_entry`.
    :param services: the resources, with the journal of the entry.
    :param options: options of the connection to AWS; if the region is None, the entry's region is used.
    :param delete_thing: delete the thing, too.
    :param delete_policy: delete the policy, too, unless other certificates use it.
    :raises CloudError: if AWS refuses. Earlier deletions remain; call the function again to continue.
    """
    if services.journal is None:
        raise ConfigurationError("no journal is given to record the steps", parameter="journal")
    reporter = services.reporter(slot=entry.slot)
    reporter.uid = entry.uid
    journal = services.journal
    with reporter.run():
        with journal.sealed():
            done = _deprovision(
                entry, services, journal, options, reporter, delete_thing=delete_thing, delete_policy=delete_policy
            )
        reporter.tell(RunDone, is_changed=True, journal_seal=journal.newest_seal)
    return done


def _deprovision(
    entry: Entry,
    services: Services,
    journal: Journal,
    options: AwsOptions,
    reporter: Reporter,
    *,
    delete_thing: bool,
    delete_policy: bool,
) -> Entry:
    registry, things = None, None
    if entry.account is not None:
        aws = _connect(entry, options, services.connect, reporter)
        registry = Registry(aws)
        things = _remove_certificates(entry, Certificates(aws), registry, reporter)
    if entry.issuer.startswith("ca:"):
        reporter.note("To revoke the certificate at the CA that issued it, use 'ca revoke'")
    done = journal.save(entry.after(Deprovisioned()))
    reporter.note("The chip was not changed: it keeps its key and certificate, but AWS IoT no longer accepts them")
    if registry is not None and delete_thing and entry.thing is not None:
        if things is not None and entry.thing not in things:
            reporter.warn(f"the thing {entry.thing} stays: none of these certificates was attached to it")
        else:
            registry.delete_thing(entry.thing)
            reporter.note(f"Thing {entry.thing} deleted")
    if registry is not None and delete_policy and entry.policy is not None:
        registry.delete_policy(entry.policy)
        reporter.note(f"Policy {entry.policy} deleted")
    return done


def _connect(entry: Entry, options: AwsOptions, connect: Connector, reporter: Reporter) -> Aws:
    """The way to the account and region that an entry is in."""
    aws = connect(replace(options, region=options.region or entry.region), reporter.note)
    if (aws.account, aws.region) != (entry.account, entry.region):
        raise CloudError(
            f"the certificate is in account {entry.account}, {entry.region}, but these credentials are for "
            f"{aws.account}, "
            f"{aws.region}",
            hint=naming("Use the credentials of the other account: {profile=NAME}, {region=REGION}"),
        )
    return aws


def _remove_certificates(
    entry: Entry, certificates: Certificates, registry: Registry, reporter: Reporter
) -> set[str] | None:
    """Remove the certificates of an entry, once it is known of all of them whether they are its own.

    Where these credentials may not look at one, it is taken for the entry's own and active, with a warning.

    :returns: the things that they were attached to; None where none of them was there any more, or can have been gone.
    :raises ConfigurationError: if one has another key than the journal says; nothing is changed then.
    """
    unrecorded = find_unrecorded(entry, certificates, reporter) if entry.is_complete else None
    own: dict[str, bool] = {}
    is_seen = False
    for name in (*reversed(known_keys(entry)), *([unrecorded] if unrecorded else [])):
        what = f"cannot check the certificate {name} in AWS IoT: it is assumed to be active"
        held = ask(partial(certificates.describe, name), UNANSWERED, reporter, what)
        if held is None:
            continue
        is_own = held is UNANSWERED or name == unrecorded or whose(entry, held, registry)
        if is_own is False:
            raise damaged(entry.uid, entry.slot, f"the certificate {name} in AWS IoT has another key")
        if is_own is None:
            reporter.warn(f"the certificate {name} stays: cannot check whether it belongs to this device")
        else:
            own[name] = held is UNANSWERED or held.status == ACTIVE
            is_seen |= held is not UNANSWERED
    all_things: set[str] = set()
    for name, is_active in own.items():
        if is_active:
            with ignoring(STATE):  # AWS changes nothing of one that is revoked
                certificates.deactivate(name)
        arn = certificates.arn_of(name)
        unseen = (
            "cannot check what else the certificate is attached to, and AWS does not delete an attached certificate"
        )
        things = ask(partial(registry.things_of, arn), [entry.thing] if entry.thing else [], reporter, unseen)
        policies = ask(partial(registry.policies_of, arn), [entry.policy] if entry.policy else [], reporter, unseen)
        registry.detach(arn, things, policies)
        certificates.delete(name)
        all_things.update(things)
        attached = ", ".join([f"thing {one}" for one in things] + [f"policy {one}" for one in policies])
        reporter.note(f"Certificate {name} deleted" + (f"; it was attached to {attached}" * bool(attached)))
    return all_things if is_seen or all_things else None
