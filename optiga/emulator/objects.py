"""The objects of one emulated chip: what its store holds, and what a command is changing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from optiga.protocol.metadata import Metadata


class StoredObject(NamedTuple):
    """One object as it lies in non-volatile memory.

    :param data: its bytes; for a key what :mod:`optiga.emulator.keys` makes of it, empty before the first.
    """

    data: bytes
    metadata: Metadata


class Store(Protocol):
    """Where the objects of one chip survive."""

    def load(self) -> dict[int, StoredObject]:
        """All objects by identifier; empty if the chip has not left its factory yet."""
        ...

    def save(self, changed: Mapping[int, StoredObject]) -> None:
        """Write some objects: all of them, or none if anything fails or ends the process meanwhile."""
        ...

    def close(self) -> None:
        """Give the store back."""
        ...


class ObjectTable:
    """All objects of a chip, in memory; changes reach the store when they are committed, all together.

    :param store: it is read once, when this is made.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._objects = store.load()
        self._staged: dict[int, StoredObject] = {}

    def __len__(self) -> int:
        return len(self._objects)

    def get(self, oid: int) -> StoredObject | None:
        """An object as the running command sees it; None if the chip has none of that identifier."""
        return self._staged.get(oid) or self._objects.get(oid)

    def put(self, oid: int, changed: StoredObject) -> None:
        """Stage an object's new content."""
        self._staged[oid] = changed

    def commit(self) -> None:
        """Make what is staged true, in the store first; if that fails, none of it is."""
        staged, self._staged = self._staged, {}
        if staged:
            self._store.save(staged)
            self._objects.update(staged)

    def discard(self) -> None:
        """Forget what is staged."""
        self._staged = {}

    def close(self) -> None:
        """Give the store back."""
        self._store.close()
