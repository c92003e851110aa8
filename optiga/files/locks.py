"""One process at a time on one board or one emulated chip, and who it is.

A lock itself is the operating system's and ends with its process, however that ends. A line beside it says who took
it last, for the message to the one who has to wait.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from optiga.errors import BoardError, Reason
from optiga.files.activity import Activity
from optiga.files.interruptions import Uninterrupted
from optiga.files.user_folders import state_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

if sys.platform != "win32":
    from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock

DEFAULT_WAIT_S = 10.0
"""How long the second of two processes waits for the first, in seconds."""
_FLAGS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_POLL_S = 0.05
"""How often somebody who waits for a lock looks for it, in seconds."""
_MOST_WORDS = 400
"""Most bytes that are read of what somebody says of himself."""
_LONG_WORD, _LONG_LINE = 40, 100
"""Letters of a word, and of a command line, that are told."""
_SOMEBODY = "another process"
_USES_CHIP = "uses the chip"
_OLD_S = 24 * 3600.0
"""After this, in seconds, what a killed process has left in the folder for want of a home is taken away."""
_held: WeakValueDictionary[str, Owner] = WeakValueDictionary()
"""Those of this process who hold a lock, by the path. Whoever is forgotten without giving it back is gone from it."""


class Owner:
    """The line that says who holds a lock, in a file beside it.

    :param path: what is locked.
    :param use: what whoever holds it does, for the message to the one who waits.
    """

    def __init__(self, path: Path, use: str = _USES_CHIP) -> None:
        self._use = use
        self._path = path.with_name(path.name + ".owner")
        self._key = os.path.realpath(path)
        self._thread = (0, 0)

    @property
    def is_this_thread(self) -> bool:
        """Whether this very thread holds it, so that to wait for it would be to wait for oneself."""
        holder = _held.get(self._key)
        return holder is not None and holder._thread == _this_thread()

    @property
    def _is_this_process(self) -> bool:
        holder = _held.get(self._key)
        return holder is not None and holder._thread[0] == os.getpid()

    @property
    def _is_forgotten(self) -> bool:
        """Whether this process has taken it, and has forgotten whoever held it without giving it back.

        Another thread may be giving it back just now: good for a message where waiting was in vain.
        """
        return self._key not in _held and self.name.startswith(_name_of_process())

    @property
    def was_left(self) -> bool:
        """Whether whoever held it last did not say that he is done: he was killed, or in the middle of something."""
        try:
            return stat.S_ISREG(os.lstat(self._path).st_mode)
        except (OSError, ValueError):
            return False

    def sign(self) -> None:
        """Say that this process holds it. A help to others, no need of ours: if it cannot be written, it is not."""
        self._thread = _this_thread()
        _held[self._key] = self
        text = f"{_name_of_process()}({command_line(sys.argv)})"
        # No link that somebody has put there is followed, no pipe is waited for, and what other programs were started
        # with is for nobody else.
        with suppress(OSError), os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT | _FLAGS, 0o600), "wb") as file:
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                file.truncate()
                file.write(text.encode("utf-8", "backslashreplace"))

    def erase(self) -> None:
        """Say that nobody holds it. What a process has taken, one that it has forked does not give back."""
        if self._thread[0] not in (0, os.getpid()):
            return
        self.give_up()
        with Uninterrupted(), suppress(OSError):
            self._path.unlink()

    def give_up(self) -> None:
        """No longer hold it, though the line stays, because something was left half done."""
        if _held.get(self._key) is self:
            del _held[self._key]

    def in_use(self, port: str) -> BoardError:
        """The error for one who cannot have it.

        :param port: how the user names what is locked.
        """
        if self._is_this_process or self._is_forgotten:
            forgotten = "A chip was opened and not closed: call its 'close', or open it in a 'with' statement"
            return BoardError(
                "in use by this process, which has it open already",
                hint=forgotten if self._is_forgotten else "Close it first, or use the chip that is open",
                port=port,
                reason=Reason.BUSY,
            )
        said = f"in use by {self.name}" if self._use == _USES_CHIP else f"{self.name}, which {self._use}, has not ended"
        return BoardError(said, hint="Wait for it to end, or end it", port=port, reason=Reason.BUSY)

    @property
    def name(self) -> str:
        """Who holds it, as he has written it down: ``process 20314 (optiga.py info)``."""
        with suppress(OSError, ValueError), os.fdopen(os.open(self._path, os.O_RDONLY | _FLAGS), "rb") as file:
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return file.read(_MOST_WORDS).decode("utf-8").strip() or _SOMEBODY
        return _SOMEBODY

    def waiting(self) -> Activity:
        """The time until somebody else has given it back."""
        return Activity(lambda: f"Waiting for {self.name}", note=lambda: f"Waiting for {self.name}, which {self._use}")


_NO_PROGRAM = ("", "-", "-c")
"""What Python has as the name of a program that is in no file: typed in, piped in, or on the command line."""


def command_line(words: Sequence[str]) -> str:
    """A command line as others are told it: with … for long words."""
    program, *others = words or [""]
    if program in _NO_PROGRAM:
        return " ".join(["python", *filter(None, [program])])
    shown = [os.path.basename(program.removesuffix(f"{os.sep}__main__.py")) or "python"]  # noqa: PTH119
    for word in others:
        one = word if len(word) < _LONG_WORD else "…"
        if len(" ".join([*shown, one])) > _LONG_LINE:
            return " ".join([*shown, "…"])
        shown.append(one)
    return " ".join(one if len(one) < _LONG_WORD else "…" for one in shown)


def _name_of_process() -> str:
    """How the line of this process begins."""
    return f"process {os.getpid()} "


def _this_thread() -> tuple[int, int]:
    return os.getpid(), threading.get_ident()


class PortLock:
    """An exclusive lock on a board's port.

    :param path: the lock file; its folder is made if it is not there.
    :param port: how the user names the port, for the message.
    :param wait_s: how long to wait for another process, in seconds.
    :param use: what another process does that has it, for the message.
    """

    def __init__(self, path: Path, *, port: str, wait_s: float = DEFAULT_WAIT_S, use: str = _USES_CHIP) -> None:
        self._path = path
        self._port = port
        self._wait_s = wait_s
        self._owner = Owner(path, use)
        self._free: Callable[[], None] | None = None
        self.was_left: bool = False

    def acquire(self) -> None:
        """Take the lock.

        :raises BoardError: if another process still holds it after the wait, or the lock file cannot be made.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _check_regular(self._path)
            with self._owner.waiting():
                free = _take(self._path, 0 if self._owner.is_this_thread else self._wait_s)
        except OSError as error:
            is_planted = error.errno in (errno.EEXIST, errno.ELOOP)
            raise BoardError(
                f"cannot be locked: {self._path}: {error.strerror or error}",
                hint="Remove it" if is_planted else "Set XDG_STATE_HOME to a folder that you can write",
                port=self._port,
                reason=Reason.NOT_WRITABLE,
            ) from error
        if free is None:
            raise self._owner.in_use(self._port)
        self._free = free
        with suppress(OSError):
            os.utime(self._path)  # it is in use, and not swept away
        self.was_left = self._owner.was_left
        self._owner.sign()

    def release(self, *, done: bool = True) -> None:
        """Give the lock back. Does nothing if it is not held.

        :param done: False if the board was left in the middle of an exchange, for the next one to know.
        """
        if self._free is not None:
            if done:
                self._owner.erase()
            self._owner.give_up()
            self._free()
        self._free = None


if sys.platform == "win32":

    def _take(path: Path, wait_s: float) -> Callable[[], None] | None:
        """As below."""
        from filelock import FileLock, Timeout

        lock = FileLock(path, timeout=wait_s, mode=0o600)
        try:
            lock.acquire()
        except Timeout:
            return None
        return lock.release

else:

    def _take(path: Path, wait_s: float) -> Callable[[], None] | None:
        """Lock a file, which is made if it is not there.

        By ``flock``, as filelock does it on POSIX, but without the time that filelock takes to load.

        :param wait_s: how long to wait for another process, in seconds.
        :returns: what gives the lock back; None if another process still holds it.
        :raises OSError: if the file cannot be opened, or its file system has no locks.
        """
        deadline = time.monotonic() + wait_s
        while (descriptor := _try(path)) is None:
            if time.monotonic() >= deadline:
                return None
            time.sleep(_POLL_S)
        _locked.add(descriptor)
        return lambda: _unlock(descriptor)

    _locked: set[int] = set()
    """Descriptors of the files that this process has locked."""

    def _unlock(descriptor: int) -> None:
        """Give a lock back that this process has."""
        if descriptor in _locked:
            _locked.discard(descriptor)
            flock(descriptor, LOCK_UN)  # which a process that is being forked just now has, too
            os.close(descriptor)

    def _leave_to_parent() -> None:
        """Close what a forked process has of the locks of its parent: they are the parent's, and end with it."""
        while _locked:
            os.close(_locked.pop())
        _held.clear()

    os.register_at_fork(after_in_child=_leave_to_parent)

    def _try(path: Path) -> int | None:
        """The descriptor of the file, locked; None if that cannot be now.

        :raises OSError: if it can never be.
        """
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _FLAGS, 0o600)
        try:
            flock(descriptor, LOCK_EX | LOCK_NB)
            if os.path.samestat(path.stat(), os.fstat(descriptor)):  # and has not been swept away meanwhile
                return descriptor
        except (BlockingIOError, FileNotFoundError):
            pass
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        return None


def _check_regular(path: Path) -> None:
    """Refuse what is there and no regular file.

    :raises OSError: if it is so.
    """
    if os.path.lexists(path) and not stat.S_ISREG(os.lstat(path).st_mode):
        raise OSError(errno.EEXIST, "it already exists and is not a regular file")


def lock_path_for_port(device: str) -> Path:
    """Where the lock of a serial device or URL lies: in the user's state folder, under a name made from it.

    Without a home, or one that can be written, it is a folder of the user's own beside others' temporary files.

    :raises BoardError: if what lies there is not the user's own.
    """
    digest = hashlib.sha256(os.fsencode(device)).hexdigest()[:16]
    try:
        if (state := state_folder()) is None:
            raise FileNotFoundError("a home")
        folder = state / "locks"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not os.access(folder, os.W_OK):
            raise PermissionError(folder)
    except OSError:  # a home that cannot be written, as in many a container
        folder = _own_temporary_folder(device)
    return folder / f"optiga-{digest}.lock"


def _own_temporary_folder(device: str) -> Path:
    """A folder of this user's in the shared temporary one, mode 0700, in which nothing old is left.

    :raises BoardError: if somebody else has made it, or it is a link.
    """
    import tempfile

    mine = os.geteuid() if hasattr(os, "geteuid") else None
    folder = Path(tempfile.gettempdir(), f"optiga-locks-{mine if mine is not None else 'user'}")
    try:
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or (mine is not None and status.st_uid != mine):
            raise BoardError(
                f"cannot be locked: {folder} is not your own folder",
                hint="Set XDG_STATE_HOME to a folder that you can write",
                port=device,
                reason=Reason.UNSAFE,
            )
        if mine is not None and status.st_mode & 0o077:
            folder.chmod(0o700)
        _sweep(folder)
    except OSError as error:
        raise BoardError(
            f"cannot be locked: {folder}: {error.strerror or error}",
            hint="Set XDG_STATE_HOME to a folder that you can write",
            port=device,
            reason=Reason.NOT_WRITABLE,
        ) from error
    return folder


def _sweep(folder: Path) -> None:
    """Take lock files away that nobody holds and nobody has used for a day."""
    for path in folder.glob("optiga-*.lock"):
        with suppress(OSError):
            if time.time() - path.lstat().st_mtime > _OLD_S and (free := _take(path, 0)) is not None:
                path.unlink()
                Owner(path).erase()
                free()
