"""An OPTIGA Trust chip in software, its store and its board.

Entry point: :meth:`EmulatedChip.execute`, which takes a command APDU and returns the response APDU. Other modules: chip
files (:mod:`optiga.emulator.store`), the identity of new chips (:mod:`optiga.emulator.identity`), and servers that
offer a board as a serial device or at a TCP port (:mod:`optiga.emulator.server`). Names are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optiga.emulator.board.i2c_slave import I2cSlave
    from optiga.emulator.board.uart import Board
    from optiga.emulator.chip import EmulatedChip
    from optiga.emulator.file_names import default_chip_path
    from optiga.emulator.models import DEFAULT_MODEL, ChipModel, find_model
    from optiga.emulator.store import MemoryStore, SqliteStore

__all__ = [
    "DEFAULT_MODEL",
    "Board",
    "ChipModel",
    "EmulatedChip",
    "I2cSlave",
    "MemoryStore",
    "SqliteStore",
    "default_chip_path",
    "find_model",
]

_HOMES = {
    "Board": "board.uart",
    "I2cSlave": "board.i2c_slave",
    "EmulatedChip": "chip",
    "DEFAULT_MODEL": "models",
    "ChipModel": "models",
    "find_model": "models",
    "MemoryStore": "store",
    "SqliteStore": "store",
    "default_chip_path": "file_names",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """What programs are meant to use."""
    return sorted(__all__)
