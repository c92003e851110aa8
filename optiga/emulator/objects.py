"""The objects of one emulated chip: what its store holds, and what a command is changing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.objects import COUNTER_SIZE, ObjectInfo
from optiga.protocol.rules.values import fixed_size

if TYPE_CHECKING:
    from optiga.emulator.models import ChipModel


class StoredObject(NamedTuple):
    """One object as it lies in non-volatile memory.

    :param data: its bytes; for a key what :mod:`optiga.emulator.keys` makes of it, empty before the first.
    """

    data: bytes
    metadata: Metadata

    @property
    def counter(self) -> tuple[int, int] | None:
        """Value and threshold of a counter; None of what is not one. SRM, "Common data structures"."""
        if not self.metadata.is_counter or len(self.data) != COUNTER_SIZE:
            return None
        return int.from_bytes(self.data[:4], "big"), int.from_bytes(self.data[4:], "big")

    def counted(self, count: int) -> StoredObject:
        """The same counter counted on: at its threshold it stays."""
        value, threshold = int.from_bytes(self.data[:4], "big"), int.from_bytes(self.data[4:], "big")
        return StoredObject(min(value + count, threshold).to_bytes(4, "big") + self.data[4:], self.metadata)

    def with_data(self, data: bytes) -> StoredObject:
        """The same object with other data; the used size follows, and is made where there is none (table 49, 0xC5).

        :raises ValueError: if its used size has too few bytes for that.
        """
        width = len(self.metadata.get(Tag.MAX_SIZE) or b"\0\0")
        if len(data) >= 1 << (8 * width):
            raise ValueError(f"{len(data)} bytes of data are too many for the object")
        return StoredObject(data, self.metadata.with_tags({Tag.USED_SIZE: len(data).to_bytes(width, "big")}))

    def with_content(self, info: ObjectInfo, data: bytes) -> StoredObject:
        """The same with as many bytes as it takes: one of a fixed length has that, what is missing is zeros."""
        size = fixed_size(info, self.metadata)
        return self.with_data(data if size is None else data[:size].ljust(size, b"\x00"))


class Store(Protocol):
    """Where the objects of one chip survive."""

    @property
    def model(self) -> ChipModel | None:
        """The model of the chip, if it is written down with it."""
        ...

    def load(self) -> dict[int, StoredObject]:
        """All objects by identifier; empty if the chip has not left its factory yet."""
        ...

    def load_context(self) -> bytes:
        """The application context that the chip has saved; empty if there is none."""
        ...

    def save(self, changed: Mapping[int, StoredObject], context: bytes | None = None) -> None:
        """Write some objects: all of them, or none if anything fails or ends the process meanwhile.

        :param context: the application context to keep with them; None leaves the one there is, empty drops it.
        """
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
        self._context = store.load_context()
        self._staged: dict[int, StoredObject] = {}
        self._lasting: dict[int, StoredObject] = {}
        self._staged_context: bytes | None = None

    def __len__(self) -> int:
        return len(self._objects)

    @property
    def saved_context(self) -> bytes:
        """The application context that the chip has saved; empty if there is none."""
        return self._context if self._staged_context is None else self._staged_context

    @property
    def content(self) -> dict[int, StoredObject]:
        """Every object as it is committed."""
        return dict(self._objects)

    def replace(self, content: Mapping[int, StoredObject], context: bytes) -> None:
        """Hold other objects, in the store first; what is staged is forgotten.

        :param content: of every object that there is.
        :param context: the application context that the chip has saved; empty for none.
        """
        self._store.save(content, context)
        self.discard()
        self._objects, self._context = dict(content), context

    def get(self, oid: int) -> StoredObject | None:
        """An object as the running command sees it; None if the chip has none of that identifier."""
        return self._staged.get(oid) or self._objects.get(oid)

    def put(self, oid: int, changed: StoredObject, *, lasting: bool = False) -> None:
        """Stage an object's new content.

        :param lasting: whether it can be kept when the command fails in the end.
        """
        self._staged[oid] = changed
        if lasting:
            self._lasting[oid] = changed

    def is_changing(self, oid: int) -> bool:
        """Whether new content of an object is staged."""
        return oid in self._staged

    def save_context(self, context: bytes) -> None:
        """Stage an application context, in place of any there is; empty to have none."""
        if context != self.saved_context:
            self._staged_context = context

    def commit(self) -> None:
        """Make what is staged true, in the store first; if that fails, none of it is."""
        staged, context = self._staged, self._staged_context
        if not staged and context is None:
            return
        self.discard()
        if context is None:
            self._store.save(staged)
        else:
            self._store.save(staged, context)
            self._context = context
        self._objects.update(staged)

    def discard(self, *, keep_lasting: bool = False) -> None:
        """Forget what is staged, or all of it but what lasts."""
        self._staged, self._lasting = (self._lasting if keep_lasting else {}), {}
        self._staged_context = None

    def close(self) -> None:
        """Give the store back."""
        self._store.close()
