"""Integrity of a journal: a hash chain for each chip, and seals over the heads of all chains.

Each fact has the hash of the fact before it of the same chip, so that none can be changed, left out or put in between
without all behind it being made anew. A seal is a hash over the ends of the chains that have grown since the seal
before, and over that seal: so the newest stands for all of them, and costs no more than what is new. (One chain for all
chips would make every station of a line wait for one row, and a seal over all ends would be read anew by each run.)

There is no key in this: whoever can write the file can make all of it anew. What he cannot change is a seal that is
kept elsewhere: the newest lies beside the journal (:mod:`.seal_file`), and each run tells its own.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import NamedTuple

from optiga.errors import ConfigurationError, Reason
from optiga.provision.facts import Fact, Registered, damaged, decode_fact, encode_fact

NOTHING = "0" * 64
"""What stands for the hash before the first."""
_MOST_NAMED = 4


class Link(NamedTuple):
    """A fact of a chip as a journal keeps it.

    :param uid: the chip's UID in hex.
    :param sequence: its number among the facts of the chip, counted from 1.
    :param made_at: when it was written down: ISO 8601, UTC.
    :param body: the fact's fields in JSON.
    :param certificate_id: AWS's identifier of the certificate that it names; empty where it names none.
    :param previous: the hash of the link before it.
    :param hash: SHA-256, in hex, of all of these.
    """

    uid: str
    sequence: int
    slot: str
    made_at: str
    kind: str
    body: str
    certificate_id: str
    previous: str
    hash: str

    @classmethod
    def of(cls, uid: str, slot: str, fact: Fact, last: tuple[int, str] | None, made_at: datetime) -> Link:
        """The link of a fact.

        :param last: number and hash of the link before it; None for a chip's first.
        """
        sequence, previous = last or (0, NOTHING)
        name = fact.certificate_id if isinstance(fact, Registered) else ""
        values = (uid, sequence + 1, slot, format_time(made_at), *encode_fact(fact), name, previous)
        return cls(*values, _digest("fact", *values))

    @property
    def is_whole(self) -> bool:
        """Whether its hash is its own."""
        return _digest("fact", *self[:-1]) == self.hash


class Head(NamedTuple):
    """The end of a chip's chain: number and hash of its newest fact."""

    uid: str
    sequence: int
    hash: str


@dataclass(frozen=True, slots=True)
class Seal:
    """A hash over the ends of all chains.

    :param number: counted from 1.
    :param sealed_at: ISO 8601, UTC.
    :param root: SHA-256, in hex, over the ends of the chains that have grown since the seal before.
    :param previous: the hash of the seal before.
    :param hash: SHA-256, in hex, of all of these.
    """

    number: int
    sealed_at: str
    root: str
    previous: str
    hash: str

    @classmethod
    def of(cls, heads: Iterable[Head], last: Seal | None, sealed_at: datetime) -> Seal:
        """The seal over some ends of chains.

        :param last: the seal before it; None for the first.
        """
        number, previous = (last.number, last.hash) if last else (0, NOTHING)
        values = (number + 1, format_time(sealed_at), root_of(heads), previous)
        return cls(*values, _digest("seal", *values))

    def follows(self, last: Seal | None) -> bool:
        """Whether it is the one behind another, and its hash its own."""
        values = (self.number, self.sealed_at, self.root, self.previous)
        before = (last.number, last.hash) if last else (0, NOTHING)
        return (self.number - 1, self.previous) == before and _digest("seal", *values) == self.hash


def root_of(heads: Iterable[Head]) -> str:
    """The hash over some ends of chains, in hex; their order does not matter."""
    return _digest("heads", *(value for head in sorted(heads) for value in head))


def format_time(moment: datetime) -> str:
    """A time as journals keep it."""
    return moment.astimezone(timezone.utc).replace(microsecond=0).isoformat()


def _digest(*values: str | int) -> str:
    """SHA-256, in hex, of values, each as its text behind the number of its characters and a colon, in UTF-8."""
    texts = map(str, values)
    return hashlib.sha256("".join([f"{len(text)}:{text}" for text in texts]).encode()).hexdigest()


def check_links(name: str, uid: str, links: Iterable[Link], heads: Iterable[Head] = ()) -> Iterator[Link]:
    """The facts of one chip, each once it has been compared with its hash, the one before it, and the seals.

    :param name: what to call the journal in messages.
    :param links: all of the chip's, in their order.
    :param heads: what was sealed of the chip.
    :raises ConfigurationError: if one is changed, missing or too many.
    """
    sealed = {head.sequence: head.hash for head in heads}
    last, number = NOTHING, 0
    for number, link in enumerate(links, 1):
        if link.sequence != number:
            raise changed(name, f"fact {number} of chip {uid} is missing")
        try:
            is_whole = link.is_whole
        except (TypeError, ValueError):  # SQLite keeps values of any kind in any column
            is_whole = False
        if not is_whole:
            raise changed(name, f"fact {number} of chip {uid} is not the one that was written")
        if link.previous != last:
            raise changed(name, f"fact {number} of chip {uid} does not follow the fact before it")
        if sealed.pop(number, link.hash) != link.hash:
            raise changed(name, f"fact {number} of chip {uid} is not the one that was sealed")
        last = link.hash
        yield link
    if sealed:
        raise changed(name, f"{max(sealed)} facts of chip {uid} were sealed, and {number} are there")


def check_seals(name: str, seals: Iterable[tuple[Seal, Sequence[Head]]]) -> Iterator[Seal]:
    """The seals, each once it has been compared with what it seals and the one before it.

    :param name: what to call the journal in messages.
    :param seals: all of them in their order, each with the ends of chains that it is over.
    :raises ConfigurationError: if one is changed, missing or too many.
    """
    last: Seal | None = None
    for seal, heads in seals:
        try:
            is_good = seal.follows(last) and root_of(heads) == seal.root
        except (TypeError, ValueError):
            is_good = False
        if not is_good:
            number = last.number + 1 if last else 1
            chips = [str(head.uid) for head in heads[:_MOST_NAMED]]
            of = f", over chip {', '.join(chips)}{' and others' * (len(heads) > _MOST_NAMED)}," if chips else ""
            raise changed(name, f"seal {number}{of} is not the one that was made")
        last = seal
        yield seal


def changed(name: str, what: str) -> ConfigurationError:
    """The error for a journal that something else than this program has changed.

    :param name: what to call the journal.
    :param what: where it does not fit.
    """
    return ConfigurationError(
        f"{name} has been changed by another program: {what}",
        hint="Restore it from a backup",
        reason=Reason.DAMAGED,
    )


def facts_of(links: Iterable[Link], only: str | None = None) -> tuple[str, dict[str, list[tuple[datetime, Fact]]]]:
    """The facts in the links of one chip.

    :param only: name of the only slot that is wanted; None takes all.
    :returns: the chip's UID, empty if there are none; and by slot the facts in their order, each with its time.
    :raises ConfigurationError: if one cannot be read.
    """
    uid, slots = "", defaultdict[str, list[tuple[datetime, Fact]]](list)
    for moment, chip, slot, fact in dated(links, only):
        uid = chip
        slots[slot].append((moment, fact))
    return uid, slots


def dated(links: Iterable[Link], only: str | None = None) -> Iterator[tuple[datetime, str, str, Fact]]:
    """The facts in links, each behind its time, the chip's UID and the slot.

    :param only: name of the only slot that is wanted; None takes all.
    :raises ConfigurationError: if one cannot be read.
    """
    for link in links:
        if only in (None, link.slot):
            fact = decode_fact(link.uid, link.slot, link.kind, link.body)
            yield _moment(link), link.uid, link.slot, fact


def _moment(link: Link) -> datetime:
    try:
        moment = datetime.fromisoformat(link.made_at)
    except ValueError:
        moment = datetime.min
    if moment.tzinfo is None:
        raise damaged(link.uid, link.slot, "it has a fact without a time")
    return moment
