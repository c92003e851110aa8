"""Which things are a slot's own, by the journal: its runs have made them, or detached its certificates from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from optiga.provision.earlier import place_of
from optiga.provision.facts import Begun, Deprovisioned, Detaching, Placed, Removed, ThingAttached, ThingRequested

if TYPE_CHECKING:
    from optiga.provision.entry import Entry
    from optiga.provision.journal import Journal


@dataclass(frozen=True, slots=True)
class OwnThings:
    """What a journal knows of a slot's things in one account and region.

    :param made: those that a run made, or was about to make, and to which it has attached nothing yet.
    :param detached: those that a run detached the slot's certificates from; None if no run did that.
    :param attached: the thing that the certificate was attached to; None if there is none.
    """

    made: frozenset[str] = frozenset()
    detached: frozenset[str] | None = None
    attached: str | None = None

    def has(self, thing: str, *, is_seen: bool) -> bool:
        """Whether a thing is the slot's, although no certificate of the slot is attached to it.

        :param is_seen: whether AWS IoT has a certificate of the slot, so that it could be attached.
        """
        if thing in self.made or thing in (self.detached or ()):
            return True
        return self.detached is None and not is_seen and thing == self.attached


def find_own_things(journal: Journal, entry: Entry) -> OwnThings:
    """What a journal knows of the things of a slot where an entry is, since the slot's certificates were removed there.

    :raises ConfigurationError: if the journal is damaged.
    """
    wanted = place_of(entry)
    made: set[str] = set()
    detached: set[str] | None = None
    place: tuple[str, str] | None = None
    is_over = False
    for _, fact in journal.facts(entry.uid, entry.slot):
        if (isinstance(fact, Begun) and is_over and place == wanted) or (
            isinstance(fact, Removed) and (fact.account, fact.region) == wanted
        ):
            made, detached = set(), None
        if isinstance(fact, Begun):
            place = None
        elif isinstance(fact, Placed):
            place = (fact.account, fact.region)
        elif isinstance(fact, Detaching) and (fact.account, fact.region) == wanted:
            detached = (detached or set()) | set(fact.things)
        elif isinstance(fact, ThingRequested) and place == wanted:
            made.add(fact.thing)
        elif isinstance(fact, ThingAttached) and place == wanted:
            made.discard(fact.thing)
        is_over = isinstance(fact, Deprovisioned) or (is_over and not isinstance(fact, Begun))
    attached = entry.attached.thing if isinstance(entry.attached, ThingAttached) else None
    return OwnThings(frozenset(made), None if detached is None else frozenset(detached), attached)
