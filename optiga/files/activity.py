"""Slow activities of a run, for progress messages. Without a listener, they cost almost nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sized
from types import TracebackType
from typing import Protocol, TypeVar

T = TypeVar("T")


class Activity:
    """Something that takes its time, as long as its context lasts.

    :param say: what it is, in a few words; asked only if somebody is to be told.
    :param of: how many parts it has; 0 where nobody knows.
    :param note: what to say where there is no terminal, of a wait for somebody else that takes long; None for nothing.
    :ivar is_shown: whether a person has been told of it.
    """

    __slots__ = ("began", "done", "is_shown", "note", "of", "say")

    def __init__(self, say: Callable[[], str], of: int = 0, *, note: Callable[[], str] | None = None) -> None:
        self.say: Callable[[], str] = say
        self.of: int = of
        self.note: Callable[[], str] | None = note
        self.done: int = 0
        self.began: float = 0.0
        self.is_shown: bool = False

    def __enter__(self) -> Activity:
        if _watchers:
            self.began = time.monotonic()
            _watchers[-1].begin(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.began and _watchers:
            _watchers[-1].end(self)


class Watcher(Protocol):
    """Somebody who tells a person what is going on."""

    def begin(self, activity: Activity) -> None: ...
    def end(self, activity: Activity) -> None: ...


_watchers: list[Watcher] = []


def is_watched() -> bool:
    """Whether anybody is told."""
    return bool(_watchers)


def watch(watcher: Watcher) -> Callable[[], None]:
    """Have somebody told from now on, in place of who was before.

    :returns: what ends it.
    """
    _watchers.append(watcher)

    def end() -> None:
        if watcher in _watchers:
            _watchers.remove(watcher)

    return end


def each(what: str, parts: Iterable[T]) -> Iterator[T]:
    """Go through the parts of an activity.

    :param what: what is done to all of them, in a few words.
    """
    parts = parts if isinstance(parts, Sized) else list(parts)
    with Activity(lambda: what, len(parts)) as activity:
        for part in parts:
            yield part
            activity.done += 1
