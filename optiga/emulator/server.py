"""An emulated board behind a serial device or a TCP port, for any host software.

Like a UART, a served board has one line: one client at a time. What the board has received stays when a client leaves.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from optiga.emulator.board.uart import Board
from optiga.errors import BoardError, ConfigurationError, Reason, naming
from optiga.files.files import cause_of, reason_of
from optiga.files.interruptions import handled

Announce = Callable[[str], None]

_TERMINALS = ("/dev/pts/", "/dev/ttys", "/dev/pty")
"""How the names of pseudo terminals begin, on Linux and on macOS and BSD."""
_CHUNK = 4096
_IS_WINDOWS = sys.platform == "win32"


class Stop:
    """Ends a server from another thread or a signal handler."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)

    def __call__(self) -> None:
        """Ask the server to end."""
        with suppress(OSError):
            self._writer.send(b"\0")

    def fileno(self) -> int:
        """For ``select``: readable once the server shall end."""
        return self._reader.fileno()

    @contextmanager
    def pulled_by_signals(self) -> Iterator[None]:
        """Pull it as soon as a signal comes, before its handler runs, as long as the context lasts.

        A ``select`` of Windows waits on while a handler wants to run. In the main thread only.
        """
        before = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)

    def close(self) -> None:
        """Give the sockets back."""
        self._reader.close()
        self._writer.close()


@contextmanager
def stop_on_signals() -> Iterator[Stop]:
    """A stop that Ctrl-C and a request to terminate pull, as long as the context lasts. In the main thread only."""
    stop = Stop()
    numbers = [signal.SIGINT, signal.SIGTERM]
    if sys.platform != "win32":
        numbers.append(signal.SIGHUP)
    try:
        with handled(numbers, lambda *_: stop()), stop.pulled_by_signals() if _IS_WINDOWS else nullcontext():
            yield stop
    finally:
        stop.close()


def is_loopback(host: str) -> bool:
    """Whether only this computer reaches what is served on a host; True, too, for a name that nobody knows."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        return True
    addresses = [ipaddress.ip_address(str(address[0]).partition("%")[0]) for *_, address in found]
    return all((getattr(address, "ipv4_mapped", None) or address).is_loopback for address in addresses)


def serve_tcp(board: Board, host: str, port: int, *, announce: Announce, stop: Stop) -> None:
    """Serve a board on a TCP port until it is stopped.

    :param port: 0 for any that is free.
    :param announce: is told ``socket://HOST:PORT`` once clients may come; where that is every address of this computer,
        the loopback address.
    :raises BoardError: if the address cannot be had.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, _, _, address = found[0]
        listener = socket.socket(family, kind)
    except (OSError, UnicodeError) as error:  # the latter for a name that no host can have
        raise no_address(host, port, error) from error
    with listener:
        try:
            if os.name == "posix":  # elsewhere the option would let two servers have one port
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen()
        except OSError as error:
            raise no_address(host, port, error) from error
        name = _reachable(host, str(listener.getsockname()[0]))
        announce(f"socket://{f'[{name}]' if ':' in name else name}:{listener.getsockname()[1]}")
        while _wait(listener, stop):
            try:
                client, _ = listener.accept()
            except ConnectionAbortedError:  # it has left again already
                continue
            with client, suppress(OSError):
                client.setblocking(False)
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                _serve_client(board, client, stop)


def _reachable(host: str, bound: str) -> str:
    """A host to connect to: the one that was named, unless that is every address of this computer.

    :param bound: the address that the server has.
    """
    address = ipaddress.ip_address(bound.partition("%")[0])
    return ("127.0.0.1" if address.version == 4 else "::1") if address.is_unspecified else host


def _serve_client(board: Board, client: socket.socket, stop: Stop) -> None:
    """Serve one client until it leaves or the server is stopped."""
    while _wait(client, stop):
        data = client.recv(_CHUNK)
        if not data:
            return
        _send_all(client, client.send, board.feed(data), stop)


def _wait(source: socket.socket | int, stop: Stop) -> bool:
    """Wait until something can be read from a source; False if the server shall end."""
    ready, _, _ = select.select([source, stop], [], [])
    return stop not in ready


def serve_pty(board: Board, link: Path | None = None, *, announce: Announce, stop: Stop) -> None:
    """Serve a board as a serial device until it is stopped. POSIX only.

    :param link: a symbolic link to the device is made there, and taken away at the end.
    :param announce: is told the device's name, or the link's, once clients may come.
    :raises BoardError: if the link cannot be made.
    :raises ConfigurationError: if the system has no pseudo terminals.
    """
    if sys.platform == "win32":
        raise ConfigurationError(
            "Windows has no pseudo terminals",
            hint=naming("Serve on TCP: {tcp=127.0.0.1:0}"),
            reason=Reason.UNSUPPORTED,
            parameter="pty",
        )
    import pty
    import tty

    controller, device = pty.openpty()
    try:
        tty.setraw(device)
        os.set_blocking(controller, False)
        name = os.ttyname(device)
        if link is not None:
            _make_link(link, name)
        try:
            announce(str(link) if link is not None else name)
            # Our own end of the device stays open, so that clients may come and go.
            while _wait(controller, stop):
                answer = board.feed(os.read(controller, _CHUNK))
                _send_all(controller, lambda data: os.write(controller, data), answer, stop)
        finally:
            if link is not None:
                _remove_link(link, name)
    finally:
        os.close(controller)
        os.close(device)


def _send_all(target: socket.socket | int, send: Callable[[bytes], int], data: bytes, stop: Stop) -> None:
    """Send all of an answer, unless the server is stopped while nobody takes it.

    :param target: what must be writable; not blocking.
    :param send: sends some bytes to it and tells how many.
    """
    while data:
        ready, writable, _ = select.select([stop], [target], [])
        if ready:
            return
        if writable:
            data = data[send(data) :]


def _make_link(link: Path, name: str) -> None:
    """Make a symbolic link; one that a killed server has left is replaced, anything else is left alone."""
    if os.path.lexists(link) and not _is_left(link, name):
        what = f"leads to {os.readlink(link)}" if link.is_symlink() else "is not a symbolic link"  # noqa: PTH115
        raise BoardError(
            f"already exists and {what}",
            hint="Name another, or delete this one if you do not need it",
            port=str(link),
            reason=Reason.EXISTS,
        )
    temporary = link.with_name(f".{link.name}.{os.getpid()}")
    try:
        temporary.symlink_to(name)
        temporary.replace(link)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise BoardError(
            f"the link cannot be made: {cause_of(error)}", port=str(link), reason=reason_of(error, Reason.NOT_WRITABLE)
        ) from error


def _is_left(link: Path, name: str) -> bool:
    """Whether a link is one that a server has left that was killed: to a pseudo terminal that is gone, or ours now."""
    try:
        target = os.readlink(link)  # noqa: PTH115 - the text of the link, not where it leads
    except OSError:
        return False
    return target == name or (target.startswith(_TERMINALS) and not link.exists())


def _remove_link(link: Path, name: str) -> None:
    """Take our link away, unless somebody has put another in its place."""
    with suppress(OSError):
        if os.readlink(link) == name:  # noqa: PTH115 - the text of the link, not where it leads
            link.unlink()


def no_address(host: str, port: int, error: OSError | UnicodeError) -> BoardError:
    """The error of an address at which nothing can be served."""
    said: str | None = "not a valid host name"
    reason, hint = Reason.NOT_FOUND, "Use an address of this computer, for example 127.0.0.1"
    if isinstance(error, OSError):
        said = error.strerror
        if error.errno == errno.EADDRINUSE:
            reason, hint = Reason.BUSY, "Use port 0 for any free port"
        elif error.errno in (errno.EACCES, errno.EPERM):
            reason, hint = Reason.DENIED, "Use a port from 1024 on, or port 0 for any free port"
    return BoardError(f"cannot serve there: {said or error}", hint=hint, port=f"{host}:{port}", reason=reason)
