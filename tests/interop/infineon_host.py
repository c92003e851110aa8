"""Infineon's host library on an emulated board: a board on a pseudo terminal, and a copy of the library that uses it."""

from __future__ import annotations

import importlib.util
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from optiga.emulator import Board
from optiga.emulator.server import Stop, serve_pty

MAX_PORT_NAME = 14
"""Longest name of a port that the library has room for."""


@contextmanager
def board_on_pty(execute: Callable[[bytes], bytes], board: Board | None = None) -> Iterator[str]:
    """A board served on a pseudo terminal for as long as the context lasts; gives the device's name."""
    ready = threading.Event()
    ports: list[str] = []
    stop = Stop()

    def announce(port: str) -> None:
        ports.append(port)
        ready.set()

    served = board or Board(execute)
    server = threading.Thread(target=serve_pty, args=(served,), kwargs={"announce": announce, "stop": stop})
    server.start()
    try:
        assert ready.wait(30)
        yield ports[0]
    finally:
        stop()
        server.join()
        stop.close()


def copy_library(folder: Path, port: str) -> None:
    """Copy the installed package, unchanged, into a folder; its one setting is a file among its own: the port."""
    found = importlib.util.find_spec("optigatrust")
    assert found is not None
    assert found.submodule_search_locations is not None
    assert len(port) <= MAX_PORT_NAME
    copy = folder / "optigatrust"
    shutil.copytree(found.submodule_search_locations[0], copy)
    (copy / "lib" / "optiga_comms.ini").write_text(port)
