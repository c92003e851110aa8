"""The file of a journal: compared with its seals when it is opened, and made with the first that is written into it.

A run that changes nothing leaves no new file. Until there is one, the journal is an empty one in memory.
"""

from __future__ import annotations

import os
import threading
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import TYPE_CHECKING

from optiga.errors import ConfigurationError, Reason, counted
from optiga.files.database import check_can_be_made, explained, nothing_in, open_database, waiting_for
from optiga.files.files import is_there
from optiga.provision.chain import check_seals
from optiga.provision.seal_file import read_seal, seal_path
from optiga.provision.store import KIND, Store

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator
    from pathlib import Path


class JournalFile:
    """The file, which threads may share. A context manager, which closes it.

    :param make: make it with the first that is written, if it does not exist.
    :param shared: accept, and make, one that one of the user's groups can write.
    :param warn: is told what people must know of it, one sentence each.
    :raises ConfigurationError: if it cannot be used or made, or is not the one that was sealed last.
    """

    def __init__(self, path: Path, *, make: bool, shared: bool, warn: Callable[[str], None]) -> None:
        self.path: Path = path
        self.name: str = f"the journal {path}"
        self._shared = shared
        self._warn = warn
        self._lock = threading.RLock()
        self._held = ExitStack()
        self.is_closed: bool = False
        self._process = os.getpid()
        self._is_awaited = make and not os.path.lexists(path)
        if self._is_awaited:
            self._refuse_lone_seal(read_seal(path, shared=shared))
            check_can_be_made(path, KIND, shared=shared)
            self.connection: sqlite3.Connection = self._held.enter_context(closing(nothing_in(KIND, threads=True)))
            self.store: Store = Store(self.connection)
        else:
            self._open(make=make)

    def __enter__(self) -> JournalFile:
        return self

    def __exit__(self, *of_error: object) -> None:
        self._is_awaited = False
        self.is_closed = True
        self._held.close()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """No other thread uses it during the block."""
        self._refuse_elsewhere()
        with self._lock:
            yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        """What is read in the block is of one moment."""
        self._refuse_elsewhere()
        with self._lock, explained(self.path, KIND):
            if self.connection.in_transaction:
                yield
                return
            if self._is_awaited and os.path.lexists(self.path):  # another process has made it
                self._open(make=False)
            self.connection.execute("BEGIN")
            with self.connection:
                yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        """All or nothing of the block; other processes wait meanwhile."""
        self._refuse_elsewhere()
        with self._lock, explained(self.path, KIND):
            if self._is_awaited:
                self._open(make=True)
            with waiting_for(str(self.path)):
                self.connection.execute("BEGIN IMMEDIATE")
            with self.connection:
                yield

    def _refuse_elsewhere(self) -> None:
        """Refuse a process that was forked: it does not have SQLite's locks of its parent.

        :raises ConfigurationError: if it is one.
        """
        if self._process != os.getpid():
            raise ConfigurationError(
                f"{self.name} was opened in process {self._process}",
                hint="Open it again in this process",
                reason=Reason.DISCONNECTED,
            )

    def warn_if_empty(self) -> None:
        """Warn of a file without a byte, as one that a program is about to make a journal of."""
        with suppress(OSError):
            if not self.path.stat().st_size:
                self._warn(f"{self.name} is an empty file: nothing was written into it, or its content was lost")

    def _open(self, *, make: bool) -> None:
        """Open the file, or make it, and go on with it; nothing has changed if it is refused."""
        beside = read_seal(self.path, shared=self._shared)  # before the journal, which may only be newer
        if make and not is_there(self.path):
            self._refuse_lone_seal(beside)
        with ExitStack() as opened:
            connection = opened.enter_context(
                open_database(self.path, KIND, make=make, shared=self._shared, threads=True)
            )
            store = Store(connection)
            with explained(self.path, KIND):
                connection.execute("BEGIN")
                with connection:
                    self._check_seals(store, beside)
            self._held.push(opened.pop_all())
        self.connection, self.store, self._is_awaited = connection, store, False

    def _refuse_lone_seal(self, beside: tuple[int, str] | None) -> None:
        """Refuse to begin a journal where the seal of another one lies."""
        if beside is not None:
            raise ConfigurationError(
                f"{self.name} is missing, but its seal file exists",
                hint=f"Restore the journal. To begin a new journal, delete {seal_path(self.path)} first",
                reason=Reason.NOT_FOUND,
            )

    def _check_seals(self, store: Store, beside: tuple[int, str] | None) -> None:
        """Compare the seals with each other, with what they are over, and with the one beside the journal.

        :param beside: number and hash of that one; None if there is none.
        :raises ConfigurationError: if one is changed or missing, or the journal is older than the one beside it.
        """
        count, is_known = 0, beside is None
        for seal in check_seals(self.name, store.seals() if store.is_chained else iter(())):
            count = seal.number
            is_known = is_known or (seal.number, seal.hash) == beside
        if not is_known and beside is not None:
            older = f"it has {counted(count, 'seal')}, but the seal file beside it has number {beside[0]}"
            raise ConfigurationError(
                f"{self.name} is an older copy or another journal than the one that was sealed last: {older}",
                hint=f"Restore the newest copy. To use this journal anyway, delete {seal_path(self.path)} first",
                reason=Reason.DAMAGED,
            )
        if beside is None and count and not is_there(seal_path(self.path)):
            self._warn(
                f"the seal file of the journal is missing, so an older copy cannot be detected: {seal_path(self.path)}"
            )
