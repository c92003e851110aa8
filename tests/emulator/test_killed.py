"""A process that is killed at any moment leaves every object whole, and every answer it gave is true."""

from __future__ import annotations

import itertools
import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from optiga.emulator import SqliteStore
from optiga.emulator.models import TRUST_M_V3
from optiga.emulator.store import create_chip
from optiga.protocol.algorithms import CURVES
from optiga.protocol.metadata import Tag
from tests.support.emulator.emulated import Probe
from tests.support.forking import Forking
from tests.support.places import ROOT

KILLS = 160
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="SIGKILL and fork are POSIX's")


class Victims(Forking):
    """Children that write, one at a time."""

    def __init__(self) -> None:
        super().__init__(ROOT / "tests" / "support" / "emulator" / "killed_writer.py")

    def kill(self, path: Path, *, after_acks: int, after_s: float) -> int:
        """Have a child write, kill it, and return how many counts it has been given an answer to."""
        self.tell(f"write 0 {path}")
        acks, pid = 0, 0
        while not pid or acks < after_acks:
            word, *rest = self.told()
            pid = int(rest[0]) if word == "pid" else pid
            acks += word == "ack"
            assert word != "gone"
        end = time.monotonic() + after_s
        while time.monotonic() < end:  # the moment is drawn at random; nothing is waited for
            pass
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        while (word := self.told()[0]) != "gone":
            acks += word == "ack"
        return acks

    def make(self, path: Path, calls: int) -> bool:
        """Have a child make a chip that is killed after some calls; whether it has come to its end before."""
        self.tell(f"create {calls} {path}")
        words = [self.told()[0]]
        while words[-1] != "gone":
            words.append(self.told()[0])
        return "made" in words


@pytest.fixture
def victims() -> Iterator[Victims]:
    victims = Victims()
    yield victims
    victims.close()


def check_whole(probe: Probe) -> None:
    """Each object is as one of the writer's commands left it, with metadata of the same command."""
    data = probe.read(0xF1E0)
    assert data == data[:1] * len(data)
    assert len(data) in (1, *range(801, 1501))
    assert int.from_bytes(probe.metadata(0xF1E0).get(Tag.USED_SIZE) or b"", "big") == len(data)
    version = probe.metadata(0xF1D0).get(Tag.VERSION)
    if version is not None:
        assert version[0] == version[1] % 128
        assert probe.metadata(0xF1D0).get(Tag.TYPE) == (b"\x00", b"\x21")[version[1] % 2]
    key = probe.metadata(0xE0F1)
    if key.algorithm is not None:
        assert len(probe.stored(0xE0F1).data) == CURVES[key.algorithm].coordinate_size
        assert key.get(Tag.KEY_USAGE) == {0x03: b"\x10", 0x05: b"\x11"}[key.algorithm]
        assert probe.sign(0xE0F1, bytes(32))


def test_killed_while_writing(victims: Victims, tmp_path: Path) -> None:
    path = tmp_path / "my.chip"
    create_chip(path, TRUST_M_V3)
    probe = Probe(SqliteStore(path))
    probe.write(0xE120, bytes.fromhex("000000007fffffff"))
    probe.chip.close()
    least, in_the_middle = 0, 0
    for _ in range(KILLS):
        least += victims.kill(path, after_acks=random.randint(1, 3), after_s=random.uniform(0, 0.01))
        in_the_middle += path.with_name("my.chip-journal").exists()
        probe = Probe(SqliteStore(path, wait_s=0))
        check_whole(probe)
        counted = int.from_bytes(probe.read(0xE120)[:4], "big")
        assert least <= counted <= least + 1, "an answer was given to a count that is lost, or one counted twice"
        least = counted
        probe.chip.close()
    assert in_the_middle, "no kill has struck an open chip"


def test_killed_while_a_chip_is_made(victims: Victims, tmp_path: Path) -> None:
    """Before each call to the system and to SQLite: the chip is there whole or not at all, and from one call on."""
    there: list[bool] = []
    for calls in itertools.count():
        path = tmp_path / f"{calls}.chip"
        if victims.make(path, calls):
            break
        there.append(path.exists())
        if not there[-1]:
            create_chip(path, TRUST_M_V3)
        probe = Probe(SqliteStore(path, wait_s=0))
        assert probe.sign(0xE0F0, bytes(32))
        probe.chip.close()
    assert there == sorted(there)
    assert set(there) == {False, True}
