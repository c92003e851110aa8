"""One process at a time on one board or one emulated chip, and who it is.

The lock itself is the operating system's and ends with its process, however that ends. A line beside it says who
took it last, for the message to the one who has to wait.
"""

from __future__ import annotations

import hashlib
import os
import sys
from contextlib import suppress
from pathlib import Path

from optiga.errors import BoardError

DEFAULT_WAIT_S = 10.0


class ResourceLock:
    """An exclusive lock on a board's port or an emulated chip's file.

    :param path: the lock file; its folder is made if it is not there.
    :param port: how the user names what is locked, for the message.
    :param wait_s: how long to wait for another process, in seconds.
    """

    def __init__(self, path: Path, *, port: str, wait_s: float = DEFAULT_WAIT_S) -> None:
        self._path = path
        self._owner_path = path.with_name(path.name + ".owner")
        self._port = port
        self._wait_s = wait_s
        self._lock: object = None

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
            raise BoardError(
                f"in use by {self._owner()}", hint="Wait for it to end, or end it", port=self._port
            ) from None
        except OSError as error:
            raise BoardError(f"cannot be locked: {self._path}: {error.strerror or error}", port=self._port) from error
        self._lock = lock
        with suppress(OSError):  # who holds the lock is a help to others, not a need of ours
            self._owner_path.write_text(_describe_this_process(), encoding="utf-8")

    def release(self) -> None:
        """Give the lock back. Does nothing if it is not held."""
        from filelock import FileLock

        if isinstance(self._lock, FileLock):
            with suppress(OSError):
                self._owner_path.unlink()
            self._lock.release()
        self._lock = None

    def _owner(self) -> str:
        with suppress(OSError, UnicodeDecodeError):
            text = self._owner_path.read_text(encoding="utf-8").strip()
            if text:
                return text
        return "another process"


def lock_path_for_port(device: str) -> Path:
    """Where the lock of a serial device or URL lies: in the user's state folder, under a name made from it."""
    from platformdirs import user_state_path

    digest = hashlib.sha256(device.encode()).hexdigest()[:16]
    return user_state_path("optiga", appauthor=False) / "locks" / f"{digest}.lock"


def _describe_this_process() -> str:
    command = " ".join(sys.argv[:1] + [word for word in sys.argv[1:] if len(word) < 40])[:100]
    return f"process {os.getpid()} ({command})"
