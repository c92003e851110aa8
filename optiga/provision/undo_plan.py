"""What ``deprovision`` would do: it looks as a run does, and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from optiga.errors import naming
from optiga.provision.checks import UNANSWERED
from optiga.provision.on_chip import OnChip, look_at_chip, warn_of_other
from optiga.provision.services import no_journal
from optiga.provision.undo import (
    NOT_ITS_OWN,
    find_policy,
    find_thing,
    is_marked,
    is_present,
    look_first,
    staying_elsewhere,
    staying_files,
    staying_names,
    staying_slots,
    staying_valid,
)
from optiga.results import SAID

if TYPE_CHECKING:
    from optiga.chip import Chip
    from optiga.cloud.aws.connection import AwsOptions
    from optiga.provision.entry import Entry
    from optiga.provision.events import Reporter
    from optiga.provision.holdings import Held
    from optiga.provision.services import Services
    from optiga.provision.undo import Seen


@dataclass(frozen=True, slots=True)
class UndoPlan:
    """What taking a device's identity back would change.

    :param uid: the chip's UID in hex.
    :param account: AWS account; None without a cloud.
    :param region: AWS region; None without a cloud.
    :param certificates: AWS's identifiers of the certificates that would be deleted.
    :param thing: its thing; None if it had none.
    :param policy: its policy; None if it had none.
    :param steps: what would be done, one sentence each.
    :param stays: what would stay, one sentence each.
    :param deletes_thing: whether the thing would be deleted.
    :param deletes_policy: whether the policy would be deleted.
    :param warnings: what was warned of, one sentence each.
    """

    uid: str
    slot: str
    account: str | None
    region: str | None
    certificates: tuple[str, ...]
    thing: str | None
    policy: str | None
    steps: tuple[str, ...]
    stays: tuple[str, ...]
    deletes_thing: bool
    deletes_policy: bool
    warnings: tuple[str, ...] = field(default=(), metadata=SAID)


def plan_undo(
    entry: Entry,
    services: Services,
    options: AwsOptions,
    *,
    delete_thing: bool = False,
    delete_policy: bool = False,
    chip: Chip | None = None,
) -> UndoPlan:
    """Find out what :func:`.undo.deprovision` would do. The parameters are the same; nobody is asked to confirm.

    :raises CloudError: if a run would be refused, or AWS refuses to tell.
    """
    if services.journal is None:
        raise no_journal()
    journal = services.journal
    reporter = services.reporter(slot=entry.slot)
    reporter.uid = entry.uid
    present = journal.find(entry.uid, entry.slot) or entry
    seen = look_first(entry, services, options, reporter, delete_thing=delete_thing, delete_policy=delete_policy)
    found = look_at_chip(chip, entry, journal)
    warn_of_other(found, entry.account, entry.region, seen.certificates if seen else None, reporter)
    own = seen.held.own if seen else ()
    steps, stays = [_removal(one) for one in own], [_chip_stays(entry, present, found)]
    if not is_marked(entry, present, seen.held if seen else None):
        marked = f"slot {entry.slot} of chip {entry.uid} as deprovisioned"
        if not is_present(entry, present):
            marked = f"the certificates in account {entry.account}, {entry.region} as removed"
        steps.append(f"The journal marks {marked}")
        stays += staying_valid(entry, present, journal)
    deletes_thing = deletes_policy = False
    if seen is not None:
        deletes_thing = _plan_thing(entry.thing, seen, reporter, steps, stays, is_wanted=delete_thing)
        deletes_policy = _plan_policy(entry.policy, seen, reporter, steps, stays, is_wanted=delete_policy)
    stays += staying_names(entry, journal, seen, reporter)
    stays += filter(None, [staying_files(entry, journal, seen)])
    stays += staying_slots(entry, journal)
    stays += staying_elsewhere(entry, present, journal, "The")
    return UndoPlan(
        entry.uid,
        entry.slot,
        entry.account,
        entry.region,
        tuple(one.certificate_id for one in own),
        entry.thing,
        entry.policy,
        tuple(steps),
        tuple(stays),
        deletes_thing,
        deletes_policy,
    )


def _removal(one: Held) -> str:
    """How a certificate is removed."""
    attached = [f"the thing {name}" for name in one.things] + [f"the policy {name}" for name in one.policies]
    done = ["deactivated"] if one.is_active else []
    done += [f"detached from {' and '.join(attached)}"] if attached else []
    told = f"{', '.join(done)}{',' * bool(attached)} and deleted" if done else "deleted"
    return f"The certificate {one.certificate_id} is {told}"


def _chip_stays(entry: Entry, present: Entry, found: OnChip) -> str:
    if not is_present(entry, present):
        return "The chip and its present certificate do not change"
    if entry.issued is not None and not found.is_own:
        return "The chip does not change"
    return f"The chip does not change: it keeps its key{' and certificate' * found.is_own}"


def _plan_thing(
    name: str | None, seen: Seen, reporter: Reporter, steps: list[str], stays: list[str], *, is_wanted: bool
) -> bool:
    """Add what would become of the thing; returns whether it would be deleted."""
    if name is None or (found := find_thing(name, seen, reporter)) is None:
        return False
    if_there = ", if AWS IoT has it" * (found is UNANSWERED)
    if not is_wanted:
        stays.append(naming("{told}. To delete it, use {delete_thing}", told=f"The thing {name} stays{if_there}"))
    elif not seen.held.may_have(name):
        stays.append(f"The thing {name} stays: {NOT_ITS_OWN}")
    else:
        steps.append(f"The thing {name} is deleted{if_there}")
        return True
    return False


def _plan_policy(
    name: str | None, seen: Seen, reporter: Reporter, steps: list[str], stays: list[str], *, is_wanted: bool
) -> bool:
    """Add what would become of the policy; returns whether it would be deleted."""
    if name is None or (found := find_policy(name, seen, reporter)) is None:
        return False
    if_there = ", if AWS IoT has it" * (found is UNANSWERED)
    if not is_wanted:
        stays.append(naming("{told}. To delete it, use {delete_policy}", told=f"The policy {name} stays{if_there}"))
        return False
    steps.append(f"The policy {name} is deleted{if_there}")
    return True
