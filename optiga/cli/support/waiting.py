"""What a person is told who waits: a line at the terminal that is erased again, else a note of what takes long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

from optiga.cli.support.printing import terminal_columns
from optiga.files.activity import Activity, watch
from optiga.files.interruptions import INTERRUPTIONS
from optiga.files.shown import shown

PATIENCE_S = 0.5
"""What takes no longer is not told, in seconds."""
NOTE_S = 2.0
"""What takes no longer is not told where there is no terminal, in seconds."""
_TICK_S = 0.1
_ECHO = "^C"
"""What a terminal shows behind the line when Ctrl-C is typed."""


class _Waiting:
    """Somebody who looks now and then at what is going on.

    :ivar has_taken_echo: whether what was erased of a terminal's line had the echo of the Ctrl-C that ends the run.
    """

    has_taken_echo: bool = False

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._activities: list[Activity] = []
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._stop: Callable[[], None] | None = None

    def open(self) -> None:
        """Listen from now on."""
        self._stop = watch(self)

    def begin(self, activity: Activity) -> None:
        with self._lock:
            self._activities.append(activity)
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="waiting", daemon=True)
                thread.start()
                self._thread = thread  # only now: one that Ctrl-C has not let start cannot be joined

    def end(self, activity: Activity) -> None:
        with self._lock:
            if activity in self._activities:
                self._activities.remove(activity)
            if not self._activities:
                self.erase()

    def erase(self) -> None:
        """Take away what is to be seen, so that something else can be printed."""

    def close(self) -> None:
        """End for good."""
        if self._stop is not None:
            self._stop()
        self._ended.set()
        self.erase()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(_TICK_S):
            with self._lock:
                self._look(time.monotonic())

    def _look(self, now: float) -> None:
        """See whether there is something to tell."""
        raise NotImplementedError


class WaitingLine(_Waiting):
    """A line that says what is going on, and is erased when it is over.

    :param stream: the terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._line = ""
        self.has_taken_echo: bool = False

    def erase(self) -> None:
        """Take the line away, so that something else can be printed."""
        with self._lock:
            self._show("")

    def _look(self, now: float) -> None:
        long = [one for one in self._activities if now - one.began >= PATIENCE_S]
        if long:
            long[-1].is_shown = True
            self._show(_line(long[-1], now))
        elif self._line:
            self.erase()

    def _show(self, line: str) -> None:
        line = _cut(line, max(terminal_columns() - len(_ECHO) - 1, 1))
        if line == self._line:
            return
        self.has_taken_echo = self.has_taken_echo or (not line and INTERRUPTIONS.number is not None)
        with suppress(OSError, ValueError):  # a terminal that is gone is told nothing
            padding = 0 if line else len(_ECHO)
            self._stream.write(f"\r{line.ljust(len(self._line) + padding)}" + ("" if line else "\r"))
            self._stream.flush()
        self._line = line


class WaitingNotes(_Waiting):
    """Says in a line of its own what is waited for, once for each, where there is no terminal.

    :param say: prints a note.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__()
        self._say = say
        self._said: set[str] = set()

    def begin(self, activity: Activity) -> None:
        if activity.note is not None:
            super().begin(activity)

    def _look(self, now: float) -> None:
        for one in self._activities:
            if one.note is not None and not one.is_shown and now - one.began >= NOTE_S:
                one.is_shown = True
                if (text := one.note()) not in self._said:
                    self._said.add(text)
                    self._say(text)


_LONGEST_CUT = 20
"""Letters of a word in place of which nothing of it is shown."""


def _cut(line: str, width: int) -> str:
    """A line that fits: what is left out stands before the time, which shows that something goes on."""
    if len(line) <= width:
        return line
    what, comma, time = line.rpartition(", ")
    end = f"…{')' * what.endswith(')')}{comma}{time}"
    if width <= len(end):
        return line[:width]
    head = what[: width - len(end)]
    words, blank, _ = head.rpartition(" ")
    return (words + blank if len(words) > len(head) - _LONGEST_CUT and "(" in words else head) + end


def _line(activity: Activity, now: float) -> str:
    what = shown(activity.say())
    if activity.of:
        return f"{what}, {100 * activity.done // activity.of} %"
    return f"{what}, {int(now - activity.began)} s"
