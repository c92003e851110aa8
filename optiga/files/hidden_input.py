"""What is typed hidden stays so when its process is stopped and goes on: Ctrl-Z and ``fg`` in a shell."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

try:
    import termios
except ImportError:  # Windows, whose processes nobody stops so
    termios = None  # type: ignore[assignment]

_TERMINAL = "/dev/tty"
_LOCAL_FLAGS = 3
"""Where :func:`termios.tcgetattr` has the flag for echo."""
_TRIES = 100


@contextmanager
def staying_hidden(prompt: str) -> Iterator[None]:
    """Something is typed hidden, as :func:`getpass.getpass` reads it.

    A shell that lets a stopped process go on sets the terminal as it has it itself: with echo. Then echo is turned off
    again, and asked anew, for the terminal has thrown away what was typed before.

    :param prompt: what is printed again.
    """
    if sys.platform == "win32" or termios is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    try:
        descriptor = os.open(_TERMINAL, os.O_RDWR | os.O_NOCTTY)
    except OSError:  # there is none, and getpass warns of that
        yield
        return
    try:
        _come_to_the_foreground(descriptor)
        before = termios.tcgetattr(descriptor)

        def hide(*_: Any) -> None:
            with suppress(termios.error, OSError):
                flags = termios.tcgetattr(descriptor)
                flags[_LOCAL_FLAGS] &= ~termios.ECHO
                termios.tcsetattr(descriptor, termios.TCSAFLUSH, flags)
                os.write(descriptor, prompt.encode("utf-8", "replace"))

        handler = signal.signal(signal.SIGCONT, hide)
        try:
            yield
        finally:
            signal.signal(signal.SIGCONT, signal.SIG_DFL if handler is None else handler)
            with suppress(termios.error):  # a signal between getpass's end and here has turned echo off
                termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
    finally:
        os.close(descriptor)


def _come_to_the_foreground(descriptor: int) -> None:
    """Stop as a process in the background does that reads from its terminal, until the shell lets it have that.

    How the terminal is set before is the shell's business: as it edits a command line, Enter ends none. A process that
    no shell looks after is not stopped by the signal, and goes on.
    """
    for _ in range(_TRIES):
        if os.tcgetpgrp(descriptor) == os.getpgrp():
            return
        os.killpg(0, signal.SIGTTIN)
