"""Where a run's events are seen: the system's calls, files, SQLite, sockets, and the way to a chip.

Installed in a process that ends with its run, after all that the run needs has been loaded; nothing is ever taken back.
"""

from __future__ import annotations

import builtins
import http.client
import io
import os
import pathlib
import socket
import sqlite3
import sys
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, cast
from urllib.parse import unquote, urlsplit

import optiga.transport.emulated
import optiga.transport.serial_line
from optiga.protocol.codes import CLEAR_LAST_ERROR, CommandCode
from optiga.protocol.request import Request
from tests.support.event_watch import Names, Need, Watch

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CALLS: tuple[tuple[str, str, Need, int], ...] = (
    *((name, "write", Need.ROOM, 1) for name in ("write", "pwrite", "writev", "pwritev", "sendfile")),
    *((name, "fsync", Need.ROOM, 1) for name in ("fsync", "fdatasync")),
    *((name, "truncate", Need.DISK, 1) for name in ("truncate", "ftruncate")),
    *((name, "chmod", Need.DISK, 1) for name in ("chmod", "fchmod", "lchmod")),
    *((name, "chown", Need.DISK, 1) for name in ("chown", "fchown", "lchown")),
    *((name, name, Need.DISK, 2) for name in ("rename", "replace")),
    *((name, name, Need.ROOM, 2) for name in ("link", "symlink")),
    ("mkdir", "mkdir", Need.ROOM, 1),
    ("rmdir", "rmdir", Need.DISK, 1),
    ("unlink", "unlink", Need.DISK, 1),
    ("remove", "unlink", Need.DISK, 1),
    ("utime", "utime", Need.DISK, 1),
)
"""Functions of :mod:`os`: the kind of event, what it needs, and how many paths it takes. On some network file systems
it is the synchronizing that finds no room."""
_AUDITED = {"os.rename": "rename", "os.remove": "unlink", "os.mkdir": "mkdir", "os.rmdir": "rmdir", "os.link": "link"}
_CHANGES = ("INSERT", "REPLACE", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "COMMIT", "END", "ROLLBACK", "VACUUM")
_KEPT = ("application_id", "user_version", "journal_mode")
"""Pragmas that change a file where a value is given."""
_FRAME = bytes.fromhex("beefdead")
_FRAME_HEAD = 6


def install(watch: Watch) -> None:
    """Have a watch see what this process does from here on."""
    names = Names(watch)
    _see_calls(watch, names)
    _see_files(watch, names)
    _see_sqlite(watch)
    _see_sockets(watch)
    _see_chips(watch)
    sys.addaudithook(partial(_see_rest, watch))


# The system


def _see_calls(watch: Watch, names: Names) -> None:
    """Put wrappers around the functions of :mod:`os`."""
    real_open = os.open

    @wraps(real_open)
    def see_open(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        def do() -> int:
            return names.keep(real_open(path, flags, mode, dir_fd=dir_fd), path)

        if not flags & _WRITING:
            return do()
        return watch.passing("open", watch.name_of(path), do, need=Need.ROOM if flags & os.O_CREAT else Need.DISK)

    def see(name: str, kind: str, need: Need, paths: int) -> Callable[..., Any]:
        real = getattr(os, name)

        @wraps(real)
        def see_call(*values: Any, **named: Any) -> Any:
            if name == "write" and values[0] <= sys.__stderr__.fileno():  # type: ignore[union-attr]
                return real(*values, **named)
            folder = named.get("dir_fd")
            place = "" if folder is None else f"{names.find(folder)}/"
            target = " -> ".join(place + str(value) if place else names.find(value) for value in values[:paths])
            return watch.passing(kind, target, partial(real, *values, **named), need=need)

        return see_call

    _put(os, "open", see_open)
    for name, kind, need, paths in _CALLS:
        if hasattr(os, name):
            _put(os, name, see(name, kind, need, paths))


def _put(module: Any, name: str, wrapper: Any) -> None:
    """Put a wrapper in the place of a function, in Python 3.10's pathlib too, which keeps those that it takes."""
    real = getattr(module, name)
    setattr(module, name, wrapper)
    accessor = getattr(pathlib, "_NormalAccessor", None)
    for kept in [kept for kept, value in vars(accessor).items() if value is real] if accessor else []:
        setattr(accessor, kept, staticmethod(wrapper))


# Files


def _see_files(watch: Watch, names: Names) -> None:
    """Have :func:`open` give files whose writing is seen as it reaches the system, not as it is asked for."""
    real_open = io.open

    class SeenFile(io.FileIO):
        def write(self, data: Any) -> int:
            do = cast("Callable[[], int]", partial(super().write, data))
            return watch.passing("write", names.find(self.name), do, need=Need.ROOM)

        def truncate(self, size: int | None = None) -> int:
            do = cast("Callable[[], int]", partial(super().truncate, size))
            return watch.passing("truncate", names.find(self.name), do, need=Need.DISK)

    @wraps(real_open)
    def see_open(
        file: Any,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
        closefd: bool = True,
        opener: Any = None,
    ) -> Any:
        if not set(mode) & set("wax+"):
            return real_open(file, mode, buffering, encoding, errors, newline, closefd, opener)
        make = partial(SeenFile, file, "".join(sorted(set(mode) - set("bt"))), closefd, opener)
        raw = make() if isinstance(file, int) else watch.passing("open", watch.name_of(file), make, need=Need.ROOM)
        if buffering == 0:
            return raw
        buffered = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        if "b" in mode:
            return buffered
        return io.TextIOWrapper(buffered, encoding, errors, newline, line_buffering=buffering == 1)

    for module in (builtins, io):
        _put(module, "open", see_open)


def _see_rest(watch: Watch, event: str, values: tuple[Any, ...]) -> None:
    """See what Python itself says it does, where no wrapper stands in between: such an event has no other side."""
    if watch.is_muted or not values or isinstance(values[0], int):  # the last of a file that is open already
        return
    if event in _AUDITED:
        paths = values[: 2 if event in ("os.rename", "os.link") else 1]
        watch.passing(_AUDITED[event], " -> ".join(map(watch.name_of, paths)), lambda: None)
    elif event == "open" and isinstance(values[2], int) and values[2] & _WRITING:
        watch.passing("open", watch.name_of(values[0]), lambda: None, need=Need.ROOM)


# SQLite


def _see_sqlite(watch: Watch) -> None:
    """Give out connections that say what they are about to change."""

    def name_of(database: Any) -> str:
        text = os.fspath(database)
        if isinstance(text, str) and text.startswith("file:"):
            text = unquote(urlsplit(text).path)
        return watch.name_of(text)

    class SeenConnection(sqlite3.Connection):
        def __init__(self, database: Any, *values: Any, **named: Any) -> None:
            self._name = name_of(database)
            self._pay(super().__init__, database, *values, **named)

        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            return cast("sqlite3.Cursor", self._see(sql, super().execute, sql, *values))

        def executemany(self, sql: str, *values: Any) -> sqlite3.Cursor:
            return cast("sqlite3.Cursor", self._see(sql, super().executemany, sql, *values))

        def executescript(self, script: str) -> sqlite3.Cursor:
            cursor, statement = self.cursor(), ""
            for part in script.split(";")[:-1]:
                statement += f"{part};"
                if sqlite3.complete_statement(statement):
                    self.execute(statement.strip())
                    statement = ""
            return cursor

        def commit(self) -> None:
            self._end("COMMIT", super().commit)

        def rollback(self) -> None:
            self._end("ROLLBACK", super().rollback)

        def close(self) -> None:
            self._pay(super().close)

        def __exit__(self, kind: Any, *rest: Any) -> Any:
            try:
                if kind is None:
                    self.commit()
                else:
                    self.rollback()
            except sqlite3.Error:
                self.rollback()
                raise
            return False

        def _end(self, statement: str, end: Callable[[], None]) -> None:
            if self.in_transaction:
                self._see(statement, end)

        def _see(self, sql: str, do: Callable[..., Any], *values: Any) -> Any:
            words = sql.partition("(")[0].rstrip(" \n;").split()[:5]
            word = words[0].upper()
            sets = word == "PRAGMA" and "=" in sql and any(name in sql for name in _KEPT)
            if not sets and word not in _CHANGES:
                return self._pay(do, *values)
            what = f"{self._name}: {' '.join(words)}"
            return watch.passing(f"sql {word}", what, lambda: self._pay(do, *values), is_whole=False)

        def _pay(self, do: Callable[..., Any], *values: Any, **named: Any) -> Any:
            try:
                return do(*values, **named)
            finally:
                watch.pay()

    real_connect = sqlite3.connect

    @wraps(real_connect)
    def connect(*values: Any, factory: type[sqlite3.Connection] = sqlite3.Connection, **named: Any) -> Any:
        seen = SeenConnection if factory is sqlite3.Connection else type("Seen", (SeenConnection, factory), {})
        return real_connect(*values, factory=seen, **named)

    for module in (sqlite3, sqlite3.dbapi2):
        _put(module, "connect", connect)


# Lines


def _see_sockets(watch: Watch) -> None:
    """See what is sent, and each answer of an HTTP server, which is read in as many pieces as it happens to come in."""

    def see(name: str) -> Callable[..., Any]:
        real = getattr(socket.socket, name)

        @wraps(real)
        def see_send(self: socket.socket, data: Any, *values: Any) -> Any:
            return watch.passing("send", _title(bytes(data)), partial(real, self, data, *values))

        return see_send

    for name in ("send", "sendall"):
        _put(socket.socket, name, see(name))
    request: Any = http.client.HTTPConnection.putrequest
    answer: Any = http.client.HTTPConnection.getresponse

    @wraps(request)
    def see_request(self: Any, method: str, url: str, *values: Any, **named: Any) -> None:
        self.seen_title = f"{method} {urlsplit(url).path}"
        request(self, method, url, *values, **named)

    @wraps(answer)
    def see_answer(self: Any) -> Any:
        return watch.passing("answer", self.seen_title, partial(answer, self))

    _put(http.client.HTTPConnection, "putrequest", see_request)
    _put(http.client.HTTPConnection, "getresponse", see_answer)


def _title(data: bytes) -> str:
    """What bytes that are sent are, as far as it is the same in each run."""
    if data.startswith(_FRAME):
        return _command(data[_FRAME_HEAD:])
    words = data[:200].split(b" ", 2)
    if len(words) == 3 and words[0].isupper() and words[1].startswith(b"/"):
        return f"{words[0].decode()} {words[1].decode('utf-8', 'replace').partition('?')[0]}"
    return "more"


def _command(apdu: bytes) -> str:
    """The name of a command to a chip."""
    try:
        return CommandCode(apdu[0] & ~CLEAR_LAST_ERROR).title
    except (ValueError, IndexError):
        return "bytes"


def _see_chips(watch: Watch) -> None:
    """The two ways to a chip: an emulated one in this process, and a line to a board."""
    emulated, line = optiga.transport.emulated.EmulatedTransport, optiga.transport.serial_line.SerialLine
    exchange, write = emulated.exchange, line.write

    @wraps(exchange)
    def see_exchange(self: Any, request: Request) -> bytes:
        what = f"exchange {_command(request.apdu)}"
        return watch.passing(what, "", lambda: exchange(self, request), is_whole=False)

    @wraps(write)
    def see_write(self: Any, data: bytes) -> None:
        watch.passing("write port", _title(data), lambda: write(self, data))

    emulated.exchange, line.write = see_exchange, see_write  # type: ignore[method-assign]
