"""Journals of version 1: one row for each slot, which each step wrote over. They are read, and taken over once.

What a row says is turned into the facts that have led there. The table stays as it is in a journal that has been taken
over; nothing reads it any more.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import zip_longest
from typing import Any

from optiga.errors import ConfigurationError
from optiga.provision.entry import Entry, Step
from optiga.provision.facts import (
    Attested,
    Begun,
    CsrSigned,
    Deprovisioned,
    Emulated,
    Fact,
    FactoryProven,
    Finished,
    Imported,
    Issued,
    KeyMade,
    Placed,
    PolicyAttached,
    Registered,
    Replaced,
    Requested,
    ThingAttached,
    Unreadable,
    WithoutPolicy,
    WithoutThing,
    Written,
    damaged,
)

UNKNOWN = "-"
"""What stood for the key of a certificate that was not known."""
_TIMES = ("started_at", "updated_at", "requested_at")
_BINARY = ("key_info", "csr")
_YES = "yes"
"""What such a journal says of a chip that is emulated."""
ADDED = ("attested", "emulated", "replaced_keys")
"""What the first journals of version 1 have no columns for."""


@dataclass(frozen=True, slots=True)
class OldEntry:
    """A row: a slot and the newest of everything. What was not known yet is None.

    :param replaces: identifiers of the certificates before it, a space between them.
    :param replaced_keys: SHA-256, in hex, of their public keys, in the same order; ``-`` for one that is not known.
    """

    uid: str
    slot: str
    issuer: str
    settings: str
    step: Step = Step.BEGUN
    started_at: datetime | None = None
    updated_at: datetime | None = None
    requested_at: datetime | None = None
    account: str | None = None
    region: str | None = None
    key_info: bytes | None = None
    public_key: str | None = None
    csr: bytes | None = None
    filename: str | None = None
    certificate: str | None = None
    certificate_file: str | None = None
    certificate_id: str | None = None
    certificate_arn: str | None = None
    thing: str | None = None
    thing_arn: str | None = None
    policy: str | None = None
    template: str | None = None
    endpoint: str | None = None
    replaces: str | None = None
    attested: str | None = None
    emulated: str | None = None
    replaced_keys: str | None = None

    def facts(self) -> tuple[Fact, ...]:
        """The facts that have led to this row; what it has beyond its step is left out.

        :raises ConfigurationError: if no facts lead there.
        """
        try:
            facts = tuple(self._facts())
        except ValueError as error:
            raise damaged(self.uid, self.slot, str(error)) from None
        if any(self._is_half(names) for names in _TOGETHER):
            raise damaged(self.uid, self.slot, "some of its fields are missing")
        entry = Entry.fold(self.uid, self.slot, ((_ANY_TIME, fact) for fact in facts))
        if entry is None or entry.step is not self.step:
            raise damaged(self.uid, self.slot, f"the result of the step {self.step.title!r} is missing")
        return facts

    def _is_half(self, names: tuple[str, ...]) -> bool:
        return len({getattr(self, name) is None for name in names}) > 1

    def _has(self, step: Step) -> bool:
        """Whether a step has been done; of a slot that was taken back nobody knows that."""
        return step <= self.step

    def _facts(self) -> Iterator[Fact]:
        yield Begun(self.issuer, self.settings, tuple(_replaced(self.replaces, self.replaced_keys)))
        if self.account is not None and self.region is not None:
            yield Placed(self.account, self.region, self.endpoint, self.thing, self.policy, self.template)
        elif (self.endpoint, self.thing, self.policy, self.template) != (None,) * 4:
            raise ValueError("it has names in AWS IoT, but no account")
        if self.attested is not None:
            yield Attested(self.attested)
        if self.emulated is not None:
            if self.emulated != _YES:
                raise ValueError("its mark of an emulated chip is not valid")
            yield Emulated()
        yield from self._of_chip()
        yield from self._of_cloud()
        if self.step is Step.DEPROVISIONED:
            yield Deprovisioned()
        yield Imported(self.started_at, self.updated_at)

    def _of_chip(self) -> Iterator[Fact]:
        """Key, CSR and certificate."""
        own = self.issuer == "chip"
        if self.key_info is not None and not own and self._has(Step.KEY):
            yield KeyMade(self.key_info)
        if self.csr is not None and self.filename is not None and self.public_key is not None and self._has(Step.CSR):
            yield CsrSigned(self.csr, self.filename, self.public_key)
        if self.requested_at is not None and self._has(Step.REQUESTED):
            yield Requested(self.requested_at)
        if self.certificate is not None and self._has(Step.CERTIFIED):
            if own and self.key_info is not None:
                yield FactoryProven(self.certificate, self.key_info)
            elif not own and self.certificate_file is not None:
                yield Issued(self.certificate, self.certificate_file)

    def _of_cloud(self) -> Iterator[Fact]:
        """What is behind the certificate: on the chip, and in AWS IoT."""
        registered = None
        if self.certificate_id is not None and self.certificate_arn is not None and self._has(Step.CERTIFIED):
            registered = Registered(self.certificate_id, self.certificate_arn)
        before = self.issuer == "aws" or self.step < Step.REGISTERED
        if registered is not None and before:
            yield registered
        is_back = self.step is Step.DEPROVISIONED
        if self._has(Step.WRITTEN) and not is_back:
            yield Written()
        if registered is not None and not before:
            yield registered
        if self.thing is None and self.thing_arn is not None:
            raise ValueError("it has the ARN of a thing, but no thing")
        if self._has(Step.THING) and self.thing is not None and not (is_back and self.thing_arn is None):
            yield ThingAttached(self.thing, self.thing_arn)
        if is_back:
            return
        if self._has(Step.THING) and self.thing is None and self.account is not None:
            yield WithoutThing()
        if self._has(Step.POLICY) and self.account is not None:
            yield WithoutPolicy() if self.policy is None else PolicyAttached(self.policy)
        if self._has(Step.FINISHED):
            yield Finished()


_FIELDS = tuple(field.name for field in fields(OldEntry))
_TOGETHER = (("account", "region"), ("csr", "filename", "public_key"), ("certificate_id", "certificate_arn"))
_ANY_TIME = datetime.min
SCHEMA = f"""
CREATE TABLE slots (
    {", ".join(f"{name} {'BLOB' if name in _BINARY else 'TEXT'}" for name in _FIELDS)}, PRIMARY KEY (uid, slot)
);
"""


def old_entries(connection: sqlite3.Connection, clause: str = "", *values: str) -> Iterator[Entry]:
    """What a journal of version 1 says of slots.

    :param clause: which, and in what order, in SQL.
    :raises ConfigurationError: if one of them is damaged.
    """
    for row in _rows(connection, clause, *values):
        old = _decode(row)
        yield _folded(old.uid, old.slot, old.facts())


def uids_of(connection: sqlite3.Connection, clause: str, *values: str) -> set[str]:
    """The UIDs of chips in a journal of version 1, whatever else it says of them.

    :param clause: which, in SQL.
    """
    return {uid for (uid,) in connection.execute(f"SELECT uid FROM slots {clause}", values)}  # noqa: S608


def facts_of_all(connection: sqlite3.Connection) -> Iterator[tuple[str, str, tuple[Fact, ...]]]:
    """What a journal of version 1 says, for one that takes it over: UID, slot and facts, the slot begun first first.

    :raises ConfigurationError: if a row has no chip or slot.
    """
    for row in _rows(connection, "ORDER BY started_at, uid, slot"):
        uid, slot = row["uid"], row["slot"]
        if not isinstance(uid, str) or not isinstance(slot, str):
            raise damaged(str(uid), str(slot))
        try:
            facts = _decode(row).facts()
        except ConfigurationError:  # which is said to whoever asks for this slot; the others can be gone on with
            facts = (Unreadable(),)
        yield uid, slot, facts


def dated_facts(
    connection: sqlite3.Connection, uid: str | None
) -> Iterator[list[tuple[datetime | None, str, str, Fact]]]:
    """The same for a history, slot by slot; no fact has a time.

    :param uid: the only chip that is wanted, in hex; None takes all.
    """
    for chip, slot, facts in facts_of_all(connection):
        if uid in (None, chip):
            yield [(None, chip, slot, fact) for fact in facts]


def _folded(uid: str, slot: str, facts: Iterable[Fact]) -> Entry:
    entry = Entry.fold(uid, slot, ((_ANY_TIME, fact) for fact in facts))
    if entry is None:
        raise damaged(uid, slot)
    return entry


def _rows(connection: sqlite3.Connection, clause: str, *values: str) -> Iterator[dict[str, Any]]:
    there = {row[1] for row in connection.execute("PRAGMA table_info(slots)")}
    columns = ", ".join("NULL" if name in ADDED and name not in there else name for name in _FIELDS)
    for row in connection.execute(f"SELECT {columns} FROM slots {clause}", values).fetchall():  # noqa: S608
        yield dict(zip(_FIELDS, row, strict=True))


def _decode(row: dict[str, Any]) -> OldEntry:
    try:
        row["step"] = Step[row["step"].upper()]
        for name in _TIMES:
            row[name] = datetime.fromisoformat(row[name]) if row[name] else None
        is_good = all(_is_good(row[name], name) for name in _FIELDS)
    except (KeyError, ValueError, AttributeError, TypeError):
        is_good = False
    if not is_good:
        raise damaged(row["uid"], row["slot"])
    return OldEntry(**row)


def _is_good(value: object, name: str) -> bool:
    """Whether a value is of the type that a field has; a time without its zone is none."""
    if isinstance(value, datetime):
        return value.tzinfo is not None
    if name in ("uid", "slot", "issuer", "settings"):
        return isinstance(value, str)
    return value is None or isinstance(value, Step if name == "step" else bytes if name in _BINARY else str)


def _replaced(names: str | None, keys: str | None) -> Iterator[Replaced]:
    """The certificates before it; the first journals of version 1 did not keep their keys."""
    there = (names or "").split()
    for name, key in zip_longest(there, (keys or "").split()[: len(there)], fillvalue=UNKNOWN):
        yield Replaced(name, None if key == UNKNOWN else key)
