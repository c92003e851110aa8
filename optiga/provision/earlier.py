"""What earlier runs of a slot have left in AWS IoT, also in other accounts and regions, by the journal's history."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from optiga.ca.records import utc_now
from optiga.errors import Naming, naming
from optiga.files.shown import file_in_command
from optiga.provision.believed import known_certificates, known_keys
from optiga.provision.chip_slot import chain_of
from optiga.provision.entry import Entry, Step
from optiga.provision.facts import Begun, Removed, Replaced

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from optiga.cloud.aws.connection import Aws
    from optiga.provision.facts import Fact
    from optiga.provision.journal import Journal

Place: TypeAlias = tuple[str, str]
"""An AWS account and a region."""


def lives(journal: Journal, uid: str, slot: str) -> list[Entry]:
    """What each identity of a slot came to, the oldest first, the present one last; none of a journal of version 1.

    :raises ConfigurationError: if the journal is damaged.
    """
    return [entry for entry in _folded(uid, slot, journal.facts(uid, slot)) if isinstance(entry, Entry)]


def known_before(journal: Journal, found: Entry | None, *, has_cloud: bool) -> set[str]:
    """The certificates that a slot's journal knows, SHA-256 in hex: those of its last identity that had one, too.

    A renewal that was interrupted before there was a key has left the identity before it on the chip. Without a cloud,
    an identity that somebody has given up is known, too, until the slot has a new certificate; with one, more is lost.

    :param found: the slot's present entry.
    :raises ConfigurationError: if the journal is damaged.
    """
    known = known_certificates(found)
    if found is not None and found.issued is None:
        for one in reversed(lives(journal, found.uid, found.slot)):
            known |= known_certificates(one)
            if one.issued is not None:
                break
            known |= set() if has_cloud or one.accepted is None else {one.accepted.fingerprint}
    return known


def left_in_aws(journal: Journal, entry: Entry) -> dict[Place, Entry]:
    """What a slot has in AWS IoT, by account and region.

    :param entry: the slot's present entry.
    :returns: the newest entry of each, with the certificates of those before it as its replaced ones.
    :raises ConfigurationError: if the journal is damaged.
    """
    found: dict[Place, Entry] = {}
    for one in _folded(entry.uid, entry.slot, journal.facts(entry.uid, entry.slot)) or [entry]:
        if isinstance(one, Removed):
            found.pop((one.account, one.region), None)
        elif (place := place_of(one)) is not None:
            before = found.pop(place, None)
            if one.step is not Step.DEPROVISIONED and (before or known_keys(one) or one.requested):
                found[place] = _joined(before, one)
    return found


def removal_of(entry: Entry, region: str | None) -> Naming:
    """How to remove the certificates that an earlier run has left: a sentence without the full stop.

    :param region: the region of the slot's present entry; None without a cloud.
    """
    credentials = f"with credentials of account {entry.account}"
    if entry.region == region:
        return naming("To remove it, delete it in AWS IoT {credentials}", credentials=credentials)
    slot, place = f"slot={entry.slot}", f"region={entry.region}"
    return Naming("To remove it, use 'python -m optiga deprovision ", slot, " ", place, f"' {credentials}")


def valid_of_ca(entry: Entry, folder: Path | None = None) -> Naming | None:
    """What stays valid at a CA of one's own, and how to revoke it: two sentences without the last full stop.

    :param folder: the CA's; None if it is not known.
    :returns: None if no such CA has certified the entry's key, or the certificate has expired.
    """
    serial = entry.serial
    if not entry.issuer.startswith("ca:") or serial is None:
        return None
    leaf = chain_of(entry)[0]
    if leaf.not_after < utc_now():
        return None
    told = f"The certificate {serial} of {leaf.issuer} stays valid unless its CA has revoked it"
    return Naming(
        f"{told}. To revoke it: 'python -m optiga ca revoke {serial} ",
        f"ca={file_in_command(folder) if folder else 'FOLDER'}",
        "'",
    )


def names_left(journal: Journal, entry: Entry) -> tuple[list[str], list[str]]:
    """The things and policies, by their names, that earlier runs of a slot had where an entry is, and it has not.

    :raises ConfigurationError: if the journal is damaged.
    """
    there = [one for one in lives(journal, entry.uid, entry.slot) if place_of(one) == place_of(entry)]
    things = dict.fromkeys(one.thing for one in there if one.attached is not None)
    policies = dict.fromkeys(one.policy for one in there if one.governed is not None)
    return (
        [name for name in things if name not in (None, entry.thing)],
        [name for name in policies if name not in (None, entry.policy)],
    )


def _folded(uid: str, slot: str, facts: list[tuple[datetime, Fact]]) -> list[Entry | Removed]:
    """The identities of a slot, and what was removed between them, in their order."""
    found: list[Entry | Removed] = []
    life: list[tuple[datetime, Fact]] = []
    removed: list[Removed] = []
    for at, fact in [*facts, (None, None)]:
        if life and (at is None or isinstance(fact, Begun)):
            entry = Entry.fold(uid, slot, life)
            found += [*removed, entry] if entry is not None else removed
            life, removed = [], []
        if isinstance(fact, Removed):
            removed.append(fact)
        if at is not None and fact is not None:
            life.append((at, fact))
    return found


def _joined(before: Entry | None, entry: Entry) -> Entry:
    """An entry with the certificates of another one before its own."""
    known = {} if before is None else known_keys(before)
    known |= {one.certificate_id: one.key for one in entry.begun.replaced}
    known.pop(entry.certificate_id or "", None)
    replaced = tuple(Replaced(name, key) for name, key in known.items())
    return replace(entry, begun=replace(entry.begun, replaced=replaced))


def place_of(entry: Entry) -> Place | None:
    """The account and region of an entry; None without a cloud."""
    return None if entry.placed is None else (entry.placed.account, entry.placed.region)


def way_to(place: Place, aws: Aws) -> Naming:
    """How to reach an account and a region from others: a hint without the final full stop."""
    account, region = place
    in_region = Naming("", f"region={region}", "")
    if aws.account == account:
        return naming("Use {in_region}", in_region=in_region)
    there = naming(" and {in_region}", in_region=in_region) if aws.region != region else ""
    return naming("Use the credentials of account {account}: {profile=NAME}{there}", account=account, there=there)
