"""The history of chips: the facts of a journal, one event for each, with the key and certificate of that time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any, TypeAlias

from optiga.provision.entry import Entry
from optiga.provision.events import StepName
from optiga.provision.facts import (
    Attested,
    Begun,
    Billed,
    CsrSigned,
    Detaching,
    Fact,
    FactoryProven,
    Imported,
    Issued,
    KeyMade,
    LossAccepted,
    Placed,
    PolicyAttached,
    Removed,
    Requested,
    ThingAttached,
    ThingRequested,
    Unreadable,
    damaged,
    kind_of,
)

Dated: TypeAlias = "tuple[datetime | None, str, str, Fact]"
"""A fact of a chip, behind its time (None in a journal of version 1), the chip's UID in hex, and the slot."""
_EARLIEST = datetime.min.replace(tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """What was done to a slot, and what the slot had then.

    :param time: when, ISO 8601; None for what comes from a journal of version 1, which did not keep it.
    :param uid: the chip's UID in hex.
    :param event: what was done: the name of the step that it is the end of, for example ``key``, or of the fact.
    :param detail: what it was done with: a file, a thing, a policy, an account and its region; None if that is said.
    :param key: SHA-256, in hex, of the public key (SubjectPublicKeyInfo).
    :param serial: the certificate's serial number in hex, by which its CA knows it.
    :param certificate_id: AWS's identifier of the certificate.
    :param issuer: who certifies: ``aws``, ``ca:`` with a fingerprint, or ``chip`` for the certificate it came with.
    :param issuer_name: subject of the CA that has issued the certificate, or another of the same issuer.
    """

    time: str | None
    uid: str
    slot: str
    event: str
    detail: str | None
    key: str | None
    serial: str | None
    certificate_id: str | None
    issuer: str
    issuer_name: str | None


_STEP_NAMES: dict[type[Fact], StepName] = {
    KeyMade: StepName.KEY,
    CsrSigned: StepName.CSR,
    Issued: StepName.CERTIFIED,
    FactoryProven: StepName.CERTIFIED,
    ThingAttached: StepName.THING,
    PolicyAttached: StepName.POLICY,
}
"""The steps that facts of another name are the end of: people know the steps."""
_DETAILS: dict[type[Fact], Callable[[Any], str | None]] = {
    Begun: lambda fact: ", ".join(f"replaces {one.certificate_id}" for one in fact.replaced) or None,
    LossAccepted: lambda fact: f"certificate {fact.fingerprint}",
    Placed: lambda fact: f"account {fact.account}, {fact.region}",
    Attested: lambda fact: f"certificate {fact.fingerprint}",
    CsrSigned: lambda fact: str(fact.filename),
    Issued: lambda fact: str(fact.file),
    FactoryProven: lambda _: "the chip's own certificate",
    ThingRequested: lambda fact: str(fact.thing),
    ThingAttached: lambda fact: str(fact.thing),
    Billed: lambda fact: str(fact.billing_group),
    PolicyAttached: lambda fact: str(fact.policy),
    Detaching: lambda fact: ", ".join(fact.things) or None,
    Removed: lambda fact: f"account {fact.account}, {fact.region}",
    Imported: lambda _: "from a journal of version 1",
}


def events_of(facts: Iterable[Dated]) -> list[HistoryEvent]:
    """The history of a chip.

    :param facts: all of them, in their order.
    :raises ConfigurationError: if they begin with another than a beginning, or one cannot be read.
    """
    found = list(facts)
    imports = {slot: (place, fact) for place, (*_, slot, fact) in enumerate(found) if isinstance(fact, Imported)}
    entries: dict[str, Entry] = {}
    events = []
    for place, (at, uid, slot, fact) in enumerate(found):
        if isinstance(fact, Begun):
            entries[slot] = Entry.begin(uid, slot, fact)
        elif slot not in entries or isinstance(fact, Unreadable):
            raise damaged(uid, slot)
        else:
            entries[slot] = entries[slot].after(fact)
        entries[slot] = replace(entries[slot], pending=())
        if slot in imports and place < imports[slot][0]:
            events.append(_event(_time_of_old(fact, imports[slot][1]), entries[slot], fact))
        elif at is not None:
            events.append(_event(at, entries[slot], fact))
    return events


def in_order(chips: Iterable[Sequence[HistoryEvent]]) -> list[HistoryEvent]:
    """The histories of several chips as one, the oldest first; the order of each chip's own events stays."""
    dated: list[tuple[datetime, HistoryEvent]] = []
    names: dict[str, str] = {}
    for events in chips:
        last = _EARLIEST
        for event in events:
            last = max(last, datetime.fromisoformat(event.time)) if event.time else last
            dated.append((last, event))
            if event.issuer_name is not None and event.issuer.startswith("ca:"):
                names[event.issuer] = event.issuer_name
    dated.sort(key=lambda one: one[0])
    return [replace(one, issuer_name=one.issuer_name or names.get(one.issuer)) for _, one in dated]


def _time_of_old(fact: Fact, imported: Imported) -> datetime | None:
    """When something was done that comes from a journal of version 1; None if that journal does not say it."""
    if isinstance(fact, Begun):
        return imported.started_at
    return fact.at if isinstance(fact, Requested) else None


def _event(at: datetime | None, entry: Entry, fact: Fact) -> HistoryEvent:
    detail = _DETAILS.get(type(fact))
    return HistoryEvent(
        at.isoformat() if at else None,
        entry.uid,
        entry.slot,
        _STEP_NAMES[type(fact)].value if type(fact) in _STEP_NAMES else kind_of(fact),
        detail(fact) if detail else None,
        hashlib.sha256(entry.key_info).hexdigest() if entry.key_info is not None else None,
        entry.serial,
        entry.certificate_id,
        entry.issuer,
        entry.issuer_name,
    )
