"""A copy of Infineon's host library that uses an emulated board, and what it makes of it.

On Linux the library runs its scheduler in the handler of a signal, each millisecond, while the caller's thread fills
the queue that the scheduler reads (``pal_os_event.c``, ``optiga_cmd_queue_update_slot``). One run of some thousand
commands in about thirty meets that race: a command is sent twice, the second time without its data, or an answer
belongs to another command, on any chip. So a run that is not as it should be is made anew, on a fresh chip: what the
chip does wrong shows in each of them.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from optiga.emulator import Board, EmulatedChip
from tests.support.patience import LIMIT_S
from tests.support.places import ROOT
from tests.support.served_boards import board_on_pty

MAX_PORT_NAME = 14
"""Longest name of a port that the library has room for."""

_RUNS = 3


def run_library(
    folder: Path,
    driver: Path,
    *arguments: str,
    is_sound: Callable[[dict[str, Any]], bool],
    interface: str = "uart",
) -> dict[str, Any]:
    """What a driver of the library got of a fresh board: by operation, its value or its error; run anew if unsound.

    :param interface: of the library: ``uart``, ``i2c`` or ``libusb``.
    """
    for run in range(1, _RUNS + 1):
        room = folder / f"run{run}"
        room.mkdir()
        run_once = _run_once if interface == "uart" else partial(_run_on_bus, interface)
        results = run_once(room, driver, *arguments)
        if is_sound(results):
            break
    return results


def _run_once(folder: Path, driver: Path, *arguments: str) -> dict[str, Any]:
    with board_on_pty(Board(EmulatedChip().execute)) as port:
        copy_library(folder, port)
        ran = subprocess.run(
            [sys.executable, str(driver), str(folder / "results.json"), *arguments],
            env={"PYTHONPATH": f"{folder}:{ROOT}", "PATH": "", "HOME": str(folder)},
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    results: dict[str, Any] = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return results


def _run_on_bus(interface: str, folder: Path, driver: Path, *arguments: str) -> dict[str, Any]:
    """The same on a bus that the library is shown; it has no setting for it."""
    kind = {"i2c": "i2c", "libusb": "ft260"}[interface]
    ran = subprocess.run(
        [
            *(sys.executable, str(ROOT / "optiga.py"), "emulator", "run", "--chip", "chip", "-q", "--as", kind, "--"),
            *(sys.executable, str(driver), str(folder / "results.json"), *arguments),
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OPTIGATRUST_INTERFACE": interface},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    results: dict[str, Any] = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return results


def copy_library(folder: Path, port: str) -> None:
    """Copy the installed package, unchanged, into a folder; its one setting is a file among its own: the port."""
    found = importlib.util.find_spec("optigatrust")
    assert found is not None
    assert found.submodule_search_locations is not None
    assert len(port) <= MAX_PORT_NAME
    copy = folder / "optigatrust"
    shutil.copytree(found.submodule_search_locations[0], copy)
    (copy / "lib" / "optiga_comms.ini").write_text(port)
