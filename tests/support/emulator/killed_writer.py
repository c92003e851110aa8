"""What is done to an emulated chip in a process that is killed meanwhile. See ``test_killed.py``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from optiga.emulator import SqliteStore
from optiga.emulator.models import TRUST_M_V3
from optiga.emulator.store import create_chip
from optiga.protocol.metadata import Tag
from tests.support.emulator.emulated import COUNT, ERASE, Probe

TURNS = 2
"""So that each object changes from one state to another, and back."""


def load() -> None:
    """Have all that a chip takes loaded."""
    Probe().chip.close()


def write(arguments: Sequence[str]) -> None:
    """Change one object of each kind, and say of each count that it was answered.

    :param arguments: the chip's file, and a number that is another in each run.
    """
    path, number = arguments
    probe = Probe(SqliteStore(Path(path)))
    with closing(probe.chip):
        for turn in range(int(number), int(number) + TURNS):
            probe.write(0xE120, b"\x01", how=COUNT)
            os.write(1, b"counted\n")
            probe.write(0xF1E0, bytes([turn % 256]) * (1500 - turn % 700), how=ERASE)
            probe.generate((0x03, 0x05)[turn % 2], 0xE0F1, (0x10, 0x11)[turn % 2])
            probe.set_tags(
                0xF1D0, {Tag.VERSION: bytes([turn % 128, turn % 256]), Tag.TYPE: (b"\x00", b"\x21")[turn % 256 % 2]}
            )


def create(arguments: Sequence[str]) -> None:
    """Make a chip in a file."""
    (path,) = arguments
    create_chip(Path(path), TRUST_M_V3)
