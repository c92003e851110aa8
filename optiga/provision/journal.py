"""The journal: what has been done to each chip, written down before the next step. Nothing is lost or done twice.

It is added to, and never changed: facts, each with the hash of the one before it of the same chip, and seals
(:mod:`.chain`). The seals are compared when the journal is opened, a chip's facts with its chain before they are used,
and all of it where all of it is read. A journal of version 1 is taken over with the first fact that is added.
"""

from __future__ import annotations

import logging
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from optiga.arguments import takes
from optiga.contexts import context
from optiga.errors import ConfigurationError, OptigaError, Reason, counted, naming
from optiga.files.files import is_there
from optiga.files.interruptions import Uninterrupted
from optiga.files.placeholders import check_new_name
from optiga.files.reserved import ReservedFile
from optiga.provision.chain import Head, Link, Seal, changed, check_links, dated, facts_of
from optiga.provision.entry import Entry, Step
from optiga.provision.facts import Fact, Finished, damaged, kind_of
from optiga.provision.history import HistoryEvent, events_of, in_order
from optiga.provision.journal_file import JournalFile
from optiga.provision.results import JournalCheck
from optiga.provision.seal_file import read_seal, write_seal
from optiga.provision.store import KIND, Store
from optiga.provision.version1 import dated_facts, facts_of_all, old_entries, uids_of
from optiga.values import NotCopied

if TYPE_CHECKING:
    import sqlite3

_VERSION_1 = "a journal of version 1 has no hash chains and no seals. The next run that adds to it creates them"

__all__ = ["FILE_NAME", "Entry", "Journal", "JournalCheck", "Step", "damaged", "open_journal"]

FILE_NAME = "personalization.db"
_log = logging.getLogger(__name__)

_MOST_BYTES = 1 << 17
"""More than what SQLite writes for the facts of a run and their seal, with its rollback journal."""


class Journal(NotCopied):
    """An open journal, which threads may share; :func:`open_journal` opens it.

    Each call is whole or not at all, and no other thread's comes in between.

    :param warn: is told what people must know of the journal, one sentence each.
    """

    def __init__(self, file: JournalFile, *, shared: bool, warn: Callable[[str], None]) -> None:
        self._file = file
        self.path: Path = file.path
        self._shared = shared
        self._warn = warn
        self._name = file.name
        self._has_grown = False

    def __repr__(self) -> str:
        return f"<Journal {str(self.path)!r}{', closed' if self._file.is_closed else ''}>"

    @takes
    def find(self, uid: str, slot: str) -> Entry | None:
        """What has come of a chip's slot.

        :raises ConfigurationError: if that is damaged, or the chip's facts are not those that were written down.
        """
        with self._file.reading():
            if not self._store.is_chained:
                return next(old_entries(self._connection, "WHERE uid = ? AND slot = ?", uid, slot), None)
            return next(iter(self._of_chip(uid, slot)), None)

    @takes
    def of_chip(self, uid: str) -> list[Entry]:
        """Every slot of a chip.

        :raises ConfigurationError: if one is damaged, or the chip's facts are not those that were written down.
        """
        with self._file.reading():
            if not self._store.is_chained:
                return list(old_entries(self._connection, "WHERE uid = ? ORDER BY slot", uid))
            return self._of_chip(uid)

    def all(self) -> list[Entry]:
        """Every slot, the one begun first first.

        :raises ConfigurationError: if one is damaged, or anything in the journal is not what was written down.
        """
        with self._file.reading():
            if not self._store.is_chained:
                return list(old_entries(self._connection, "ORDER BY started_at, uid, slot"))
            return sorted(self._every(), key=lambda one: (_text(one.started_at), one.uid, one.slot))

    @takes
    def facts(self, uid: str, slot: str) -> list[tuple[datetime, Fact]]:
        """All facts of a chip's slot, the oldest first, each with its time; none of a journal of version 1.

        :raises ConfigurationError: if the chip's facts are not those that were written down.
        """
        with self._file.reading():
            if not self._store.is_chained:
                return []
            return facts_of(self._chain(uid), slot)[1][slot]

    def history(self, uid: str | None = None) -> list[HistoryEvent]:
        """What has been done to each slot, the oldest first.

        :param uid: the only chip that is wanted.
        :raises ConfigurationError: if anything of it is not what was written down.
        """
        with self._file.reading():
            if not self._store.is_chained:
                return in_order(map(events_of, dated_facts(self._connection, uid)))
            chains = self._every_chain() if uid is None else [self._chain(uid)]
            return in_order(events_of(dated(chain)) for chain in chains)

    def uids_beginning_with(self, digits: str) -> list[str]:
        """The UIDs of its chips that begin with hex digits, sorted."""
        with self._file.reading():
            if not self._store.is_chained:
                return sorted(uids_of(self._connection, "WHERE uid GLOB ?", f"{digits}*"))
            return sorted(self._store.uids_beginning_with(digits))

    def uids_with(self, digits: str) -> list[str]:
        """The UIDs of its chips that have hex digits anywhere, sorted."""
        with self._file.reading():
            if not self._store.is_chained:
                return sorted(uids_of(self._connection, "WHERE uid GLOB ?", f"*{digits}*"))
            return sorted(self._store.uids_with(digits))

    def owners(self, certificate_id: str) -> set[str]:
        """The UIDs of the chips that have, or have had, a certificate by its identifier in AWS IoT."""
        with self._file.reading():
            if not self._store.is_chained:
                return uids_of(self._connection, "WHERE certificate_id = ?", certificate_id)
            return self._store.owners(certificate_id)

    def may_have_finished(self, slot: str) -> set[str]:
        """The UIDs of the chips whose slot has been finished once, as far as a look at the journal tells."""
        with self._file.reading():
            if not self._store.is_chained:
                return uids_of(self._connection, "WHERE slot = ? AND step = 'finished'", slot)
            return self._store.chips_of_kind(slot, kind_of(Finished()))

    def check_writable(self) -> None:
        """Make sure that facts can be added, and the disk has room for those of a run; nothing changes.

        :raises ConfigurationError: if the journal cannot be written.
        """
        if is_there(self.path):  # otherwise it has been looked at where it would be made
            with self._file.writing():
                self._store.try_to_write()
        with ReservedFile(self.path.parent, _MOST_BYTES, naming("Use another journal with {journal}")) as room:
            room.secure()

    def append(self, uid: str, slot: str, *facts: Fact) -> datetime:
        """Write down what has been done to a chip's slot; on the disk when this returns, all of it or nothing.

        :returns: when it was written down.
        """
        now = datetime.now(timezone.utc).replace(microsecond=0)
        self._has_grown = True  # before it has: a request to end the run may come as soon as it is written
        with self._file.writing():
            if not self._store.is_chained:
                self._take_over(now)
            self._add(uid, slot, facts, now)
        return now

    def save(self, entry: Entry) -> Entry:
        """Write down what is new of a slot; on the disk when this returns.

        :returns: the entry as it was written, with its times.
        """
        if not entry.pending:
            return entry
        now = self.append(entry.uid, entry.slot, *entry.pending)
        return replace(entry, pending=(), started_at=entry.started_at or now, updated_at=now)

    @contextmanager
    def sealed(self) -> Iterator[None]:
        """Seal the journal behind a run, also behind one that fails, unless that has written nothing down.

        Requests to end the run wait for the seal.

        :raises ConfigurationError: if the journal cannot be written.
        """
        try:
            yield
            with Uninterrupted():
                self.seal()
        except BaseException:
            if self._has_grown:
                with suppress(OptigaError), Uninterrupted():
                    self.seal()
            raise

    def seal(self) -> Seal | None:
        """Seal what has been added since the last seal, and keep the newest beside the journal.

        First it is in the journal, then beside it: whatever ends the process in between, a seal beside the journal is
        one that the journal has. Where it cannot be written there, that is a warning.

        :returns: the newest seal; None where nothing has been written down, and of a journal of version 1.
        """
        with self._file.alone():
            seal = self._make_seal() if self._grown() else self.last_seal
            if seal is not None:
                self._keep(seal)
        return seal

    @property
    def last_seal(self) -> Seal | None:
        """The newest seal; None if there is none."""
        with self._file.reading():
            return self._store.last_seal() if self._store.is_chained else None

    @property
    def newest_seal(self) -> str | None:
        """The newest seal as results tell it, SHA-256 in hex; None if there is none."""
        seal = self.last_seal
        return seal.hash if seal else None

    def check(self, seal: str | None = None) -> JournalCheck:
        """Compare all of it: every fact with its chain, every chain with its seals, every slot with its facts.

        :param seal: a seal that it must have, SHA-256 in hex, as a run before has told it.
        :raises ConfigurationError: if anything is not what was written down, or there is no such seal.
        """
        self._file.warn_if_empty()
        with self._file.reading():
            if not self._store.is_chained:
                uids = [one.uid for one in old_entries(self._connection)]
                self._refuse_unknown(seal, [])
                return JournalCheck(1, len(set(uids)), 0, 0, 0, None, None, (_VERSION_1,))
            for _ in self._every():
                pass
            seals = [one for one, _ in self._store.seals()]
            self._refuse_unknown(seal, seals)
            last = seals[-1] if seals else None
            chips, facts, count = self._store.count()
            unsealed = len(self._store.grown())
        seal, sealed_at = (last.hash, last.sealed_at) if last else (None, None)
        grown = f"{counted(unsealed, 'chip', 'have')} steps since the last seal, because a run was interrupted: the "
        warnings = (f"{grown}next run seals them",) if unsealed else ()
        return JournalCheck(KIND.version, chips, facts, count, unsealed, seal, sealed_at, warnings)

    def _of_chip(self, uid: str, slot: str | None = None) -> list[Entry]:
        """The slots of a chip, or one of them, once its chain has been compared with its seals."""
        return _entries(self._chain(uid), slot)

    def _chain(self, uid: str) -> Iterator[Link]:
        """The facts of a chip, each once it has been compared with its seals."""
        return check_links(self._name, uid, self._store.links(uid), self._store.heads(uid))

    def _refuse_unknown(self, seal: str | None, seals: Iterable[Seal]) -> None:
        if seal is not None and seal not in [one.hash for one in seals]:
            raise ConfigurationError(
                f"{self._name} has no seal {seal}: it is an older copy or another journal",
                hint="Restore the newest copy",
                reason=Reason.DAMAGED,
            )

    def _every(self) -> Iterator[Entry]:
        """Every slot, once every chain has been compared with its seals."""
        for chain in self._every_chain():
            yield from _entries(chain)

    def _every_chain(self) -> Iterator[Iterator[Link]]:
        """The facts of every chip, each once it has been compared with its seals; to be read in this order."""
        if problem := self._store.problem():
            for uid, stored in self._store.stored_links().items():
                for _ in check_links(self._name, uid, stored):
                    pass
            raise changed(self._name, problem)
        heads: dict[str, list[Head]] = defaultdict(list)
        for head in self._store.heads():
            heads[head.uid].append(head)
        for uid, links in self._store.all_links():
            yield check_links(self._name, uid, links, heads.pop(uid, ()))
        for uid in heads:
            raise changed(self._name, f"all facts of chip {uid} are missing")

    def _take_over(self, now: datetime) -> None:
        """Turn a journal of version 1 into one of facts; its own table stays as it is."""
        old = list(facts_of_all(self._connection))
        self._store.make_tables()
        for uid, slot, facts in old:
            self._add(uid, slot, facts, now)

    def _add(self, uid: str, slot: str, facts: Iterable[Fact], now: datetime) -> None:
        last = self._store.last(uid)
        for fact in facts:
            link = Link.of(uid, slot, fact, last, now)
            self._store.add(link)
            last = link.sequence, link.hash

    def _grown(self) -> list[Head]:
        with self._file.reading():
            return self._store.grown() if self._store.is_chained else []

    def _make_seal(self) -> Seal | None:
        with self._file.writing():
            last, heads = self._store.last_seal(), self._store.grown()
            if not heads:
                return last
            seal = Seal.of(heads, last, datetime.now(timezone.utc))
            self._store.add_seal(seal, heads)
            return seal

    def _keep(self, seal: Seal) -> None:
        """Keep the newest seal beside the journal, which may be of another run behind this. It never goes back: nobody
        makes a newer one meanwhile.
        """
        try:
            with self._file.writing():
                newest = self._store.last_seal() or seal
                if read_seal(self.path, shared=self._shared) != (newest.number, newest.hash):
                    write_seal(self.path, newest, shared=self._shared)
        except ConfigurationError as error:
            self._warn(f"the seal file of the journal cannot be written: {error}")

    @property
    def _store(self) -> Store:
        return self._file.store

    @property
    def _connection(self) -> sqlite3.Connection:
        return self._file.connection


@takes
@context("open_journal(path) as journal")
def open_journal(
    path: str | os.PathLike[str],
    *,
    make: bool = False,
    shared: bool = False,
    warn: Callable[[str], None] = _log.warning,
) -> Iterator[Journal]:
    """Open a journal. A context manager.

    :param make: create the journal with the first entry if it does not exist.
    :param shared: accept (and create) a journal that one of the user's groups can write.
    :param warn: function that gets warnings, one sentence each.
    :raises ConfigurationError: if the file cannot be used, is no journal, others could have changed it, or its seal.
    """
    path = Path(path)
    if make:
        check_new_name(path)
    with JournalFile(path, make=make, shared=shared, warn=warn) as file:
        yield Journal(file, shared=shared, warn=warn)


def _entries(links: Iterable[Link], only: str | None = None) -> list[Entry]:
    """The slots of a chip, or one of them, from all its facts."""
    uid, slots = facts_of(links, only)
    return [entry for slot in sorted(slots) if (entry := Entry.fold(uid, slot, slots[slot]))]


def _text(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
