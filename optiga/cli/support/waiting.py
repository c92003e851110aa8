"""One line at the terminal, for a person who waits: what takes its time, and how far it has come."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from shutil import get_terminal_size
from typing import TextIO

from optiga.files.activity import Activity, watch
from optiga.files.shown import shown

PATIENCE_S = 0.5
"""What takes no longer is not told, in seconds."""
_TICK_S = 0.1


class WaitingLine:
    """A line that says what is going on, and is erased when it is over.

    :param stream: the terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.RLock()
        self._activities: list[Activity] = []
        self._line = ""
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
            self._thread = threading.Thread(target=self._run, name="waiting", daemon=True)
            self._thread.start()

    def end(self, activity: Activity) -> None:
        with self._lock:
            if activity in self._activities:
                self._activities.remove(activity)
            if not self._activities:
                self.erase()

    def erase(self) -> None:
        """Take the line away, so that something else can be printed."""
        with self._lock:
            self._show("")

    def close(self) -> None:
        """Take the line away for good."""
        if self._stop is not None:
            self._stop()
        self._ended.set()
        self.erase()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(_TICK_S):
            with self._lock:
                now = time.monotonic()
                long = [one for one in self._activities if now - one.began >= PATIENCE_S]
                if long:
                    self._show(_line(long[-1], now))
                elif self._line:
                    self.erase()

    def _show(self, line: str) -> None:
        line = line[: max(get_terminal_size().columns - 1, 1)]
        if line == self._line:
            return
        with suppress(OSError, ValueError):  # a terminal that is gone is told nothing
            self._stream.write(f"\r{line.ljust(len(self._line))}" + ("" if line else "\r"))
            self._stream.flush()
        self._line = line


def _line(activity: Activity, now: float) -> str:
    what = shown(activity.say())
    if activity.of:
        return f"{what}, {100 * activity.done // activity.of} %"
    return f"{what}, {int(now - activity.began)} s"
