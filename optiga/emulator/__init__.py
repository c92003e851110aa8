"""The other end of the wire: an OPTIGA Trust chip in software, its store, and the board it sits on.

One door to a chip: :meth:`EmulatedChip.execute`, an APDU in, an APDU out. Around it: files that chips live in
(:mod:`optiga.emulator.store`), the identity they are made with (:mod:`optiga.emulator.identity`), and servers that put
a board behind a serial device or a TCP port (:mod:`optiga.emulator.server`).
"""

from optiga.emulator.board import Board
from optiga.emulator.chip import EmulatedChip
from optiga.emulator.models import DEFAULT_MODEL, ChipModel, find_model
from optiga.emulator.store import MemoryStore, SqliteStore, default_chip_path

__all__ = [
    "DEFAULT_MODEL",
    "Board",
    "ChipModel",
    "EmulatedChip",
    "MemoryStore",
    "SqliteStore",
    "default_chip_path",
    "find_model",
]
