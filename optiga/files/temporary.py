"""Files and folders under a temporary name beside their own, until they are whole.

None stays: what a run made and did not give its name is taken away when the run ends, whatever ends it, and what a
killed run has left is taken away by the next one that makes something in the same folder. A run that lives has a lock
on what it makes, the operating system's, which ends with the process.
"""

from __future__ import annotations

import atexit
import os
import re
import stat
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from optiga.files.interruptions import Uninterrupted

if sys.platform == "win32":

    def _lock(_descriptor: int) -> None:
        """Nothing: Windows removes no file that is open."""

else:
    from fcntl import LOCK_EX, LOCK_NB, flock

    def _lock(descriptor: int) -> None:
        """Lock it until it is closed.

        :raises OSError: if another process has locked it.
        """
        flock(descriptor, LOCK_EX | LOCK_NB)


_NAME = r"\..+\.[0-9a-f]{12}\.tmp(-journal)?"
_JOURNAL = "-journal"
"""SQLite's, beside a file of SQLite's that was being made."""
_NEW_FILE = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_LOOK = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


class Temporary:
    """A new file or folder with a temporary name, which is gone when the context ends, unless it was moved.

    :param target: what it is going to be; it is made in the same folder.
    :param mode: permissions, less those that the process's umask takes away.
    :param is_folder: make a folder.
    :ivar path: its name until then.
    :ivar descriptor: of the open file, for reading and writing; of a folder where the system has such, else -1.
    """

    def __init__(self, target: Path, mode: int, *, is_folder: bool = False) -> None:
        self._target, self._mode, self._is_folder = target, mode, is_folder
        self.path: Path = target
        self.descriptor: int = -1

    def __enter__(self) -> Temporary:
        """Make it.

        :raises OSError: if it cannot be made.
        """
        sweep(self._target.parent)
        try:
            with Uninterrupted():  # what comes meanwhile is raised here, where the name is known
                while not self._make():
                    pass
        except BaseException:
            self.drop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.drop()

    def replace(self, target: Path) -> None:
        """Give it its name; a file or an empty folder of that name before it is replaced.

        :raises OSError: if that cannot be; it still has its temporary name then.
        """
        if os.name == "nt":
            self._close()  # nothing that is open is moved there
            if self._is_folder and target.is_dir():  # elsewhere an empty folder is replaced in one step
                target.rmdir()
        with Uninterrupted():
            self.path.replace(target)
            _LIVE.discard(self)

    def take(self, target: Path) -> None:
        """Give it a name that is free, in one step, so that of two processes one does.

        :raises FileExistsError: if the name is taken.
        :raises OSError: if that cannot be, as where a file system has no hard links.
        """
        if os.name != "nt":
            target.hardlink_to(self.path)
            return
        self._close()
        with Uninterrupted():
            self.path.rename(target)  # refuses to replace there
            _LIVE.discard(self)

    def drop(self) -> None:
        """Take it away, unless it was moved. Nothing is done the second time."""
        with Uninterrupted():
            if self in _LIVE:
                _remove(self.path, is_folder=self._is_folder)
                _LIVE.discard(self)
            self._close()

    def _make(self) -> bool:
        """Make it and lock it; False if another process took it for left in between, and removed it."""
        self.path = self._target.with_name(f".{self._target.name.lstrip('.')[:64]}.{os.urandom(6).hex()}.tmp")
        if self._is_folder:
            self.path.mkdir(mode=self._mode)
            _LIVE.add(self)
            if hasattr(os, "O_DIRECTORY"):
                with suppress(FileNotFoundError):
                    self.descriptor = os.open(self.path, _LOOK | os.O_DIRECTORY)
        else:
            self.descriptor = os.open(self.path, _NEW_FILE, self._mode)
            _LIVE.add(self)
        try:
            _lock(self.descriptor)
        except BlockingIOError:  # somebody who sweeps has it, and is going to remove it
            self.drop()
            return False
        except OSError:  # a file system without locks
            pass
        if os.path.lexists(self.path):
            return True
        self.drop()
        return False

    def _close(self) -> None:
        if self.descriptor != -1:
            with suppress(OSError):
                os.close(self.descriptor)
            self.descriptor = -1


_LIVE: set[Temporary] = set()
"""What this process has made, and neither moved nor taken away."""


@atexit.register
def drop_all() -> None:
    """Take away what was made and is still there: an interruption may come where nobody can catch it."""
    for made in tuple(_LIVE):
        made.drop()


def sweep(folder: Path) -> None:
    """Take away what killed runs have left in a folder; where that cannot be, it stays."""
    try:
        with os.scandir(folder) as entries:
            left = [entry.name for entry in entries if entry.name[:1] == "." and re.fullmatch(_NAME, entry.name)]
    except OSError:
        return
    for name in sorted(left):  # a journal behind what it belongs to
        with suppress(OSError):
            _sweep_one(folder / name)


def _sweep_one(path: Path) -> None:
    """Remove it if nobody is making it.

    :raises OSError: if somebody is, or it cannot be removed.
    """
    found = path.lstat()
    if hasattr(os, "geteuid") and found.st_uid != os.geteuid():
        return
    if path.name.endswith(_JOURNAL):
        if not os.path.lexists(str(path)[: -len(_JOURNAL)]):
            path.unlink()
    elif stat.S_ISREG(found.st_mode) and found.st_nlink > 1:
        # Its content has its own name as well. It may be of a chip that this process has open, whose locks would be
        # gone if it were closed here (POSIX).
        path.unlink()
    elif stat.S_ISREG(found.st_mode) or (stat.S_ISDIR(found.st_mode) and hasattr(os, "O_DIRECTORY")):
        descriptor = os.open(path, _LOOK)
        try:
            _lock(descriptor)
            if os.name != "nt":
                _remove(path, is_folder=stat.S_ISDIR(found.st_mode))
        finally:
            os.close(descriptor)
        if os.name == "nt":
            _remove(path, is_folder=False)


def _remove(path: Path, *, is_folder: bool) -> None:
    with suppress(OSError):
        if is_folder:
            import shutil

            shutil.rmtree(path)
        else:
            path.unlink()
