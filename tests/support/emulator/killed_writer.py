"""Children that write to an emulated chip, or make one, until they are killed. Run by ``test_killed.py``.

Each line of standard input, ``write 0 PATH`` or ``create CALLS PATH``, forks a child; standard output tells its
``pid``, each answer (``ack``), that a chip is ``made`` and, once the child is gone, ``gone``.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from optiga.emulator import SqliteStore
from optiga.emulator.models import TRUST_M_V3
from optiga.emulator.store import create_chip
from optiga.protocol.metadata import Tag
from tests.support.emulator.emulated import COUNT, ERASE, Probe


def tell(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def write(path: Path) -> None:
    """Change one object of each kind, again and again."""
    probe = Probe(SqliteStore(path))
    for turn in itertools.count():
        probe.write(0xE120, b"\x01", how=COUNT)
        tell("ack")
        probe.write(0xF1E0, bytes([turn % 256]) * (1500 - turn % 700), how=ERASE)
        probe.generate((0x03, 0x05)[turn % 2], 0xE0F1, (0x10, 0x11)[turn % 2])
        probe.set_tags(
            0xF1D0, {Tag.VERSION: bytes([turn % 128, turn % 256]), Tag.TYPE: (b"\x00", b"\x21")[turn % 256 % 2]}
        )


def create(path: Path, calls: int) -> None:
    """Make a chip; be killed instead of a call to the system or to SQLite, after so many that went well."""
    left = itertools.count(calls, -1)

    def count(frame: FrameType, event: str, function: Any) -> None:
        home = event == "c_call" and (function.__module__ or type(function.__self__).__module__)
        if home in ("posix", "sqlite3", "_sqlite3") and next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)
    create_chip(path, TRUST_M_V3)
    sys.setprofile(None)
    tell("made")


def main() -> None:
    Probe().chip.close()  # loads what a new chip takes, so that children need not
    for line in sys.stdin:
        action, calls, name = line.rstrip("\n").split(" ", 2)
        child = os.fork()
        if child == 0:
            tell("pid", os.getpid())
            if action == "create":
                create(Path(name), int(calls))
            else:
                write(Path(name))
            os._exit(0)
        os.waitpid(child, 0)
        tell("gone")


if __name__ == "__main__":
    main()
