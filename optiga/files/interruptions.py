"""Requests to end a run: Ctrl-C, SIGTERM, SIGHUP. Each becomes an exception, and can be made to wait.

Python does this for Ctrl-C alone: SIGTERM and SIGHUP end a process on the spot, with what it was just making half made.
"""

from __future__ import annotations

import signal
import sys
import time
from _thread import get_ident, start_new_thread
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType

from optiga.naming import Naming

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
"""The last is Ctrl-Break, which only Windows has, as only the others have SIGHUP."""
_UNWINDING_S = 3.0
"""How long a run that ends is left alone to say what has become of what it did, in seconds."""
_IMPORTING_S = 0.005
"""After which a request that came while modules were imported is made again, in seconds."""
_IMPORT = "<frozen importlib._bootstrap"


@contextmanager
def handled(numbers: Iterable[int], handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Handle signals as long as the context lasts. In the main thread only.

    One that is ignored stays so, as SIGHUP under ``nohup``: also for the programs that are run meanwhile.
    """
    before = {
        number: signal.signal(number, handler) for number in numbers if signal.getsignal(number) != signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)


class EndRequested(KeyboardInterrupt):
    """Someone wants the run to end: what is left to do is to leave nothing half done.

    :ivar number: the signal's.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class Unchanged(Naming):
    """What an interrupted run has left as it was, in the arguments of an interruption, where all else is a warning."""

    __slots__ = ()


def place_interruption(interrupted: KeyboardInterrupt, port: str, uid: str) -> None:
    """Have an interruption say at which port and chip it was, as ``port`` and ``uid``, once.

    :param uid: in hex; empty if it is not known.
    """
    interrupted.__dict__.setdefault("port", port)
    interrupted.__dict__.setdefault("uid", uid)


class Interruptions:
    """Makes an :class:`EndRequested` of each request to end, as long as the context lasts.

    A signal that is ignored stays so, as SIGHUP under ``nohup``, and one for which the caller has a handler stays the
    caller's. In other threads than the main one, where Python lets nobody handle signals, nothing is changed.

    For some seconds after a request, further ones are ignored: else they would cut off what is said of a key, as where
    a terminal and a supervisor ask both. A request that comes while a module is imported waits for the import's end: in
    there, Python makes another error of it, or drops it.

    :ivar number: the signal that ends the run, or None.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self._held = 0
        self._is_waiting = False
        self._ignored_until = 0.0
        self._outside: FrameType | None = None
        self._before: dict[int, object] = {}

    def __enter__(self) -> Interruptions:
        self.number, self._is_waiting, self._ignored_until = None, False, 0.0
        self._outside = sys._getframe(1)
        for name in _NAMES:
            number = getattr(signal, name, None)
            if number is None or signal.getsignal(number) not in (signal.SIG_DFL, signal.default_int_handler):
                continue
            try:
                self._before[number] = signal.signal(number, self._handle)
            except ValueError:  # not the main thread
                break
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        while self._before:
            number, handler = self._before.popitem()
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._outside = None

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if time.monotonic() < self._ignored_until:
            return
        if self._held:
            self.number, self._is_waiting = number, True
        elif self._is_importing(frame):
            start_new_thread(_ask_again, (number, get_ident()))
        else:
            raise self._ending(number)

    def _is_importing(self, frame: FrameType | None) -> bool:
        """Whether a module is being imported there, by what is run in the context."""
        while frame is not None and frame is not self._outside:
            if frame.f_code.co_filename.startswith(_IMPORT):
                return True
            frame = frame.f_back
        return False

    def _ending(self, number: int) -> EndRequested:
        self.number, self._ignored_until = number, time.monotonic() + _UNWINDING_S
        return EndRequested(number)

    def hold(self) -> None:
        """Let requests wait."""
        self._held += 1

    def release(self) -> None:
        """End what :meth:`hold` began.

        :raises EndRequested: if a request has come meanwhile.
        """
        self._held -= 1
        if self._is_waiting and not self._held:
            self._is_waiting = False
            assert self.number is not None  # noqa: S101 - it is set where waiting begins
            raise self._ending(self.number)


def _ask_again(number: int, thread: int) -> None:
    """Send a signal to a thread once more, a little later."""
    time.sleep(_IMPORTING_S)
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(thread, number)
    else:
        signal.raise_signal(number)


INTERRUPTIONS = Interruptions()
"""Those of this process."""


class Uninterrupted:
    """A section for whose end requests wait, so that what is made in it is known to whoever has to take it back.

    The request is an exception at the section's end, which must lie where that is taken care of. It reaches no further
    than :class:`Interruptions`: where nobody has made exceptions of signals, nothing waits.
    """

    def __enter__(self) -> None:
        INTERRUPTIONS.hold()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        INTERRUPTIONS.release()
