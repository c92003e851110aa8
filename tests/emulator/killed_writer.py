"""Children that write to an emulated chip until they are killed. Run by ``test_killed.py``.

Each line of standard input, ``write PATH`` or ``create PATH``, forks a child; standard output tells its ``pid``, each
answer (``ack``) and, once it is gone, ``gone``.
"""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path

from emulated import COUNT, ERASE, Probe

from optiga.emulator import SqliteStore
from optiga.emulator.models import TRUST_M_V3
from optiga.emulator.store import create_chip
from optiga.protocol.metadata import Tag


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


def main() -> None:
    Probe().chip.close()  # loads what a new chip takes, so that children need not
    for line in sys.stdin:
        action, name = line.rstrip("\n").split(" ", 1)
        child = os.fork()
        if child == 0:
            tell("pid", os.getpid())
            if action == "create":
                create_chip(Path(name), TRUST_M_V3)
            else:
                write(Path(name))
            os._exit(0)
        os.waitpid(child, 0)
        tell("gone")


if __name__ == "__main__":
    main()
