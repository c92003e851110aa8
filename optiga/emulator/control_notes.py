"""Which served chip is controlled where: the note that a server leaves for whoever knows the chip's port or its file.

A note is a file in the user's own folder, written when the chip is served and removed when that ends. The note of a
server that was killed leads to a control where nobody answers.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from optiga.errors import OptigaError
from optiga.files.files import write_whole
from optiga.files.owners import check_status
from optiga.files.user_folders import state_folder

_FOLDER = "controls"
_CHIP = "emulator:"
_MOST_BYTES = 1 << 16
_THIS_COMPUTER = ("localhost", "127.0.0.1", "::1", "0.0.0.0", "::")  # noqa: S104 - nothing is bound to it here
"""Hosts that lead here; a chip on another computer with the same port is another."""


@contextmanager
def noting(control: str, *ports: str) -> Iterator[None]:
    """Have a control be found by the ports of its chip, as long as this lasts; where no note can be left, it is not.

    :param control: its address; a path must be absolute.
    :param ports: as people write them: the port that is served, the chip's file.
    """
    note = _place(control)
    if note is not None:
        content = json.dumps({"control": control, "ports": sorted(set(map(_key, ports)))}).encode()
        try:
            note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _forget_the_dead(note.parent)
            write_whole(note, content, mode=0o600)
        except (OSError, OptigaError):
            note = None
    try:
        yield
    finally:
        if note is not None:
            with suppress(OSError):
                note.unlink()


def find_control(port: str) -> str | None:
    """Where the chip at a port is controlled, as the newest note says; None if there is none.

    :param port: the port that is served, a device, or the chip's file.
    """
    folder, wanted = _folder(), _key(port)
    try:
        notes = sorted(folder.iterdir(), key=_age, reverse=True) if folder else []
    except OSError:
        return None
    return next((control for note in notes for control, ports in _read(note) if wanted in ports), None)


def _read(note: Path) -> Iterator[tuple[str, list[str]]]:
    """The control and the ports in a note; nothing of one that is damaged, gone meanwhile, or could be another user's,
    whose control would answer in place of the chip's.
    """
    try:
        check_status(str(note), "the note", note.lstat(), shared=False, hint="", is_companion=False)
        with note.open("rb") as file:
            said = json.loads(file.read(_MOST_BYTES))
        control, ports = said["control"], said["ports"]
    except (OSError, OptigaError, ValueError, RecursionError, LookupError, TypeError):
        return
    if isinstance(control, str) and isinstance(ports, list):
        yield control, ports


def _forget_the_dead(folder: Path) -> None:
    """Remove the notes of servers that were killed and whose sockets are gone."""
    for note in folder.iterdir():
        for control, _ in _read(note):
            if Path(control).is_absolute() and not os.path.lexists(control):
                note.unlink(missing_ok=True)


def _age(note: Path) -> int:
    with suppress(OSError):
        return note.stat().st_mtime_ns
    return 0


def _key(port: str) -> str:
    """A port, whichever way it is written: one of TCP by its host and number, a device and a file by where they are."""
    if "://" in port:
        with suppress(ValueError):
            parts = urlsplit(port)
            host = parts.hostname or ""
            return f"tcp:{'' if host in _THIS_COMPUTER else host}:{parts.port}"
    return os.path.realpath(Path(port.removeprefix(_CHIP).partition("?")[0]).expanduser())


def _folder() -> Path | None:
    state = state_folder()
    return None if state is None else state / _FOLDER


def _place(control: str) -> Path | None:
    folder = _folder()
    return None if folder is None else folder / f"{hashlib.sha256(control.encode()).hexdigest()[:32]}.json"
