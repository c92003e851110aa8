"""A program at a terminal: what is typed there, and what a person sees."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import struct
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.patience import LIMIT_S

_CONTROL = re.compile(
    r"\x1b(?:\[[0-9;:?<=>]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][A-Z0-9]|[=>78cDEHMNOZ])|[\x00-\x07\x0e-\x1a]"
)


def plain(text: str) -> str:
    """A terminal's text without what it obeys."""
    return _CONTROL.sub("", text).replace("\r", "")


class Terminal:
    """A program whose three streams are a terminal."""

    def __init__(self, process: int, descriptor: int) -> None:
        self._process, self._descriptor = process, descriptor
        self.raw = ""
        self._seen = 0

    @property
    def text(self) -> str:
        """All that it has printed."""
        return plain(self.raw)

    def type(self, keys: str) -> None:
        os.write(self._descriptor, keys.encode())

    def go_on(self) -> None:
        """Do as a shell with a stopped process: set the terminal as the shell has it, and let the process go on."""
        import termios

        flags = termios.tcgetattr(self._descriptor)
        flags[3] |= termios.ECHO
        termios.tcsetattr(self._descriptor, termios.TCSADRAIN, flags)
        os.kill(self._process, signal.SIGCONT)

    def wait_for(self, pattern: str) -> str:
        """What it prints until something that a pattern finds, from where the last wait ended.

        :raises AssertionError: if that does not come.
        """
        end = time.monotonic() + LIMIT_S
        while True:
            new = plain(self.raw[self._seen :])
            if re.search(pattern, new):
                self._seen = len(self.raw)
                return new
            if not self._read(end - time.monotonic()):
                raise AssertionError(f"no {pattern!r} in {new!r}")

    def wait_for_end(self) -> str:
        """All that it prints to its end."""
        end = time.monotonic() + LIMIT_S
        while self._read(end - time.monotonic()):
            pass
        return self.text

    def press_to_end(self, key: str) -> str:
        """All that it prints to its end, which a key brings; pressed again where it is not heard.

        Python's readline overlooks a signal that comes between its prompt and its first look at the keyboard.
        """
        end = time.monotonic() + LIMIT_S
        while time.monotonic() < end:
            self.type(key)
            if select.select([self._descriptor], [], [], 1)[0]:
                return self.wait_for_end()
        raise AssertionError(f"{key!r} does not end it: {self.text!r}")

    def _read(self, seconds: float) -> bool:
        if seconds <= 0 or not select.select([self._descriptor], [], [], seconds)[0]:
            return False
        try:
            new = os.read(self._descriptor, 65536)
        except OSError:  # on Linux, where the last process has left it
            return False
        if b"\x1b[c" in new or b"\x1b[0c" in new:  # what are you? fish waits for an answer
            self.type("\x1b[?1;2c")
        self.raw += new.decode("utf-8", "replace")
        return bool(new)

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)
        os.close(self._descriptor)


@contextmanager
def terminal(
    command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None, *, columns: int = 80
) -> Iterator[Terminal]:
    """A program at a terminal of some columns and 40 rows, as long as the context lasts."""
    import fcntl
    import pty
    import termios

    process, descriptor = pty.fork()
    if process == 0:
        try:
            for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)  # whoever runs the tests may ignore them, as behind nohup or &
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
            os.chdir(folder)
            os.execvpe(command[0], list(command), {**os.environ, "TERM": "xterm", **(environment or {})})
        finally:
            os._exit(127)
    shown = Terminal(process, descriptor)
    try:
        yield shown
    finally:
        shown.close()
