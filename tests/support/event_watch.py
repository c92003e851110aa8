"""Counting what a run does to the world, and striking it at one of these events. Works inside the run's own process.

What an event is: anything that another process, or the same one after its death, can see. A file or folder is made,
opened for writing, written, synchronized, renamed, linked, removed; an SQL statement changes something; a command goes
to a chip, bytes go to a port or to a server, an answer comes back.
"""

from __future__ import annotations

import errno
import os
import re
import signal
import threading
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

Result = TypeVar("Result")
_DRAWN = re.compile("[0-9a-f]{12,}")
"""What is another in each run: the middle of a temporary name, a fingerprint, an identifier."""
_write = os.write


class Action(Enum):
    """What happens at an event."""

    KILL = "SIGKILL"
    TERM = "SIGTERM"
    HANGUP = "SIGHUP"
    INTERRUPT = "SIGINT"
    FULL = "ENOSPC"
    """The disk is full from there on: what takes room on it fails."""
    BROKEN = "EIO"
    """The disk fails from there on."""

    @property
    def number(self) -> int:
        """The signal's, or the system's error."""
        return int(getattr(errno if self.fails else signal, self.value))

    @property
    def fails(self) -> bool:
        """Whether a call of the system fails, and no signal is sent."""
        return self in (Action.FULL, Action.BROKEN)


class Moment(Enum):
    """On which side of an event."""

    BEFORE = "before"
    AFTER = "after"


class Need(Enum):
    """What an event needs of the disk."""

    NOTHING = "nothing"
    DISK = "disk"
    """That it works."""
    ROOM = "room"
    """That there is room on it, too."""


class Event(NamedTuple):
    """Something that a run has done.

    :param number: counted from 1.
    :param kind: what, for example ``fsync`` or ``exchange GenKeyPair``.
    :param target: to what; a path is relative to the job's folder, and what is drawn at random in it is ``…``.
    """

    number: int
    kind: str
    target: str
    need: Need = Need.NOTHING

    @property
    def name(self) -> str:
        return f"{self.kind} {self.target}".rstrip()

    def __str__(self) -> str:
        return f"{self.number}: {self.name}"


class Strike(NamedTuple):
    """What is to happen to a run.

    :param number: at which event.
    """

    number: int
    action: Action
    moment: Moment = Moment.BEFORE


class Watch:
    """Sees each event of a run pass, and writes it down before it happens.

    :param folder: that the run works in.
    :param descriptor: what the lines are written to: ``event``, kind, target and need with tabs
        between them, and ``struck`` where it is.
    :param strike: None leaves the run alone.
    """

    def __init__(self, folder: str, descriptor: int, strike: Strike | None) -> None:
        self._folder = os.path.realpath(folder)
        self._descriptor = descriptor
        self._strike = strike
        self._count = 0
        self._is_muted = True
        self._is_failing = False
        self._owed: Action | None = None

    def begin(self) -> None:
        """Count from here on."""
        self._is_muted = False

    def end(self) -> None:
        """Count no more."""
        self._is_muted = True

    @property
    def is_muted(self) -> bool:
        return self._is_muted

    def passing(
        self,
        kind: str,
        target: str,
        do: Callable[[], Result],
        *,
        need: Need = Need.NOTHING,
        is_whole: bool = True,
        in_callback: bool = False,
    ) -> Result:
        """Have something done that is an event.

        :param is_whole: nothing that it does is an event of its own.
        :param in_callback: called by a library that would swallow what a handler of a signal raises; as when a signal
            comes while the library works, that handler then runs once it has returned (:meth:`pay`).
        """
        if self._is_muted:
            return do()
        self._count += 1
        self._report("event", kind, hide_drawn(target), need.value)
        number, action, moment = self._strike or (0, Action.KILL, Moment.BEFORE)
        is_struck = number == self._count
        if is_struck and moment is Moment.BEFORE:
            self._act(action, in_callback=in_callback)
        if self._is_failing and (need is Need.ROOM or (need is Need.DISK and action is Action.BROKEN)):
            raise OSError(action.number, os.strerror(action.number), target)
        self._is_muted = is_whole
        try:
            return do()
        finally:
            self._is_muted = False
            if is_struck and moment is Moment.AFTER:
                self._act(action, in_callback=in_callback)

    def pay(self) -> None:
        """Send the signal that came while a library worked."""
        if self._owed is not None:
            owed, self._owed = self._owed, None
            _send(owed)

    def name_of(self, path: object) -> str:
        """A path as events have it."""
        if not isinstance(path, str | bytes | os.PathLike):
            return str(path)
        named = Path(os.fsdecode(path))
        near = os.path.relpath(named.parent.resolve() / named.name, self._folder)
        return f"…/{named.name}" if near.startswith(os.path.join("..", "..")) else near  # noqa: PTH118

    def _act(self, action: Action, *, in_callback: bool) -> None:
        self._report("struck")
        if action.fails:
            self._is_failing = True
        elif in_callback and callable(signal.getsignal(action.number)):
            self._owed = action
        else:
            _send(action)

    def _report(self, *words: str) -> None:
        _write(self._descriptor, ("\t".join(words) + "\n").encode("utf-8", "backslashreplace"))


def hide_drawn(text: str) -> str:
    """A name without what is drawn at random in it, so that it is the same in each run."""
    return _DRAWN.sub("…", text)


def _send(action: Action) -> None:
    """Send a signal to this process; a handler in Python has run when this returns.

    In another thread than the main one, which handlers run in, this does not return if there is a handler: what the
    thread was about to do is not done, whichever of the two is the faster.
    """
    if threading.current_thread() is not threading.main_thread() and callable(signal.getsignal(action.number)):
        os.kill(os.getpid(), action.number)
        threading.Event().wait()
    signal.raise_signal(action.number)
    for _ in range(100):  # the interpreter looks for signals between instructions
        pass


class Names:
    """What files are called that the run knows by number only."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._paths: dict[int, str] = {}

    def keep(self, descriptor: int, path: Any) -> int:
        self._paths[descriptor] = self._watch.name_of(path)
        return descriptor

    def find(self, file: Any) -> str:
        """The name of a file that is given by path or number."""
        return self._paths.get(file, f"descriptor {file}") if isinstance(file, int) else self._watch.name_of(file)
