"""Taking a device's identity back: out of AWS IoT, and out of the journal. The chip itself is not touched."""

from __future__ import annotations

from functools import partial

from optiga.cloud.aws.certificates import ACTIVE, Certificates
from optiga.cloud.aws.connection import Aws, AwsOptions, connect
from optiga.cloud.aws.errors import STATE, ignoring
from optiga.cloud.aws.registry import Registry
from optiga.errors import CloudError, ConfigurationError
from optiga.provision.checks import UNANSWERED, ask
from optiga.provision.issuers import find_unheard
from optiga.provision.journal import Entry, Journal, Step
from optiga.provision.report import Report


def find_entry(journal: Journal, uid: str, slot: str) -> Entry:
    """What is to be taken back.

    :raises ConfigurationError: if the journal does not know it.
    """
    entry = journal.find(uid, slot)
    if entry is None:
        known = [f"{one.uid} {one.slot}" for one in journal.all() if one.uid == uid or one.slot == slot]
        hint = f"It knows {', '.join(known[:4])}" if known else "'journal show' lists what it knows"
        raise ConfigurationError(f"the journal knows no slot {slot} of the chip {uid}", hint=hint)
    return entry


def deprovision(
    journal: Journal,
    entry: Entry,
    options: AwsOptions,
    report: Report = Report(),  # noqa: B008 - a tuple
    *,
    delete_thing: bool = False,
    delete_policy: bool = False,
) -> Entry:
    """Detach, deactivate and delete a device's certificate, and those that it took the place of.

    What is gone already is no error: the call may be made again after a failure.

    :param delete_thing: remove the thing, too.
    :param delete_policy: remove the policy, too, unless other certificates use it.
    :raises CloudError: if AWS refuses; what is gone by then is gone, and the call may be made again.
    """
    registry = None
    if entry.account is not None:
        aws = _connect(entry, options, report)
        registry = Registry(aws)
        _remove_certificates(entry, Certificates(aws), registry, report)
    if entry.issuer.startswith("ca:"):
        report.note("The CA that has issued the certificate does not know: 'ca revoke' revokes it there")
    done = journal.save(entry.at(Step.DEPROVISIONED))
    report.note("The chip was not touched: it keeps its key and certificate, which nobody lets in any more")
    if registry is not None and delete_thing and entry.thing is not None:
        registry.delete_thing(entry.thing)
        report.note(f"Thing {entry.thing} deleted")
    if registry is not None and delete_policy and entry.policy is not None:
        registry.delete_policy(entry.policy)
        report.note(f"Policy {entry.policy} deleted")
    return done


def _connect(entry: Entry, options: AwsOptions, report: Report) -> Aws:
    """The way to the account and region that an entry is in."""
    aws = connect(options._replace(region=options.region or entry.region), report.note)
    if (aws.account, aws.region) != (entry.account, entry.region):
        raise CloudError(
            f"the certificate is in account {entry.account}, {entry.region}; these credentials are for {aws.account}, "
            f"{aws.region}",
            hint="Take the other account's: --profile NAME, --region REGION",
        )
    return aws


def _remove_certificates(entry: Entry, certificates: Certificates, registry: Registry, report: Report) -> None:
    known = [entry.certificate_id, *(entry.replaces or "").split()]
    if entry.is_complete:
        known.append(find_unheard(entry, certificates, report))
    for certificate_id in filter(None, known):
        what = f"what AWS IoT has as the certificate {certificate_id} is not known, so it is taken for active"
        held = ask(partial(certificates.describe, certificate_id), UNANSWERED, report, what)
        if held is None:
            continue
        if held is UNANSWERED or held.status == ACTIVE:
            with ignoring(STATE):  # AWS changes nothing of one that is revoked
                certificates.deactivate(certificate_id)
        arn = certificates.arn_of(certificate_id)
        unseen = "what the certificate is attached to is not known beyond the journal, and AWS deletes no attached one"
        things = ask(partial(registry.things_of, arn), [entry.thing] if entry.thing else [], report, unseen)
        policies = ask(partial(registry.policies_of, arn), [entry.policy] if entry.policy else [], report, unseen)
        registry.detach(arn, things, policies)
        certificates.delete(certificate_id)
        attached = ", ".join([f"thing {name}" for name in things] + [f"policy {name}" for name in policies])
        report.note(f"Certificate {certificate_id} deleted" + (f"; it was attached to {attached}" * bool(attached)))
