"""A database whose file is made when something is first written into it: a run that changes nothing leaves none."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Any, cast

from optiga.files.database import Kind, check_can_be_made, nothing_in, open_database

if TYPE_CHECKING:
    from pathlib import Path

_READING = "BEGIN"
"""The statement that begins a transaction in which nothing is written."""


@contextmanager
def open_late(path: Path, kind: Kind, *, shared: bool = False, threads: bool = False) -> Iterator[sqlite3.Connection]:
    """A file that is made, whole or not at all, by the first transaction that may write; until then nothing is in it.

    The parameters, and what is raised, are those of :func:`.database.open_database`.
    """
    if os.path.lexists(path):
        with open_database(path, kind, make=True, shared=shared, threads=threads) as connection:
            yield connection
        return
    check_can_be_made(path, kind, shared=shared)
    with closing(nothing_in(kind, threads=threads)) as nothing, ExitStack() as held:
        late = _Late(path, kind, nothing, held, shared=shared, threads=threads)
        held.callback(late.close)
        yield cast("sqlite3.Connection", late)


class _Late:
    """What stands for the connection until there is one, as far as its users use it."""

    def __init__(
        self, path: Path, kind: Kind, nothing: sqlite3.Connection, held: ExitStack, *, shared: bool, threads: bool
    ) -> None:
        self._path, self._kind, self._held = path, kind, held
        self._options = {"shared": shared, "threads": threads}
        self._connection = nothing
        self._is_opened = False

    def execute(self, statement: str, *values: object) -> sqlite3.Cursor:
        """Run a statement, in the file as soon as it is there: another process may have made it meanwhile."""
        if not self._is_opened and statement.startswith(_READING):
            writes = statement != _READING
            if writes or os.path.lexists(self._path):
                opened = open_database(self._path, self._kind, make=writes, **self._options)
                self._connection = self._held.enter_context(opened)
                self._is_opened = True
        return self._connection.execute(statement, *values)  # type: ignore[arg-type]

    def close(self) -> None:
        """Open nothing any more."""
        self._is_opened = True

    def __getattr__(self, name: str) -> Any:
        """All else is that of the connection."""
        return getattr(self._connection, name)

    def __enter__(self) -> sqlite3.Connection:
        return self._connection.__enter__()

    def __exit__(self, *of_error: object) -> bool | None:
        return self._connection.__exit__(*of_error)  # type: ignore[arg-type]
