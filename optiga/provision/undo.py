"""Taking a device's identity back: out of AWS IoT, and out of the journal. The chip itself is not touched."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from optiga.cloud.aws.certificates import Certificates
from optiga.cloud.aws.connection import Aws, AwsOptions
from optiga.cloud.aws.errors import STATE, ignoring
from optiga.cloud.aws.registry import Registry
from optiga.errors import CloudError, ConfigurationError, Naming, OptigaError, Reason, naming
from optiga.provision.believed import check_entry, check_names, known_keys
from optiga.provision.checks import UNANSWERED, ask
from optiga.provision.earlier import left_in_aws, lives, names_left, place_of, removal_of, valid_of_ca, way_to
from optiga.provision.entry import Entry, Step
from optiga.provision.events import Reporter, RunDone
from optiga.provision.facts import Deprovisioned, Detaching, Removed
from optiga.provision.holdings import Holdings, look
from optiga.provision.interrupted import advise_again
from optiga.provision.journal import Journal
from optiga.provision.on_chip import OnChip, kept_by_chip, look_at_chip, warn_of_other
from optiga.provision.own_things import OwnThings, find_own_things
from optiga.provision.restoring import files_left
from optiga.provision.services import Connector, Services, have_confirmed, no_journal

if TYPE_CHECKING:
    from optiga.chip import Chip

NOT_ITS_OWN = "none of these certificates was attached to it"
"""Why a thing is not deleted."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found of an entry in AWS IoT, and the way there."""

    held: Holdings
    registry: Registry
    certificates: Certificates


_MOST_LISTED = 4


def find_entry(journal: Journal, uid: str, slot: str, region: str | None = None) -> Entry:
    """What is to be taken back.

    :param region: AWS region; where an earlier run has left certificates in it, these are meant.

    :raises ConfigurationError: if the journal does not know it, or what it knows does not belong together.
    """
    entry = journal.find(uid, slot)
    if entry is None:
        hint = _where_else(journal, uid, slot)
        missing = f"the journal {journal.path} has no entry for slot {slot} of chip {uid}"
        raise ConfigurationError(missing, hint=hint, reason=Reason.NOT_FOUND)
    left = left_in_aws(journal, entry)
    there = [one for (_, name), one in left.items() if name == region != entry.region]
    place = place_of(entry)
    entry = there[-1] if there else entry if place is None else left.get(place, entry)
    entry = check_entry(entry)
    check_names(entry, journal)
    return entry


def _where_else(journal: Journal, uid: str, slot: str) -> str:
    """Which entries a journal has in place of one that it does not have."""
    if slots := [one.slot for one in journal.of_chip(uid)]:
        if len(slots) == 1:
            return naming("This chip has an entry for slot {name}: use {given}", name=slots[0], given=_slot(slots[0]))
        return naming("This chip has entries for the slots {names}: name one with {slot}", names=", ".join(slots))
    known = sorted(one.uid for one in journal.all() if one.slot == slot)
    more = len(known) - _MOST_LISTED
    listed = f"It has slot {slot} of {', '.join(known[:_MOST_LISTED])}" + f" and {more} more" * (more > 0)
    held = f"{listed}. " if known else ""
    return naming(
        "{held}To list all its entries, use 'python -m optiga journal show'. For another journal, use {journal}",
        held=held,
    )


def _slot(name: str) -> Naming:
    """A slot as a parameter with its value."""
    return Naming("", f"slot={name}", "")


def deprovision(
    entry: Entry,
    services: Services,
    options: AwsOptions,
    *,
    delete_thing: bool = False,
    delete_policy: bool = False,
    chip: Chip | None = None,
) -> Entry:
    """Detach, deactivate and delete a device's certificate, and its replaced certificates.

    Resources that are already deleted are not an error. After a failure, call the function again.

    :param entry: the entry of the journal from :func:`find_entry`.
    :param services: the resources, with the journal of the entry; its ``confirm`` is asked once all is known, and
        before anything is changed.
    :param options: options of the connection to AWS; if the region is None, the entry's region is used.
    :param delete_thing: delete the thing, too.
    :param delete_policy: delete the policy, too.
    :param chip: the entry's chip, to warn if it has another certificate than the journal; it is not changed.
    :raises CloudError: if others use the thing or policy, then nothing is changed; or if AWS refuses, then earlier
        deletions remain: call the function again to continue.
    """
    if services.journal is None:
        raise no_journal()
    reporter = services.reporter(slot=entry.slot)
    reporter.uid = entry.uid
    journal = services.journal
    with reporter.run():
        with journal.sealed():
            found = look_at_chip(chip, entry, journal)
            done, gone = _deprovision(
                entry,
                services,
                journal,
                options,
                reporter,
                found,
                delete_thing=delete_thing,
                delete_policy=delete_policy,
            )
        is_changed = done is not entry or delete_thing or delete_policy
        reporter.tell(RunDone, is_changed=is_changed, journal_seal=journal.newest_seal, **gone)
    return done


def _deprovision(
    entry: Entry,
    services: Services,
    journal: Journal,
    options: AwsOptions,
    reporter: Reporter,
    found: OnChip,
    *,
    delete_thing: bool,
    delete_policy: bool,
) -> tuple[Entry, dict[str, bool]]:
    """Do it; returns the entry as it is then, and which of thing and policy are gone, by their fields in the event."""
    present = journal.find(entry.uid, entry.slot) or entry
    seen = look_first(entry, services, options, reporter, delete_thing=delete_thing, delete_policy=delete_policy)
    held = seen.held if seen else None
    warn_of_other(found, entry.account, entry.region, seen.certificates if seen else None, reporter)
    if not is_marked(entry, present, held):
        journal.check_writable()
    if services.confirm is not None:
        where = "" if entry.account is None else f" in account {entry.account}, {entry.region}"
        what = f"Deprovisioning slot {entry.slot} of chip {entry.uid}{where}"
        lost = _losses(entry, seen, reporter, delete_thing=delete_thing, delete_policy=delete_policy)
        is_lasting = not is_marked(entry, present, held) and not any(lost)
        lost += ["the journal marks the slot as deprovisioned, and the next run generates a new key"] * is_lasting
        have_confirmed(services.confirm, what, tuple(lost))
    gone: dict[str, bool] = {}
    try:
        if seen is not None:
            _remove_certificates(entry, seen, journal, reporter)
        mark = partial(_mark, entry, present, held, journal, reporter, found)
        done = mark() if is_present(entry, present) else None
        if seen is not None and delete_thing and entry.thing is not None:
            gone["thing_deleted"] = _remove_thing(entry.thing, seen, reporter)
        if seen is not None and delete_policy and entry.policy is not None:
            is_deleted = seen.registry.delete_policy(entry.policy)
            told = f"Policy {entry.policy} deleted" if is_deleted else f"There is no policy {entry.policy} in AWS IoT"
            reporter.note(told)
            gone["policy_deleted"] = True
        done = done or mark()  # of another account or region last: the journal forgets thing and policy with it
    except (OptigaError, KeyboardInterrupt) as error:
        advise_again(error, "What is deleted stays deleted. To continue")
        raise
    for text in staying_names(entry, journal, seen, reporter):
        reporter.note(text)
    if left := staying_files(entry, journal, seen):
        reporter.note(left)
    for text in staying_slots(entry, journal):
        reporter.note(text)
    for text in staying_elsewhere(entry, present, journal):
        reporter.warn(text)
    return done, gone


def look_first(
    entry: Entry,
    services: Services,
    options: AwsOptions,
    reporter: Reporter,
    *,
    delete_thing: bool,
    delete_policy: bool,
) -> Seen | None:
    """Look at all that can be known of an entry before anything is changed; the parameters are :func:`deprovision`'s.

    :returns: None for an entry without a cloud.
    :raises CloudError: if others use the thing or policy that is to be deleted, or AWS refuses.
    """
    if entry.account is None:
        return None
    aws = _connect(entry, options, services.connect, reporter)
    registry, certificates = Registry(aws), Certificates(aws)
    known = find_own_things(services.journal, entry) if services.journal is not None else OwnThings()
    held = look(entry, certificates, registry, reporter, known)
    if delete_thing and entry.thing is not None and held.may_have(entry.thing):
        held.check_thing(entry.thing, registry, certificates, reporter)
    if delete_policy and entry.policy is not None:
        held.check_policy(entry.policy, registry, reporter)
    return Seen(held, registry, certificates)


def _losses(
    entry: Entry, seen: Seen | None, reporter: Reporter, *, delete_thing: bool, delete_policy: bool
) -> list[str]:
    """What of AWS IoT is going to be lost, one sentence each; nothing that is not there any more."""
    if seen is None:
        return []
    own = seen.held.own
    lost = [f"the certificate {one.certificate_id} will be deleted" for one in own]
    if delete_thing and (name := entry.thing) and seen.held.may_have(name):
        is_there = any(name in one.things for one in own)
        found = name if is_there else find_thing(name, seen, reporter)
        lost += _loss("thing", name, found)
    if delete_policy and (name := entry.policy):
        is_there = any(name in one.policies for one in own)
        found = name if is_there else find_policy(name, seen, reporter)
        lost += _loss("policy", name, found)
    if entry.requested is not None and entry.issued is None and entry.step is not Step.DEPROVISIONED and not own:
        lost.append("a certificate that AWS IoT may have issued in the interrupted run will be deleted")
    return lost


def _loss(kind: str, name: str, found: object | None) -> list[str]:
    """That a thing or policy is lost; nothing if it was not found."""
    if found is None:
        return []
    return [f"the {kind} {name} will be deleted" + ", if AWS IoT has it" * (found is UNANSWERED)]


def _mark(
    entry: Entry, present: Entry, held: Holdings | None, journal: Journal, reporter: Reporter, found: OnChip
) -> Entry:
    """Write down that the certificates of an entry are gone.

    :param present: the slot's present entry: this one, or a newer one in another account or region.
    :returns: the entry as it is then.
    """
    is_done = is_marked(entry, present, held)
    for text in () if is_done else staying_valid(entry, present, journal):
        reporter.warn(text)
    if entry.placed is not None and not is_present(entry, present):
        journal.save(present.after(Removed(entry.placed.account, entry.placed.region)))
        reporter.note("The chip and its present certificate were not changed")
        return replace(entry, step=Step.DEPROVISIONED)
    if is_done:
        reporter.note(f"Slot {entry.slot} of chip {entry.uid} is already deprovisioned: the journal was not changed")
        return entry
    done = journal.save(entry.after(Deprovisioned()))
    is_out = held is not None and not held.stays and entry.issued is not None
    reporter.note(kept_by_chip(found, has_certificate=entry.issued is not None, is_out=is_out))
    return done


def is_present(entry: Entry, present: Entry) -> bool:
    """Whether an entry is in the account and region of the slot's present entry."""
    return entry.placed is None or place_of(present) == place_of(entry)


def is_marked(entry: Entry, present: Entry, held: Holdings | None) -> bool:
    """Whether the journal has an entry as taken back already, and AWS IoT has none of its certificates again."""
    is_gone = held is None or not held.own
    return is_present(entry, present) and entry.step is Step.DEPROVISIONED and is_gone


def staying_valid(entry: Entry, present: Entry, journal: Journal) -> list[Naming]:
    """Which certificates of a CA of one's own stay valid, and how to revoke each."""
    known = lives(journal, entry.uid, entry.slot) or [entry]
    if not is_present(entry, present):
        known = [one for one in known if place_of(one) == place_of(entry)]
    return [*dict.fromkeys(filter(None, map(valid_of_ca, known)))]


def staying_names(entry: Entry, journal: Journal, seen: Seen | None, reporter: Reporter) -> list[str]:
    """Which things and policies of earlier runs stay, one sentence each."""
    if seen is None:
        return []
    (things, policies), registry, told = names_left(journal, entry), seen.registry, []
    for kind, names, find in (("thing", things, registry.find_thing), ("policy", policies, registry.policy_document)):
        for name in names:
            what = f"cannot check whether there is a {kind} {name} of an earlier run"
            if ask(partial(find, name), None, reporter, what) is not None:
                told.append(f"The {kind} {name} of an earlier run of this chip stays in AWS IoT")
    return told


def staying_files(entry: Entry, journal: Journal, seen: Seen | None) -> str:
    """Which files of the certificates stay, one sentence; empty if there are none."""
    if seen is None:
        return ""
    known = lives(journal, entry.uid, entry.slot) or [entry]
    return files_left(entry, known, journal.path.parent, [one.certificate_id for one in seen.held.own])


def staying_slots(entry: Entry, journal: Journal) -> list[Naming]:
    """Which other slots of the chip are devices, and how to remove them, one text each."""
    others = [one for one in journal.of_chip(entry.uid) if one.slot != entry.slot]
    return [
        naming("Slot {name} of this chip is also a device. To remove it, use {given}", name=name, given=_slot(name))
        for name in (one.slot for one in others if one.issued is not None and one.step is not Step.DEPROVISIONED)
    ]


def staying_elsewhere(entry: Entry, present: Entry, journal: Journal, article: str = "the") -> list[Naming]:
    """What the chip has in other accounts and regions, and how to remove it.

    :param present: the slot's present entry.
    :param article: the first word of each text.
    """
    told = []
    for other in left_in_aws(journal, present).values():
        for name in known_keys(other) if place_of(other) != place_of(entry) else ():
            where = f"{article} certificate {name} of this chip stays in account {other.account}, {other.region}"
            told.append(naming("{where}. {removal}", where=where, removal=removal_of(other, present.region)))
    return told


def _connect(entry: Entry, options: AwsOptions, connect: Connector, reporter: Reporter) -> Aws:
    """The way to the account and region that an entry is in."""
    aws = connect(replace(options, region=options.region or entry.region), reporter.note)
    for warning in aws.warnings:
        reporter.warn(warning)
    if (aws.account, aws.region) != (entry.account, entry.region):
        raise CloudError(
            f"the certificate is in account {entry.account}, {entry.region}, but the connection is to account "
            f"{aws.account}, {aws.region}",
            hint=way_to((entry.account or "", entry.region or ""), aws),
            reason=Reason.CONFLICT,
            parameter="region" if aws.account == entry.account else "profile",
        )
    return aws


def _remove_certificates(entry: Entry, seen: Seen, journal: Journal, reporter: Reporter) -> None:
    """Remove the certificates of an entry, and tell of each.

    The journal has what they are attached to before it is detached: a run that continues cannot see it any more.
    """
    things = {name for one in seen.held.own for name in one.things}
    detached = seen.held.known.detached
    if entry.placed is not None and seen.held.own and (detached is None or things - detached):
        told = Detaching(entry.placed.account, entry.placed.region, tuple(sorted(things)))
        journal.append(entry.uid, entry.slot, told)
    for one in seen.held.own:
        if one.is_active:
            with ignoring(STATE):  # AWS changes nothing of one that is revoked
                seen.certificates.deactivate(one.certificate_id)
        seen.registry.detach(one.arn, one.things, one.policies)
        seen.certificates.delete(one.certificate_id)
        attached = ", ".join([f"thing {name}" for name in one.things] + [f"policy {name}" for name in one.policies])
        was_attached = f"; it was attached to {attached}" * bool(attached)
        reporter.note(f"Certificate {one.certificate_id} deleted{was_attached}")


def _remove_thing(name: str, seen: Seen, reporter: Reporter) -> bool:
    """Remove a thing, unless it is another device's, and tell of it; returns whether there is none any more."""
    if find_thing(name, seen, reporter) is None:
        reporter.note(f"There is no thing {name} in AWS IoT")
        return True
    if not seen.held.may_have(name):
        reporter.warn(f"the thing {name} stays: {NOT_ITS_OWN}")
        return False
    seen.registry.delete_thing(name)
    reporter.note(f"Thing {name} deleted")
    return True


def find_thing(name: str, seen: Seen, reporter: Reporter) -> object | None:
    """A thing, or what stands for it where the credentials may not ask; None if there is none."""
    what = f"cannot check whether there is a thing {name}"
    return ask(partial(seen.registry.find_thing, name), UNANSWERED, reporter, what)


def find_policy(name: str, seen: Seen, reporter: Reporter) -> object | None:
    """A policy, as :func:`find_thing` finds a thing."""
    what = f"cannot check whether there is a policy {name}"
    return ask(partial(seen.registry.policy_document, name), UNANSWERED, reporter, what)
