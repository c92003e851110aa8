"""One process at a time on one board or one emulated chip, and who it is.

A lock itself is the operating system's and ends with its process, however that ends. A line beside it says who took
it last, for the message to the one who has to wait.
"""

from __future__ import annotations

import hashlib
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from optiga.errors import BoardError
from optiga.files.interruptions import Uninterrupted

if TYPE_CHECKING:
    from filelock import BaseFileLock

DEFAULT_WAIT_S = 10.0
"""How long the second of two processes waits for the first, in seconds."""


class Owner:
    """The line that says who holds a lock, in a file beside it.

    :param path: what is locked.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(path.name + ".owner")

    @property
    def was_left(self) -> bool:
        """Whether whoever held it last did not say that he is done: he was killed, or in the middle of something."""
        return self._path.exists()

    def sign(self) -> None:
        """Say that this process holds it. A help to others, no need of ours: if it cannot be written, it is not."""
        words = sys.argv[:1] + [word for word in sys.argv[1:] if len(word) < 40]
        text = f"process {os.getpid()} ({' '.join(words)[:100]})"
        # No link that somebody has put there is followed, and what other programs were started with is for nobody else.
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
        with suppress(OSError), os.fdopen(os.open(self._path, flags, 0o600), "wb") as file:
            file.write(text.encode("utf-8", "backslashreplace"))

    def erase(self) -> None:
        """Say that nobody holds it."""
        with Uninterrupted(), suppress(OSError):
            self._path.unlink()

    def in_use(self, port: str) -> BoardError:
        """The error for one who cannot have it.

        :param port: how the user names what is locked.
        """
        name = "another process"
        with suppress(OSError, UnicodeDecodeError):
            name = self._path.read_text(encoding="utf-8").strip() or name
        return BoardError(f"in use by {name}", hint="Wait for it to end, or end it", port=port)


class PortLock:
    """An exclusive lock on a board's port.

    :param path: the lock file; its folder is made if it is not there.
    :param port: how the user names the port, for the message.
    :param wait_s: how long to wait for another process, in seconds.
    """

    def __init__(self, path: Path, *, port: str, wait_s: float = DEFAULT_WAIT_S) -> None:
        self._path = path
        self._port = port
        self._wait_s = wait_s
        self._owner = Owner(path)
        self._lock: BaseFileLock | None = None
        self.was_left = False

    def acquire(self) -> None:
        """Take the lock.

        :raises BoardError: if another process still holds it after the wait, or the lock file cannot be made.
        """
        from filelock import FileLock, Timeout

        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = FileLock(self._path, timeout=self._wait_s, mode=0o600)
            lock.acquire()
        except Timeout:
            raise self._owner.in_use(self._port) from None
        except OSError as error:
            raise BoardError(
                f"cannot be locked: {self._path}: {error.strerror or error}",
                hint="Set XDG_STATE_HOME to a folder you may write",
                port=self._port,
            ) from error
        self._lock = lock
        self.was_left = self._owner.was_left
        self._owner.sign()

    def release(self, *, done: bool = True) -> None:
        """Give the lock back. Does nothing if it is not held.

        :param done: False if the board was left in the middle of an exchange, for the next one to know.
        """
        if self._lock is not None:
            if done:
                self._owner.erase()
            self._lock.release()
        self._lock = None


def lock_path_for_port(device: str) -> Path:
    """Where the lock of a serial device or URL lies: in the user's state folder, under a name made from it."""
    import tempfile

    from platformdirs import user_state_path

    digest = hashlib.sha256(os.fsencode(device)).hexdigest()[:16]
    folder = user_state_path("optiga", appauthor=False) / "locks"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:  # a home that cannot be written, as in many a container
        folder = Path(tempfile.gettempdir())
    return folder / f"optiga-{digest}.lock"
