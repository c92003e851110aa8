"""A process that is killed at any of its events leaves every object whole, and every answer it gave is true."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from optiga.emulator import SqliteStore
from optiga.emulator.models import TRUST_M_V3
from optiga.emulator.store import create_chip
from optiga.protocol.algorithms import CURVES
from optiga.protocol.metadata import Tag
from tests.support.emulator.emulated import Probe
from tests.support.emulator.killed_writer import TURNS
from tests.support.events import HAS_CALLS, Action, Job, Outcome, Runner, choose

_MODULE = "tests.support.emulator.killed_writer"
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="SIGKILL and fork are POSIX's")


@pytest.fixture
def chip(tmp_path: Path) -> Path:
    """A chip whose counter stands at zero, and may count far."""
    path = tmp_path / "my.chip"
    create_chip(path, TRUST_M_V3)
    probe = Probe(SqliteStore(path))
    probe.write(0xE120, bytes.fromhex("000000007fffffff"))
    probe.chip.close()
    return path


def writing(chip: Path, *, inside: bool) -> Callable[[], Job]:
    """Jobs that write to a chip, each with other values."""
    numbers = count()

    def make() -> Job:
        words = (chip, next(numbers))
        return Job(chip.parent, words, f"{_MODULE}:write", load=f"{_MODULE}:load", inside=inside)

    return make


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


def check_kills(chip: Path, outcomes: Iterator[Outcome], counted: int = 0) -> int:
    """What must hold after each of several kills.

    :param counted: what the counter stands at before them.
    :returns: how many of them have left a journal.
    """
    in_the_middle = 0
    for outcome in outcomes:
        assert outcome.struck
        in_the_middle += chip.with_name("my.chip-journal").exists()
        probe = Probe(SqliteStore(chip, wait_s=0))
        with closing(probe.chip):
            check_whole(probe)
            least, counted = counted + outcome.out.count("counted"), int.from_bytes(probe.read(0xE120)[:4], "big")
        assert least <= counted <= least + 1, f"an answer to a count that is lost, or one counted twice: {outcome}"
    return in_the_middle


@pytest.mark.long
def test_killed_at_each_kind_of_event(chip: Path, runner: Runner) -> None:
    make = writing(chip, inside=HAS_CALLS)
    chosen = choose(runner.record(make()))
    strikes = (runner.strike(make(), event.number, Action.KILL) for event in chosen)
    assert check_kills(chip, strikes, TURNS)


@pytest.mark.long
def test_killed_while_writing(chip: Path, runner: Runner) -> None:
    outcomes = runner.sweep(writing(chip, inside=HAS_CALLS), Action.KILL)
    assert check_kills(chip, outcomes), "no kill has struck an open chip"


@pytest.mark.long
def test_killed_while_a_chip_is_made(runner: Runner, tmp_path: Path) -> None:
    """The chip is there whole or not at all, and from one event on."""
    numbers, there = count(), []

    def make() -> Job:
        path = tmp_path / f"{next(numbers)}.chip"
        return Job(tmp_path, (path,), f"{_MODULE}:create", load=f"{_MODULE}:load", inside=HAS_CALLS)

    for outcome in runner.sweep(make, Action.KILL):
        assert outcome.struck
        path = tmp_path / str(outcome.job.arguments[0])
        there.append(path.exists())
        if not there[-1]:
            create_chip(path, TRUST_M_V3)
        probe = Probe(SqliteStore(path, wait_s=0))
        with closing(probe.chip):
            assert probe.sign(0xE0F0, bytes(32))
    assert there == sorted(there)
    assert set(there) == {False, True}
