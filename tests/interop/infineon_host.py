"""A copy of Infineon's host library that uses an emulated board."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

MAX_PORT_NAME = 14
"""Longest name of a port that the library has room for."""


def copy_library(folder: Path, port: str) -> None:
    """Copy the installed package, unchanged, into a folder; its one setting is a file among its own: the port."""
    found = importlib.util.find_spec("optigatrust")
    assert found is not None
    assert found.submodule_search_locations is not None
    assert len(port) <= MAX_PORT_NAME
    copy = folder / "optigatrust"
    shutil.copytree(found.submodule_search_locations[0], copy)
    (copy / "lib" / "optiga_comms.ini").write_text(port)
