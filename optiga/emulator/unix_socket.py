"""Unix sockets in the file system, accessible only by their owner."""

from __future__ import annotations

import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from optiga.errors import BoardError, ConfigurationError, Reason
from optiga.files.files import cause_of, reason_of


@contextmanager
def listening(path: Path, kind: str) -> Iterator[socket.socket]:
    """A listening socket at a path, which only its owner may use; one that nobody listens on any more is replaced.

    :param kind: of socket, by its name: not every system has each.
    :raises BoardError: if it cannot be made.
    :raises ConfigurationError: if the system has no such sockets.
    """
    try:
        listener = socket.socket(socket.AF_UNIX, getattr(socket, kind))
    except (AttributeError, OSError):
        raise ConfigurationError(
            "this system has no Unix sockets", hint="Serve on TCP instead", reason=Reason.UNSUPPORTED
        ) from None
    with listener:
        try:
            _clear(path, listener)
            listener.bind(str(path))
            made = path.lstat()
            path.chmod(0o600)
            listener.listen()
        except OSError as error:
            raise BoardError(
                f"cannot serve there: {cause_of(error)}",
                hint="Use a socket with a short path in your own folder",
                port=str(path),
                reason=reason_of(error, Reason.NOT_WRITABLE),
            ) from error
        try:
            yield listener
        finally:
            with suppress(OSError):
                if path.lstat().st_ino == made.st_ino:
                    path.unlink()


def _clear(path: Path, listener: socket.socket) -> None:
    """Take a socket away that a server has left that was killed.

    :raises BoardError: if there is a server on it, or it is no socket.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise BoardError(
            "already exists and is not a socket", hint="Name another", port=str(path), reason=Reason.EXISTS
        )
    with socket.socket(listener.family, listener.type) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except OSError:  # of another type
            pass
    raise BoardError(
        "another program already serves there", hint="Name another socket", port=str(path), reason=Reason.BUSY
    )
